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
        validation: `validation/*` figures of the policy in the bundle.
        stopped: Why it ended: `iterations`, `seconds`, `patience` or `interrupted`.
        chosen: The iteration whose policy is in the bundle.
        why: Why that one, such as `highest validation/equity of all validations`.
        resume: The command that goes on; empty where there is nothing to go on with.
    """

    folder: Path
    bundle: Path
    digest: str
    status: str
    iterations: tuple[Iteration, ...] = field(repr=False)
    steps: int
    seconds: float
    validation: dict[str, float]
    stopped: str = "iterations"
    chosen: int = 0
    why: str = ""
    resume: str = ""

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
            "stopped": self.stopped,
            "chosen": {"iteration": self.chosen, "why": self.why},
            "resume": self.resume or None,
        }

    def facts(self) -> dict[str, Any]:
        """Return what a person wants to know first, name to text."""
        facts: dict[str, Any] = {
            "status": self._ending(),
            "trained": f"{self.steps:,} steps in {len(self.iterations)} iterations, {self.seconds:.1f} s",
            "bundle": f"{self.bundle} ({self.digest[:12]}), of iteration {self.chosen}: {self.why}",
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

    def _ending(self) -> str:
        if self.status != "done":
            return "interrupted; what was learned until then is saved"
        early = {"seconds": "done; the seconds ran out", "patience": "done; validation has stopped getting better"}
        return early.get(self.stopped, "done")
