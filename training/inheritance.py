"""Going on from the checkpoint of another job on purpose: which settings may differ from it, and who can do so."""

from pathlib import Path
from typing import Protocol

from ..configs.job import Job
from ..market.errors import ConfigError
from .learner import Learner

__all__ = ["LIVE", "Heir", "check_heir"]

LIVE: dict[str, tuple[str, ...]] = {
    "PPO": ("lr", "clip", "entropy_coefficient", "gamma", "gae_lambda", "value_coefficient", "kl_target", "grad_clip", "epochs",
            "minibatch"),
    "BC": ("lr", "grad_clip", "epochs", "minibatch"),
}  # fmt: skip
"""Keys of the training section, by algorithm, that decide how the next rollout is learned from and nothing that a checkpoint holds.

A checkpoint holds weights, moments of the optimiser, random states, environments and counters: sizes of network, batch of
environments and rollout, the world, its stages and the scale of rewards (which the critic has learned) are in it.
"""


class Heir(Learner, Protocol):
    """A learner whose checkpoint is whole in its folder, and that can go on from one of another job."""

    def take_over(self, folder: Path, job: Job) -> None:
        """Go on from what a learner of `job` saved, with the settings of its own job, before the first iteration.

        Weights, optimiser, random states, environments and counters are those of the other one, to the bit.

        Args:
            folder: What `save` wrote.
            job: Whose checkpoint it is.

        Raises:
            ConfigError: The jobs differ in more than `LIVE`.
            IntegrityError: What stands there is incomplete, or of neither job.
        """


def check_heir(job: Job, source: Job) -> None:
    """Raise ConfigError where `job` differs from `source` in a setting that a checkpoint does not survive."""
    mine, theirs = job.plain(), source.plain()
    live = LIVE.get(job.agent.algorithm, ())
    differ = [name for name in mine if name != "training" and mine[name] != theirs[name]]
    differ += [f"training.{key}" for key, value in mine["training"].items() if key not in live and value != theirs["training"][key]]
    if differ:
        may = ", ".join(f"training.{key}" for key in live) or "none"
        raise ConfigError(f"a checkpoint cannot be taken over by a job with another {', '.join(differ)}; what may differ: {may}")
    if (job.training.kl_target is None) != (source.training.kl_target is None):
        raise ConfigError(
            "a checkpoint cannot be taken over by a job that adds or drops training.kl_target, the coefficient of whose penalty is "
            "in it"
        )
