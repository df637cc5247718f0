"""What of a job stable-baselines3 can honour; the rest is refused by name."""

from collections.abc import Iterator

from ...agents.networks.settings import NetworkSettings
from ...configs.job import Job
from ...market.errors import ConfigError
from ..batch_size import check_batch_sizes

__all__ = ["BODIES", "check_support"]

ALGORITHMS = ("PPO", "DQN", "SAC")
BODIES = ("mlp", "lstm")


def check_support(job: Job, network: NetworkSettings) -> None:
    """Raise ConfigError with the first setting of `job` that stable-baselines3 would not follow."""
    for setting, value, why in _unfit(job, network):
        raise ConfigError(f"{setting} was {value}: stable-baselines3 {why}; change it, or train with agent.backend: fast")
    check_batch_sizes(job.agent.algorithm, job.training)


def _unfit(job: Job, network: NetworkSettings) -> Iterator[tuple[str, object, str]]:
    agent, training = job.agent, job.training
    body = "mlp" if network.body is None else str(network.body["kind"])
    if agent.algorithm not in ALGORITHMS:
        yield "agent.algorithm", agent.algorithm, f"learns with {', '.join(ALGORITHMS)} here"
    if body not in BODIES:
        yield "agent.body", body, f"learns bodies of the kinds {', '.join(BODIES)} here"
    if network.recurrent and agent.algorithm != "PPO":
        yield "agent.body", body, f"remembers with PPO alone, agent.algorithm is {agent.algorithm}"
    if agent.forecast is not None:
        yield "agent.forecast", f"{{weight: {agent.forecast.weight:g}}}", "has no auxiliary loss"
    if training.runners > 0:
        yield "training.runners", training.runners, "samples in the process that learns"
    if training.observation != "flat":
        yield "training.observation", training.observation, "keeps flat observations"
    if training.compile:
        yield "training.compile", "true", "has no loss that can be compiled"
    if training.precision != "float32":
        yield "training.precision", training.precision, "learns in float32"
    if agent.algorithm == "PPO":
        if training.kl_target is not None:
            yield "training.kl_target", training.kl_target, "has no penalty on the divergence"
        if training.sequence_bars is not None:
            yield "training.sequence_bars", training.sequence_bars, "cuts its sequences by training.minibatch and episodes"
        return
    for name in ("entropy_coefficient", "clip"):
        if name in training.schedules:
            yield f"training.schedules.{name}", "set", f"reads it with PPO alone, agent.algorithm is {agent.algorithm}"
    if training.prioritised:
        yield "training.prioritised", "true", "replays uniformly"
    if agent.algorithm == "DQN" and network.legal_at:
        yield "env.private", "action_mask", "explores without looking at the mask of legal actions, with DQN"
