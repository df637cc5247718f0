"""Who learns: one protocol for every backend, and the choice between them."""

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ..agents.network_policy import NetworkPolicy
from ..market.errors import ConfigError, QuantgymError
from .preparation import Prepared

__all__ = ["Learner", "NotFiniteError", "learner_of"]


class NotFiniteError(QuantgymError):
    """A loss or a weight became NaN or infinite."""


class Learner(Protocol):
    """An algorithm and its worlds, up inside a `with` block and down after it.

    Attributes:
        steps: Environment steps that were learned from so far.
        iteration: Iterations that were done so far.
    """

    steps: int
    iteration: int

    def __enter__(self) -> Self:
        """Bring up what learning needs; nothing global is left changed after `__exit__`."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def iterate(self) -> dict[str, float]:
        """Sample and learn for one iteration; return its finite figures by TensorBoard tag.

        Raises:
            NotFiniteError: The loss or a weight is NaN or infinite.
        """

    def policy(self) -> NetworkPolicy:
        """Return a copy of what has been learned so far, which needs neither Ray nor this object."""

    def save(self, folder: Path) -> None:
        """Write into an empty folder all that decides how learning goes on.

        Raises:
            ConfigError: The backend cannot go on exactly.
            OSError: It cannot be written.
        """

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote, before the first iteration: with one environment runner to the bit.

        Raises:
            ConfigError: The backend cannot go on exactly.
            IntegrityError: What stands there is of another job or incomplete.
        """


def learner_of(prepared: Prepared) -> Learner:
    """Return the learner of a prepared job, not yet up; what its backend needs is imported here."""
    agent = prepared.job.agent
    if agent.expert is not None and agent.algorithm != "BC":
        raise ConfigError(f"agent.expert is read by agent.algorithm BC alone, was set with {agent.algorithm}; leave it out")
    if agent.algorithm == "BC":
        from .cloning import CloningLearner

        return CloningLearner(prepared)
    if agent.backend == "sb3":
        from .sb3.learner import Sb3Learner

        return Sb3Learner(prepared)
    if agent.backend == "fast" and agent.algorithm == "DQN":
        from .fast.dqn_learner import FastDQNLearner

        return FastDQNLearner(prepared)
    if agent.backend == "fast" and agent.algorithm == "SAC":
        from .fast.sac_learner import FastSACLearner

        return FastSACLearner(prepared)
    if agent.backend == "fast" and agent.algorithm == "PPO":
        from .fast.ppo_learner import FastPPOLearner

        return FastPPOLearner(prepared)
    if agent.backend != "stock" or agent.algorithm not in ("PPO", "DQN", "SAC"):
        raise ConfigError(f"agent: {agent.algorithm} with backend {agent.backend} and body {agent.body} is not built yet")
    if prepared.job.training.start_from is not None:
        raise ConfigError("training.start_from is not for agent.backend stock, which builds its own networks; use fast or sb3")
    from .stock.learner import StockLearner

    return StockLearner(prepared)
