"""What is told after every iteration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Iteration"]


@dataclass(frozen=True)
class Iteration:
    """One iteration that has ended.

    Attributes:
        number: 1, 2, 3, ...
        total: Iterations of the job.
        steps: Environment steps so far.
        seconds: Since training began, over all its processes.
        figures: By TensorBoard tag; `validation/*` only after iterations that validated.
        validation: Return on the validation rows as of the latest validation; None before the first.
        since: Number and seconds of the iteration from whose end on the pace counts, so that what this process needed to come up
            is not taken for what an iteration takes.
    """

    number: int
    total: int
    steps: int
    seconds: float
    figures: dict[str, float] = field(repr=False)
    validation: float | None = None
    since: tuple[int, float] = (0, 0.0)

    @property
    def steps_per_s(self) -> float:
        """Environment steps a second in this iteration."""
        return self.figures.get("speed/steps_per_s", 0.0)

    @property
    def seconds_left(self) -> float:
        """Seconds to the last iteration at the pace so far."""
        number, seconds = self.since if self.since[0] < self.number else (0, 0.0)
        return (self.seconds - seconds) / (self.number - number) * (self.total - self.number)

    def plain(self) -> dict[str, Any]:
        """Return a line of `metrics.jsonl`."""
        return {"iteration": self.number, "steps": self.steps, "seconds": round(self.seconds, 3), **self.figures}

    @classmethod
    def of(cls, line: Mapping[str, Any], total: int) -> "Iteration":
        """Return what `plain` wrote."""
        figures = {name: value for name, value in line.items() if name not in ("iteration", "steps", "seconds")}
        return cls(line["iteration"], total, line["steps"], line["seconds"], figures)

    def words(self) -> str:
        """Return what a progress bar says."""
        shown = f"{self.steps:,} steps, {self.steps_per_s:,.0f} a second, {duration(self.seconds_left)} left"
        return shown if self.validation is None else f"{shown}, validation {self.validation:+.2%}"


def duration(seconds: float) -> str:
    """Return `1:02:03`, or `2:03` below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
