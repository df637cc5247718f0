"""What an evaluation found: everything that a report, a table or a program needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .compare import Verdict
from .contender import Contender
from .interval import Bootstrap, Interval
from .session import Session

__all__ = ["Evaluation", "Scene"]


@dataclass(frozen=True)
class Scene:
    """The market behind the policy, for pictures.

    Attributes:
        symbols: A assets.
        closes: Closes from the first decision to the last mark, int64 ns UTC, (n + 1,).
        prices: Closes adjusted for splits and dividends, NaN before an asset was listed, float64 (n + 1, A).
        regimes: Names of K regimes; empty where nobody named any.
        posteriors: Their probabilities as the policy saw them at each decision, float32 (n, K).
    """

    symbols: tuple[str, ...]
    closes: np.ndarray = field(repr=False)
    prices: np.ndarray = field(repr=False)
    regimes: tuple[str, ...] = ()
    posteriors: np.ndarray = field(repr=False, default_factory=lambda: np.zeros((0, 0), np.float32))


@dataclass(frozen=True)
class Evaluation:
    """A policy, its baselines and what can be said about them.

    Attributes:
        name: Of the policy or its run.
        facts: Tape, digest, split, costs, versions, openings: JSON values, shown as they are.
        policy: The policy.
        baselines: Those it is compared with, the first one leads the verdict.
        twin: The policy where trading costs nothing.
        session: The policy's session.
        boot: Intervals; series 0 is the policy, series 1 ... the baselines in their order, the last one the twin.
        verdicts: One for each baseline.
        probabilistic_sharpe: Probability that the true Sharpe ratio is above 0 (bars taken as independent).
        minimum_track_record: Bars after which such a record would say so at 95 %; infinite where the Sharpe ratio is not positive.
        decisions_differ: Share of decisions that differ between the streamed form and the batched one; NaN where not compared.
        scene: The market behind it.
    """

    schema_version: ClassVar[int] = 1

    name: str
    facts: Mapping[str, Any]
    policy: Contender
    baselines: tuple[Contender, ...]
    twin: Contender
    session: Session
    boot: Bootstrap
    verdicts: tuple[Verdict, ...]
    probabilistic_sharpe: float
    minimum_track_record: float
    decisions_differ: float
    scene: Scene

    @property
    def verdict(self) -> Verdict:
        """The verdict against the first baseline."""
        return self.verdicts[0]

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """Policy, baselines, twin: the order of the series in `boot`."""
        return (self.policy, *self.baselines, self.twin)

    @property
    def n_bars(self) -> int:
        """Bars that were tested."""
        return self.policy.track.n_bars

    def interval(self, metric: str) -> Interval | None:
        """Return the interval of one of the policy's metrics; None where the metric has none."""
        return self.boot.sharpe[0] if metric == "sharpe" else self.boot.others.get(metric)

    def simulated_drawdown(self, index: int = 0) -> dict[str, float]:
        """Return quantiles of the worst drawdown over resamples of contender `index`: a simulated distribution, no interval."""
        drawn = self.boot.drawdown[:, index]
        return {name: float(np.quantile(drawn, q)) for name, q in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95))}

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return the summary as a short table of (word, text): policy, sharpe, verdict."""
        lead, gap = self.baselines[0], self.verdict.difference
        own = self.boot.sharpe[0]
        tested = self.facts.get("tested", f"{self.n_bars} bars")
        return (
            ("policy", f"{self.name}   {tested}"),
            ("sharpe", f"{spell(own)}   {lead.label} {self.boot.sharpe[1].estimate:.2f}   difference {spell(gap)}"),
            ("verdict", self.verdict.text),
        )


def spell(interval: Interval) -> str:
    """Return `0.41  [-0.72, 1.54]`, or the estimate alone where there are no bounds."""
    if not interval.known:
        return f"{interval.estimate:.2f}  [n/a]"
    return f"{interval.estimate:.2f}  [{interval.low:.2f}, {interval.high:.2f}]"
