"""How fast a backend trains a job, by stage, in a few iterations on this machine."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from ..configs.job import Job
from .batch_size import check_batch_sizes
from .learner import learner_of
from .preparation import prepare

__all__ = ["TrainingRate", "training_rate"]


@dataclass(frozen=True)
class TrainingRate:
    """Rates of one backend.

    Attributes:
        backend: `fast`, `stock` or `sb3`.
        steps_per_s: Environment steps a second of whole iterations: median, slowest and fastest.
        stages: The figures `speed/*` of the iterations, medians, by name without `speed/`.
        iterations: That were timed.
    """

    backend: str
    steps_per_s: tuple[float, float, float]
    stages: dict[str, float]
    iterations: int


def training_rate(job: Job, backend: str, iterations: int, timer: Callable[[], float]) -> TrainingRate:
    """Train `job` for some iterations without saving anything, and return its pace.

    Args:
        job: The job; `agent.backend` gives way to `backend`.
        backend: Who trains.
        iterations: To time; one more before them warms up.
        timer: Seconds from any origin.

    Raises:
        ConfigError: The backend cannot train this job.
    """
    agent = job.agent.model_copy(update={"backend": backend})
    training = job.training.model_copy(update={"iterations": max(job.training.iterations, iterations + 1), "seconds": None})
    measured = job.model_copy(update={"agent": agent, "training": training})
    check_batch_sizes(agent.algorithm, training)
    rates, figures = [], []
    with learner_of(prepare(measured)) as learner:
        learner.iterate()
        for _ in range(iterations):
            began, before = timer(), learner.steps
            figures.append(learner.iterate())
            rates.append((learner.steps - before) / (timer() - began))
    names = sorted({name for one in figures for name in one if name.startswith("speed/")})
    stages = {name.removeprefix("speed/"): median(one[name] for one in figures if name in one) for name in names}
    return TrainingRate(backend, (median(rates), min(rates), max(rates)), stages, iterations)
