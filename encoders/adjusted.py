"""Bars on one scale: splits and dividends folded in forwards, row by row, so that row t never learns of a later one."""

from typing import TYPE_CHECKING

import numpy as np

from ..market.errors import ShapeError
from ..market.kernel import kernel

if TYPE_CHECKING:
    from ..data.row import Row
    from ..data.tape import Tape

__all__ = ["ADJUSTED", "CARRY", "adjust_row", "adjust_rows", "adjust_tape", "new_carry"]

ADJUSTED = np.dtype(
    [
        ("open", "f8"),  # raw price times the growth of one first unit through splits and reinvested dividends
        ("high", "f8"),
        ("low", "f8"),
        ("close", "f8"),
        ("volume", "f8"),  # in units of the first row's size
        ("log_return", "f8"),  # total, close to close; 0 where it cannot be known
        ("age", "i8"),  # rows since the first bar, 0 at it; -1 before
        ("tradable", "u1"),
    ],
    align=True,
)
"""One bar of one asset as encoders read it; shape (n, A)."""

CARRY = np.dtype([("close", "f8"), ("factor", "f8"), ("units", "f8"), ("age", "i8")], align=True)
"""What one asset carries from row to row: last raw close, growth of one unit with and without dividends, rows since listing."""


@kernel
def adjust(row, asset, bars, terms, carry, out):  # type: ignore[no-untyped-def]
    """Write `out[row, asset]`; `terms` has no rows where the tape has none."""
    bar, last, adjusted = bars[row, asset], carry[asset], out[row, asset]
    if bar.close <= 0.0:
        adjusted.open, adjusted.high, adjusted.low, adjusted.close = 0.0, 0.0, 0.0, 0.0
        adjusted.volume, adjusted.log_return, adjusted.age, adjusted.tradable = 0.0, 0.0, -1, 0
        return
    split, dividend = 1.0, 0.0
    if terms.shape[0] > 0:
        split, dividend = terms[row, asset].split, terms[row, asset].dividend
    adjusted.log_return = 0.0
    if last.age >= 0:
        if bar.tradable == 1:
            adjusted.log_return = np.log(split * (bar.close + dividend) / last.close)
        last.factor *= split * ((bar.close + dividend) / bar.close)
        last.units *= split
    last.close = bar.close
    last.age += 1
    adjusted.open, adjusted.high = bar.open * last.factor, bar.high * last.factor
    adjusted.low, adjusted.close = bar.low * last.factor, bar.close * last.factor
    adjusted.volume, adjusted.age, adjusted.tradable = bar.volume / last.units, last.age, bar.tradable


@kernel
def adjust_batch(bars, terms, carry, out):  # type: ignore[no-untyped-def]
    """Adjust rows in order."""
    for row in range(bars.shape[0]):
        for asset in range(bars.shape[1]):
            adjust(row, asset, bars, terms, carry, out)


def new_carry(n_assets: int) -> np.ndarray:
    """Return CARRY records of shape (A,) from before the first row."""
    carry = np.zeros(n_assets, CARRY)
    carry["factor"], carry["units"], carry["age"] = 1.0, 1.0, -1
    return carry


def adjust_rows(bars: np.ndarray, terms: np.ndarray, carry: np.ndarray) -> np.ndarray:
    """Return ADJUSTED records (n, A) of the next n rows; `carry` moves on in place.

    The close of row t is close[t] x prod over s <= t of split[s] (1 + dividend[s] / close[s]): dividends are reinvested at the
    close of their ex row, so close[t] / close[t-1] is the total return.

    Args:
        bars: BAR records, (n, A).
        terms: TERMS records, (n, A) or (0, A).
        carry: CARRY records, (A,).

    Raises:
        ShapeError: The arrays differ in their number of assets or rows.
    """
    if bars.ndim != 2 or carry.shape != bars.shape[1:] or terms.shape not in (bars.shape, (0, bars.shape[1])):
        given = f"{bars.shape}, {terms.shape} and {carry.shape}"
        raise ShapeError(f"bars (n, A), terms (n, A) or (0, A) and carry (A,) must agree, were {given}")
    out = np.zeros(bars.shape, ADJUSTED)
    adjust_batch(_read_only(bars), _read_only(terms), carry, out)
    return out


def adjust_tape(tape: "Tape", carry: np.ndarray | None = None) -> np.ndarray:
    """Return ADJUSTED records (T, A) of a whole tape; `carry` goes on from earlier rows where it is given."""
    return adjust_rows(tape.bars, tape.terms, new_carry(tape.n_assets) if carry is None else carry)


def adjust_row(row: "Row", carry: np.ndarray) -> np.ndarray:
    """Return ADJUSTED records (1, A) of one row of a stream; `carry` moves on in place."""
    if row.bars.shape != carry.shape:
        raise ShapeError(f"row at {row.close_at}: the stream has {carry.shape[0]} assets, this row has the shape {row.bars.shape}")
    return adjust_rows(row.bars[None], row.terms[None], carry)


def _read_only(array: np.ndarray) -> np.ndarray:
    # one compiled signature, whether the caller's array can be written or not
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
