"""How many bars of a tape make a year, read from its clock."""

import numpy as np

from ..market.errors import DataError, ShapeError

__all__ = ["YEAR_NS", "bars_per_year", "simple_returns"]

YEAR_NS = 365.2425 * 86_400e9
"""The mean Gregorian year in nanoseconds."""


def bars_per_year(close_at: np.ndarray) -> float:
    """Return the bars of one year at the pace of a clock.

    Formula: `(n - 1) / ((close_at[-1] - close_at[0]) / YEAR_NS)`. Nights, weekends and holidays are counted as the tape has them:
    about 252 for daily stocks, about 6,200 for hourly foreign exchange, 8,766 for an hourly market that never closes.

    Args:
        close_at: Closes of the bars, int64 ns UTC, strictly rising, shape (n,) with n >= 2.

    Raises:
        ShapeError: `close_at` is not one-dimensional.
        DataError: There are fewer than two bars, or they do not rise.
    """
    close_at = np.asarray(close_at)
    if close_at.ndim != 1:
        raise ShapeError(f"close_at must have the shape (n,), was {close_at.shape}")
    if close_at.size < 2:
        raise DataError(f"a year cannot be read from {close_at.size} bars; give the closes of at least 2")
    if not bool(np.all(np.diff(close_at) > 0)):
        raise DataError("close_at must rise strictly; sort the bars and drop duplicates")
    return (close_at.size - 1) * YEAR_NS / (int(close_at[-1]) - int(close_at[0]))


def simple_returns(equity: np.ndarray) -> np.ndarray:
    """Return `equity[t] / equity[t-1] - 1`, shape (n,) for an equity of shape (n + 1,).

    Once equity is zero or below, nothing is left to grow: returns after that bar are 0.

    Raises:
        ShapeError: `equity` is not one-dimensional.
        DataError: A value is NaN or infinite, there are fewer than two, or the first is not positive.
    """
    equity = np.asarray(equity, np.float64)
    if equity.ndim != 1:
        raise ShapeError(f"equity must have the shape (n + 1,), was {equity.shape}")
    if equity.size < 2:
        raise DataError(f"equity needs at least 2 values, had {equity.size}")
    bad = np.flatnonzero(~np.isfinite(equity))
    if bad.size:
        raise DataError(f"equity must be finite: {bad.size} values are not, first at index {bad[0]} ({equity[bad[0]]})")
    if equity[0] <= 0.0:
        raise DataError(f"equity must begin above zero, was {equity[0]}")
    before, after = equity[:-1], equity[1:]
    alive = np.minimum.accumulate(before) > 0.0
    returns = np.zeros(before.size)
    np.divide(after, before, out=returns, where=alive)
    returns[alive] -= 1.0
    return returns
