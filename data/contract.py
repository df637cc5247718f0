"""The checker of the `Tape` contract; everything that reads a tape relies on what it proves."""

from typing import TYPE_CHECKING

import numpy as np

from ..market.bar import BAR, CLOCK, TERMS
from ..market.errors import DataError, ShapeError
from .instant import iso
from .sanity import clock_faults, price_faults
from .session import columns_by_calendar, session_edges

if TYPE_CHECKING:
    from .tape import Tape

__all__ = ["check_shapes", "check_tape"]


def check_tape(tape: "Tape") -> None:
    """Prove that `tape` keeps the contract.

    Shapes and dtypes; unique symbols; times that rise, each row closing before the next opens; for tradable cells finite
    positive prices with low <= open, close <= high and a volume >= 0; for other cells four equal prices, which are the last
    close, and no volume; `tradable` only where `present`; splits, dividends and rolls on tradable rows only; finite terms; a
    mark price is positive, a roll leaves a positive price. Every session of an instrument's calendar has one row that opens
    and one that closes it; a slice may lack the opening of its first session and the closing of its last one.

    Raises:
        ShapeError: A shape, a dtype or a memory layout is wrong.
        DataError: A value breaks a rule; says how many and where the first one is.
    """
    check_shapes(tape)
    where = f"tape {tape.name}"
    for fault in clock_faults(tape.clock):
        raise DataError(f"{where}: {fault}")
    tradable = tape.tradable.astype(bool)
    for fault in price_faults(tape.open_at, tape.bars, tape.symbols, tradable):
        raise DataError(f"{where}: {fault}; clean the data first (quantgym.data.sanity.clean)")
    close = tape.close
    idle = ~tradable
    same = (tape.open == close) & (tape.high == close) & (tape.low == close) & (tape.volume == 0.0) & (close >= 0.0)
    _refuse(tape, idle & ~same, "cells that cannot be traded have four equal prices >= 0 and no volume")
    _refuse(tape, np.vstack([np.zeros_like(idle[:1]), idle[1:] & (close[1:] != close[:-1])]), "such cells carry the last close")
    present = tape.present.astype(bool)
    _refuse(tape, tradable & ~present, "only present assets are tradable")
    _refuse(tape, present & ~(close > 0.0), "a present asset has a close")
    _check_sessions(tape)
    if tape.has_terms:
        _check_terms(tape, tradable)


def check_shapes(tape: "Tape") -> None:
    """Prove shapes, dtypes and memory layout alone: what compiled code relies on not to read beyond an array."""
    where = f"tape {tape.name}"
    n_assets, n_rows = len(tape.instruments), len(tape.clock)
    if n_assets == 0 or n_rows == 0:
        raise DataError(f"{where}: must have at least one row and one instrument, has {n_rows} and {n_assets}")
    if len(set(tape.symbols)) != n_assets:
        twice = sorted({symbol for symbol in tape.symbols if tape.symbols.count(symbol) > 1})
        raise DataError(f"{where}: symbols must be unique, found twice: {', '.join(twice)}")
    full = (n_rows, n_assets)
    expected = {"clock": (CLOCK, ((n_rows,),)), "bars": (BAR, (full,)), "terms": (TERMS, (full, (0, n_assets)))}
    for name, (dtype, shapes) in expected.items():
        array = getattr(tape, name)
        if type(array) is not np.ndarray or array.dtype != dtype or array.dtype.isalignedstruct != dtype.isalignedstruct:
            raise ShapeError(f"{where}: {name} must be a numpy array of {name} records; see quantgym.data.record")
        if array.shape not in shapes:
            raise ShapeError(f"{where}: {name} must have shape {' or '.join(map(str, shapes))}, has {array.shape}")
        if not array.flags.c_contiguous or array.flags.writeable:
            raise ShapeError(f"{where}: {name} must be C-contiguous and read-only")


def _check_sessions(tape: "Tape") -> None:
    opens, closes = tape.opens, tape.closes
    for calendar, columns in columns_by_calendar(tape.instruments).items():
        first, last = (edge[:, None] for edge in session_edges(tape.open_at, calendar))
        every = slice(None) if len(columns) == tape.n_assets else columns
        # the edges of a slice are those of the whole tape, which it does not show
        wrong = [opens[1:, every] != first[1:], closes[:-1, every] != last[:-1], opens[:1, every] > 1, closes[-1:, every] > 1]
        if any(found.any() for found in wrong):
            bad = np.zeros(tape.bars.shape, bool)
            bad[1:, columns] |= wrong[0]
            bad[:-1, columns] |= wrong[1]
            bad[:1, columns] |= wrong[2]
            bad[-1:, columns] |= wrong[3]
            _refuse(tape, bad, f"each session of {calendar} has one row that opens and one that closes it")


def _check_terms(tape: "Tape", tradable: np.ndarray) -> None:
    terms = tape.terms
    acts = (terms["split"] != 1.0) | (terms["dividend"] != 0.0)
    _refuse(tape, ~(np.isfinite(terms["split"]) & (terms["split"] > 0.0)), "a split is finite and positive")
    _refuse(tape, ~(np.isfinite(terms["dividend"]) & (terms["dividend"] >= 0.0)), "a dividend is finite and not negative")
    _refuse(tape, acts & ~tradable, "splits and dividends stand on tradable rows; move them to the next one")
    _refuse(tape, ~(np.isfinite(terms["fx"]) & (terms["fx"] > 0.0)), "fx is finite and positive")
    _refuse(tape, ~np.isfinite(terms["funding_rate"]), "a funding rate is finite, 0 where there is none")
    mark, roll = terms["mark"], terms["roll"]
    _refuse(tape, ~(np.isnan(mark) | (np.isfinite(mark) & (mark > 0.0))), "mark is NaN (the last close) or finite and positive")
    _refuse(tape, ~(np.isnan(roll) | np.isfinite(roll)), "roll is NaN (no roll) or finite")
    _refuse(tape, ~np.isnan(roll) & ~tradable, "rolls stand on tradable rows; move them to the next one")
    _refuse(tape, roll >= tape.close, "a roll is less than the close after it, or the old contract would have no price")
    for name in ("spread", "borrow_rate"):
        column = terms[name]
        _refuse(tape, ~(np.isnan(column) | (np.isfinite(column) & (column >= 0.0))), f"{name} is NaN (unknown) or not negative")


def _refuse(tape: "Tape", bad: np.ndarray, rule: str) -> None:
    if bad.any():
        row, asset = (int(index) for index in np.argwhere(bad)[0])
        count = int(bad.sum())
        raise DataError(
            f"tape {tape.name}: {rule}; broken in {count} {'cell' if count == 1 else 'cells'}, "
            f"first {tape.symbols[asset]} at {iso(tape.open_at[row])}"
        )
