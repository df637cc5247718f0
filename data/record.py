"""Records of a tape from plain columns, with the padding bytes zeroed so that equal contents are equal bytes."""

from collections.abc import Sequence

import numpy as np

from ..market.bar import BAR, CLOCK, TERMS
from ..market.errors import ShapeError

__all__ = ["bar_records", "carried", "clock_records", "frozen", "neutral_terms", "term_records"]

NEUTRAL = {"split": 1.0, "dividend": 0.0, "spread": np.nan, "funding_rate": 0.0, "borrow_rate": np.nan, "fx": 1.0,
           "mark": np.nan, "roll": np.nan}  # fmt: skip


def bar_records(
    open: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    close: np.ndarray,
    volume: np.ndarray | None = None,
    recorded: np.ndarray | None = None,
) -> np.ndarray:
    """Return read-only bar records (T, A) from columns (T, A) or (T,).

    Args:
        open: First prices, quote currency per unit; `high`, `low` and `close` likewise.
        high: Highest prices.
        low: Lowest prices.
        close: Last prices.
        volume: Units traded; None: unknown, written as 0.
        recorded: 1 where a bar was recorded; None: everywhere. Other cells carry the last close, cannot be traded, and are
            present between an asset's first and last recorded bar.

    Raises:
        ShapeError: The columns have not one shape.
    """
    columns = {"open": open, "high": high, "low": low, "close": close}
    if volume is not None:
        columns["volume"] = volume
    shape = np.shape(close)
    for name, column in columns.items():
        if np.shape(column) != shape or len(shape) not in (1, 2):
            raise ShapeError(f"column {name} must have the shape of close, (T, A) or (T,): {np.shape(column)} against {shape}")
    bars = np.zeros(shape if len(shape) == 2 else (shape[0], 1), BAR)
    for name, column in columns.items():
        bars[name] = np.asarray(column, np.float64).reshape(bars.shape)
    mask = np.ones(bars.shape, bool) if recorded is None else np.asarray(recorded, bool).reshape(bars.shape)
    return carried(bars, mask)


def carried(bars: np.ndarray, tradable: np.ndarray) -> np.ndarray:
    """Return read-only `bars` (T, A) in which only `tradable` cells (bool, (T, A)) hold a bar.

    Every other cell has four prices equal to the asset's last tradable close (0 before the first), no volume, and
    `tradable` 0. An asset is `present` from its first tradable row to its last.
    """
    result = np.zeros(bars.shape, BAR)
    rows = np.arange(len(bars))[:, None]
    last = np.maximum.accumulate(np.where(tradable, rows, -1), axis=0)
    carried_close = np.where(last >= 0, np.take_along_axis(bars["close"], np.maximum(last, 0), axis=0), 0.0)
    for name in ("open", "high", "low", "close"):
        result[name] = np.where(tradable, bars[name], carried_close)
    result["volume"] = np.where(tradable, bars["volume"], 0.0)
    final = np.where(tradable, rows, -1).max(axis=0, initial=-1)
    result["present"] = (last >= 0) & (rows <= final)
    result["tradable"] = tradable
    return frozen(result)


def clock_records(open_at: Sequence[int] | np.ndarray, close_at: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return read-only clock records (T,) from instants in ns UTC."""
    if np.shape(open_at) != np.shape(close_at) or np.ndim(open_at) != 1:
        raise ShapeError(f"open_at and close_at must both have shape (T,): {np.shape(open_at)} against {np.shape(close_at)}")
    clock = np.zeros(len(open_at), CLOCK)
    clock["open_at"], clock["close_at"] = open_at, close_at
    return frozen(clock)


def neutral_terms(shape: tuple[int, ...]) -> np.ndarray:
    """Return writable term records of `shape` that say nothing: no split, no dividend, rates left to the rules, fx 1."""
    terms = np.zeros(shape, TERMS)
    for name, value in NEUTRAL.items():
        terms[name] = value
    return terms


def term_records(shape: tuple[int, int], **columns: np.ndarray) -> np.ndarray:
    """Return read-only term records of `shape` (T, A): the columns given (split, dividend, spread, ...), the rest neutral."""
    terms = neutral_terms(shape)
    for name, column in columns.items():
        if name not in NEUTRAL:
            raise ShapeError(f"unknown column {name!r} of terms; known: {', '.join(NEUTRAL)}")
        terms[name] = np.asarray(column, np.float64)
    return frozen(terms)


def frozen(records: np.ndarray) -> np.ndarray:
    """Return `records` marked read-only."""
    records.flags.writeable = False
    return records
