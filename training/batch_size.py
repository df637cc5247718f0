"""Sizes of batches that must fit each other, checked before anything is fitted."""

from ..configs.job import TrainingSettings
from ..market.errors import ConfigError

__all__ = ["check_batch_sizes"]


def check_batch_sizes(algorithm: str, settings: TrainingSettings) -> None:
    """Raise ConfigError where the sizes of a job's training section do not fit `algorithm`; DQN and SAC replay."""
    steps = settings.num_envs * settings.rollout_bars
    if settings.runners and settings.num_envs % settings.runners:
        raise ConfigError(
            f"training.num_envs must be a multiple of training.runners = {settings.runners}, was {settings.num_envs}; "
            "every runner plays as many"
        )
    if algorithm in ("PPO", "BC"):
        if settings.minibatch > steps:
            raise ConfigError(
                f"training.minibatch must not exceed num_envs x rollout_bars = {settings.num_envs} x {settings.rollout_bars} = "
                f"{steps}, was {settings.minibatch}"
            )
        if settings.sequence_bars is not None and settings.rollout_bars % settings.sequence_bars:
            raise ConfigError(
                f"training.rollout_bars must be a multiple of training.sequence_bars = {settings.sequence_bars}, "
                f"was {settings.rollout_bars}"
            )
        return
    if settings.update_every % settings.num_envs:
        raise ConfigError(
            f"training.update_every must be a multiple of num_envs = {settings.num_envs}, was {settings.update_every}; "
            "all environments step together"
        )
    if settings.learning_starts >= settings.iterations * steps:
        raise ConfigError(
            f"training.learning_starts must be less than the steps of the job, iterations x num_envs x rollout_bars = "
            f"{settings.iterations} x {settings.num_envs} x {settings.rollout_bars} = {settings.iterations * steps}, was "
            f"{settings.learning_starts}; nothing would be learned"
        )
    if settings.replay_capacity < settings.batch:
        raise ConfigError(f"training.replay_capacity must hold a batch of {settings.batch}, was {settings.replay_capacity}")
    if settings.replay_capacity < settings.update_every:
        raise ConfigError(
            f"training.replay_capacity must hold the training.update_every = {settings.update_every} steps between two updates, "
            f"was {settings.replay_capacity}"
        )
