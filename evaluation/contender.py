"""One line of a comparison: the policy, a baseline or a twin, with its track record and its numbers."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .metric import measure
from .track import Track

__all__ = ["Contender", "Spread"]


@dataclass(frozen=True)
class Spread:
    """What several seeds of one random contender did, bar by bar and in the end.

    Attributes:
        low: 10 % quantile of equity over seeds, (n + 1,).
        high: 90 % quantile, (n + 1,).
        sharpe: Annual Sharpe ratio of every seed, (S,).
        total_return: Total return of every seed, (S,).
        turnover: Turnover a year of every seed, (S,).
    """

    low: np.ndarray = field(repr=False)
    high: np.ndarray = field(repr=False)
    sharpe: np.ndarray
    total_return: np.ndarray
    turnover: np.ndarray


@dataclass(frozen=True)
class Contender:
    """Somebody who traded the same rows of the same tape.

    Attributes:
        name: Key in tables and JSON: `policy`, `buy_and_hold`, `equal_weight`, `random`, `zero_cost`.
        label: Name for people.
        rule: What it does, one sentence.
        track: Its record; where there are several seeds, that of the seed with the median Sharpe ratio.
        attribution: Lines of its ledger, account currency, signed; empty where unknown.
        spread: All seeds together, for random contenders.
    """

    name: str
    label: str
    rule: str
    track: Track
    attribution: dict[str, float] = field(default_factory=dict)
    spread: Spread | None = None

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Every metric by name."""
        return measure(self.track)
