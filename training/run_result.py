"""What a training run leaves behind."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .progress import Iteration

__all__ = ["RunResult"]


@dataclass(frozen=True)
class RunResult:
    """A run that has ended, by itself or by Ctrl-C.

    Attributes:
        folder: The run folder.
        bundle: The policy bundle in it.
        digest: Of the bundle.
        status: `done` or `interrupted`.
        iterations: Every iteration.
        steps: Environment steps.
        seconds: Wall time, encoders not included.
        validation: `validation/*` figures of the final policy.
    """

    folder: Path
    bundle: Path
    digest: str
    status: str
    iterations: tuple[Iteration, ...] = field(repr=False)
    steps: int
    seconds: float
    validation: dict[str, float]

    def summary(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        return {
            "folder": str(self.folder),
            "bundle": str(self.bundle),
            "digest": self.digest,
            "status": self.status,
            "iterations": len(self.iterations),
            "steps": self.steps,
            "seconds": round(self.seconds, 2),
            "validation": self.validation,
        }

    def facts(self) -> dict[str, Any]:
        """Return what a person wants to know first, name to text."""
        facts: dict[str, Any] = {
            "status": self.status if self.status == "done" else "interrupted; what was learned until then is saved",
            "trained": f"{self.steps:,} steps in {len(self.iterations)} iterations, {self.seconds:.1f} s",
            "bundle": f"{self.bundle} ({self.digest[:12]})",
        }
        shown = {name.removeprefix("validation/"): value for name, value in self.validation.items()}
        gain, drawdown, turnover = shown["equity"] - 1.0, shown["drawdown"], shown["turnover"]
        facts["validation"] = f"return {gain:+.2%}, drawdown {drawdown:.2%}, turnover {turnover:.2%} a bar"
        if "score" in shown:
            low, high = shown["score_low"], shown["score_high"]
            facts["score"] = f"{shown['score']:.3f}  [{low:.3f}, {high:.3f}] of the known optimum, doing nothing is 0"
        for name, value in shown.items():
            if name.startswith("equity_"):
                facts[name.removeprefix("equity_").replace("_", " ")] = f"return {value - 1.0:+.2%} on the same rows"
        return facts
