"""Falls of equity from its highest point so far."""

from dataclasses import dataclass

import numpy as np

from ..market.errors import DataError

__all__ = ["Drawdown", "drawdown_path", "drawdowns", "longest_drawdown", "max_drawdown"]


@dataclass(frozen=True)
class Drawdown:
    """One fall from a peak, by indices into the equity.

    Attributes:
        depth: `1 - trough / peak`, a positive fraction.
        peak: Index of the last value at the peak before the fall.
        trough: Index of the lowest value.
        recovery: Index of the first value at the peak or above, or None while the fall lasts.
        end: `recovery`, or the last index while the fall lasts.
    """

    depth: float
    peak: int
    trough: int
    recovery: int | None
    end: int

    @property
    def length(self) -> int:
        """Bars from the peak to the recovery, or to the last bar while the fall lasts."""
        return self.end - self.peak

    @property
    def recovery_bars(self) -> float:
        """Bars from the trough to the recovery; NaN while the fall lasts."""
        return float("nan") if self.recovery is None else float(self.recovery - self.trough)


def drawdown_path(equity: np.ndarray) -> np.ndarray:
    """Return `equity / running peak - 1`, never positive, same shape as `equity` (n + 1,).

    Raises:
        DataError: The first value is not positive: a fall has no peak to be measured from.
    """
    equity = np.asarray(equity, np.float64)
    if equity.size == 0 or not equity[0] > 0.0:
        raise DataError("equity must begin above zero to have a drawdown")
    return equity / np.maximum.accumulate(equity) - 1.0


def drawdowns(equity: np.ndarray) -> tuple[Drawdown, ...]:
    """Return every fall from a peak to its recovery, in order of time; the last may not have recovered."""
    path = drawdown_path(equity)
    under = np.concatenate(([False], path < 0.0, [False]))
    starts = np.flatnonzero(~under[:-1] & under[1:])  # first index under water
    stops = np.flatnonzero(under[:-1] & ~under[1:])  # first index at the peak again, or len(path)
    found = []
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        trough = start + int(np.argmin(path[start:stop]))
        recovered = stop < path.size
        found.append(
            Drawdown(float(-path[trough]), start - 1, trough, stop if recovered else None, stop if recovered else path.size - 1)
        )
    return tuple(found)


def max_drawdown(equity: np.ndarray) -> Drawdown:
    """Return the deepest fall (the first of equals); depth 0 and length 0 where equity never fell.

    Formula: `max over t of 1 - equity[t] / max(equity[:t+1])`. Not annualised.
    """
    falls = drawdowns(equity)
    return max(falls, key=lambda fall: fall.depth) if falls else Drawdown(0.0, 0, 0, 0, 0)


def longest_drawdown(equity: np.ndarray) -> int:
    """Return the length in bars of the longest fall from a peak to its recovery, or to the last bar."""
    return max((fall.length for fall in drawdowns(equity)), default=0)
