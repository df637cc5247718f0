"""What of a job RLlib as shipped can honour; the rest is refused by name."""

from collections.abc import Iterator

from ...configs.job import Job
from ...market.errors import ConfigError
from ..batch_size import check_batch_sizes

__all__ = ["check_support"]


def check_support(job: Job) -> None:
    """Raise ConfigError with the first setting of `job` that stock RLlib would not follow."""
    for setting, value, why in _unfit(job):
        raise ConfigError(f"{setting} was {value}: stock RLlib {why}; leave it out, or train with agent.backend: fast")
    check_batch_sizes(job.agent.algorithm, job.training)
    training = job.training
    if job.agent.algorithm in ("DQN", "SAC") and training.n_step * training.num_envs > training.update_every:
        raise ConfigError(
            f"training.update_every must be at least n_step x num_envs = {training.n_step} x {training.num_envs} = "
            f"{training.n_step * training.num_envs} with stock RLlib, whose returns end with what is sampled at once, was "
            f"{training.update_every}; raise it, or train with agent.backend: fast"
        )


def _unfit(job: Job) -> Iterator[tuple[str, object, str]]:
    training = job.training
    if training.runners > 0:
        yield "training.runners", training.runners, "samples in the process that learns here"
    if training.observation != "flat":
        yield "training.observation", training.observation, "keeps flat observations"
    if training.device == "cuda":
        yield "training.device", training.device, "learns on the CPU here"
    if training.compile:
        yield "training.compile", "true", "compiles no loss here"
    if training.precision != "float32":
        yield "training.precision", training.precision, "learns in float32"
    for name in training.schedules:
        yield f"training.schedules.{name}", "set", "keeps the first value here"
    if training.stages:
        yield "training.stages", "set", "learns on one world"
    if job.agent.algorithm == "PPO" and training.kl_target is not None:
        yield "training.kl_target", training.kl_target, "has no penalty on the divergence here"
    if job.agent.algorithm in ("DQN", "SAC") and training.prioritised:
        yield "training.prioritised", "true", "replays uniformly here"
