"""What metrics read: one account's equity, and what it traded and held, bar by bar."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..market.errors import DataError, ShapeError
from .annualisation import simple_returns
from .drawdown import Drawdown, max_drawdown

__all__ = ["Track"]


@dataclass(frozen=True, kw_only=True)
class Track:
    """A track record of n bars.

    Attributes:
        equity: Account currency, shape (n + 1,): before the first bar and at the close of every bar.
        bars_per_year: Pace of the clock, see `annualisation.bars_per_year`.
        risk_free: Simple rate, a fraction a year, that the Sharpe ratio deducts.
        traded: Money of the fills of each bar, shape (n,); None where it is unknown.
        exposure: Gross exposure over equity at the close of each bar, shape (n,); None where it is unknown.
        costs: Everything that trading cost, account currency; NaN where it is unknown.
    """

    equity: np.ndarray
    bars_per_year: float
    risk_free: float = 0.0
    traded: np.ndarray | None = None
    exposure: np.ndarray | None = None
    costs: float = float("nan")

    def __post_init__(self) -> None:
        simple_returns(self.equity)  # checks it
        if not (np.isfinite(self.bars_per_year) and self.bars_per_year > 0.0):
            raise DataError(f"bars_per_year must be positive, was {self.bars_per_year}")
        for name in ("traded", "exposure"):
            value = getattr(self, name)
            if value is not None and value.shape != (self.n_bars,):
                raise ShapeError(f"{name} must have the shape ({self.n_bars},) of the bars, was {value.shape}")

    @property
    def n_bars(self) -> int:
        """Number of bars, one less than the values of equity."""
        return int(np.asarray(self.equity).size) - 1

    @property
    def years(self) -> float:
        """Length in years."""
        return self.n_bars / self.bars_per_year

    @cached_property
    def returns(self) -> np.ndarray:
        """Simple returns of the bars, shape (n,)."""
        return simple_returns(self.equity)

    @cached_property
    def worst(self) -> Drawdown:
        """The deepest drawdown."""
        return max_drawdown(self.equity)

    def padded(self, n_bars: int) -> "Track":
        """Return the record with flat bars added at its end: an account that was ruined early, beside those that were not."""
        extra = n_bars - self.n_bars
        if extra < 0:
            raise ShapeError(f"a record of {self.n_bars} bars cannot be padded to {n_bars}")

        if extra == 0:
            return self

        def longer(values: np.ndarray | None, fill: float) -> np.ndarray | None:
            return None if values is None else np.concatenate([values, np.full(extra, fill)])

        equity = np.concatenate([self.equity, np.full(extra, float(self.equity[-1]))])
        return replace(self, equity=equity, traded=longer(self.traded, 0.0), exposure=longer(self.exposure, 0.0))
