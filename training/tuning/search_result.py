"""What a search found: a ranking, and what deflating the winner's Sharpe ratio needs."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import variance
from typing import Any

from .search import Search
from .trial_record import TrialRecord

__all__ = ["SearchResult"]


@dataclass(frozen=True)
class SearchResult:
    """A search that is over, or as far as it has come.

    Attributes:
        folder: Its folder.
        search: What was searched.
        trials: Every trial that ended, in the order in which they did.
        status: `done`, `interrupted`, or `failed` where no trial left a policy.
        registered: What the registry said about the best one; None where it was not registered.
    """

    folder: Path
    search: Search = field(repr=False)
    trials: tuple[TrialRecord, ...] = field(repr=False)
    status: str
    registered: str | None = None

    @property
    def ranking(self) -> list[TrialRecord]:
        """Trials that left a policy, the best first; of equal ones the earlier first."""
        sign = -1.0 if self.search.settings.mode == "max" else 1.0
        ranked = [(sign * one.value, one.number, one) for one in self.trials if one.status != "failed" and one.value is not None]
        return [one for _, _, one in sorted(ranked, key=lambda entry: entry[:2])]

    @property
    def failed(self) -> list[TrialRecord]:
        """Trials that ended with an error."""
        return [one for one in self.trials if one.status == "failed"]

    @property
    def best(self) -> TrialRecord | None:
        """The winner; None where no trial left a policy."""
        ranking = self.ranking
        return ranking[0] if ranking else None

    def deflation(self) -> dict[str, Any]:
        """Return what the deflated Sharpe ratio of the winner needs; Sharpe ratios of one bar, variances with ddof 1.

        `trials` are settings that were tried, stopped ones included (of a population its members; each of its policies is one of
        the checkpoints); `checkpoints` are all policies that the winner was chosen
        among, where the best checkpoint of a trial was kept. A variance is None below two. Source of the need: Bailey & Lopez de
        Prado 2014, eq. 1-2.
        """
        ranking = self.ranking
        sharpes = [one.sharpe for one in ranking if one.sharpe is not None]
        judged = [checkpoint.sharpe for one in ranking for checkpoint in one.checkpoints]
        best = self.best
        return {
            "trials": len(sharpes),
            "sharpe_variance": variance(sharpes) if len(sharpes) > 1 else None,
            "checkpoints": len(judged),
            "checkpoint_sharpe_variance": variance(judged) if len(judged) > 1 else None,
            "best_sharpe": None if best is None else best.sharpe,
            "best_skewness": None if best is None else best.skewness,
            "best_kurtosis": None if best is None else best.kurtosis,
            "bars": 0 if best is None else best.bars,
        }

    def table(self, most: int | None = None) -> tuple[list[str], list[list[str]]]:
        """Return header and rows, the best first, failed trials last.

        Args:
            most: So many rows at most; None: all.
        """
        metric = self.search.settings.metric.removeprefix("validation/")
        paths, together = list(self.search.space), self.search.settings.scheduler.kind == "pbt"
        header = ["trial", "status", "iterations", metric, *([] if metric == "sharpe" else ["sharpe a bar"]), *paths]
        header += ["took over"] if together else []
        rows = []
        for one in [*self.ranking, *self.failed][:most]:
            sharpe = [] if metric == "sharpe" else [_number(one.sharpe)]
            settings = [_shown(one.settings[path]) for path in paths]
            lineage = [", ".join(f"{taken.source} at {taken.iteration}" for taken in one.lineage) or "-"] if together else []
            rows.append([str(one.number), one.status, str(one.iterations), _number(one.value), *sharpe, *settings, *lineage])
        return header, rows

    def takeovers(self) -> tuple[list[str], list[list[str]]]:
        """Return header and rows of who took over from whom, in order: with which settings it went on, and why it had to."""
        paths = list(self.search.space)
        taken = [(one.iteration, trial.number, one) for trial in self.trials for one in trial.lineage]
        taken.sort(key=lambda entry: entry[:2])
        rows = []
        for iteration, number, one in taken:
            settings = [_shown(one.settings[path]) for path in paths]
            rows.append([str(iteration), str(number), str(one.source), *settings, one.why or "among the lowest"])
        return ["iteration", "trial", "took over", *paths, "why"], rows

    def summary(self) -> dict[str, Any]:
        """Return what `search.json` says."""
        best, asked = self.best, self.search.settings.trials
        together = self.search.settings.scheduler.kind == "pbt"
        takeovers = {"takeovers": sum(len(one.lineage) for one in self.trials)} if together else {}
        counts = {status: sum(one.status == status for one in self.trials) for status in ("done", "stopped", "failed")}
        return {
            "status": self.status,
            "digest": self.search.digest,
            "name": self.search.settings.name,
            "metric": self.search.settings.metric,
            "mode": self.search.settings.mode,
            "trials": {"asked": asked, **counts, **takeovers},
            "best": None if best is None else best.plain(),
            "deflation": self.deflation(),
            "registered": self.registered,
        }


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
