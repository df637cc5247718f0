"""What a job keeps in memory, checked against what is free before anything is allocated."""

from ..encoders.form import REFERENCE_SIZE
from ..market.errors import ConfigError
from .preparation import Prepared
from .replay.memory import available_bytes, readable
from .replay.ring import RingShape

__all__ = ["check_memory", "replay_shape", "rollout_bytes"]

FLOAT_BYTES = 4


def check_memory(prepared: Prepared, available: int | None = None) -> None:
    """Raise where the replay (DQN, SAC) or the rollout (PPO, BC) of a job does not fit, whatever its backend.

    Args:
        prepared: The job.
        available: Bytes of free memory; None: what the machine says.

    Raises:
        ConfigError: It does not fit; says how much there is, and the setting that fits.
    """
    job, free = prepared.job, available_bytes() if available is None else available
    training = job.training
    if job.agent.algorithm in ("DQN", "SAC"):
        refers = job.agent.backend == "fast" and prepared.tape is not None and training.observation == "flat"
        replay_shape(prepared).check(free, or_reference=refers)
        return
    need, steps = rollout_bytes(prepared), training.num_envs * training.rollout_bars
    if need > free:
        raise ConfigError(
            f"no memory for an iteration: training.num_envs x rollout_bars = {training.num_envs:,} x {training.rollout_bars:,} = "
            f"{steps:,} observations of {_width(prepared):,} numbers need {readable(need)}, {readable(free)} are available; "
            f"set one of the two so that there are {steps * free // need:,} or fewer"
        )


def rollout_bytes(prepared: Prepared) -> int:
    """Return the bytes of the observations of one iteration."""
    training = prepared.job.training
    return training.num_envs * training.rollout_bars * _width(prepared) * FLOAT_BYTES


def replay_shape(prepared: Prepared) -> RingShape:
    """Return how much the replay of a job holds of what."""
    training = prepared.job.training
    size = prepared.network.n_out if prepared.network.continuous else 0
    return RingShape(capacity=training.replay_capacity, n_envs=training.num_envs, width=_width(prepared), action_size=size)


def _width(prepared: Prepared) -> int:
    """Return how many numbers an observation is kept in."""
    layout = prepared.layout
    return REFERENCE_SIZE + layout.n_private if prepared.job.training.observation == "reference" else layout.size
