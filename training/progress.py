"""What is told after every iteration."""

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
        seconds: Since training began.
        figures: By TensorBoard tag; `validation/*` only after iterations that validated.
    """

    number: int
    total: int
    steps: int
    seconds: float
    figures: dict[str, float] = field(repr=False)

    @property
    def steps_per_s(self) -> float:
        """Environment steps a second in this iteration."""
        return self.figures.get("speed/steps_per_s", 0.0)

    def plain(self) -> dict[str, Any]:
        """Return a line of `metrics.jsonl`."""
        return {"iteration": self.number, "steps": self.steps, "seconds": round(self.seconds, 3), **self.figures}
