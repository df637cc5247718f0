"""What of a job our PPO can honour; the rest is refused by name, before anything is up."""

from ...market.errors import ConfigError
from ..batch_size import check_batch_sizes
from ..device import torch_device
from ..preparation import Prepared
from .forecast import forecasts_of

__all__ = ["check_support"]


def check_support(prepared: Prepared) -> None:
    """Raise ConfigError with the first setting of the job's that does not fit, DataError where a forecast has no targets."""
    job, training = prepared.job, prepared.job.training
    check_batch_sizes(job.agent.algorithm, training)
    torch_device(training)
    if training.observation == "reference" and prepared.train.table is None:
        raise ConfigError(f"training.observation reference needs a tape, {job.env.id} draws its own paths; take flat")
    forecasts_of(prepared)
    length = training.rollout_bars if training.sequence_bars is None else training.sequence_bars
    if prepared.network.recurrent and training.minibatch < length:
        raise ConfigError(
            f"training.minibatch must hold a sequence of {length} steps, which an LSTM over steps learns from whole, was "
            f"{training.minibatch}; raise it, or set training.sequence_bars to a divisor of rollout_bars = {training.rollout_bars} "
            "that fits"
        )
