"""Stationary block bootstrap: a real tape's rows in a new order, block by block, all assets together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...market.errors import DataError
from ..record import bar_records, clock_records, neutral_terms
from ..tape import Tape
from .grid import on_grid
from .setting import at_least, within
from .stream import Purpose, check_seeds, drawn

__all__ = ["BootstrapSettings", "block_rows", "bootstrap", "bootstrap_tapes"]


@dataclass(frozen=True, kw_only=True)
class BootstrapSettings:
    """Rows of a tape, resampled.

    Attributes:
        tape: Name or folder of the tape (`catalog.open_tape`).
        symbols: Its assets to use; None: all.
        n_bars: T of the new tape; None: as many as the old one has.
        mean_block: Mean length of a block, bars.
        on_grid: Whether prices are rounded to the instruments' ticks.
    """

    tape: str = "sample:us-tech"
    symbols: tuple[str, ...] | None = None
    n_bars: int | None = None
    mean_block: float = 20.0
    on_grid: bool = False

    def __post_init__(self) -> None:
        within(self, 1.0, np.inf, "mean_block")
        if self.n_bars is not None:
            at_least(self, 2, "n_bars")


def bootstrap_tapes(settings: BootstrapSettings, seeds: Sequence[int]) -> list[Tape]:
    """Return a bootstrapped tape for each seed."""
    from ..catalog import open_tape

    tape = open_tape(settings.tape)
    if settings.symbols is not None:
        tape = tape.select(settings.symbols)
    return bootstrap(tape, seeds, settings.n_bars, settings.mean_block, round_prices=settings.on_grid)


def bootstrap(
    tape: Tape, seeds: Sequence[int], n_bars: int | None = None, mean_block: float = 20.0, *, round_prices: bool = False
) -> list[Tape]:
    """Return tapes of resampled rows of `tape`, one for each seed. Source: Politis & Romano 1994, section 2.

    A row brings its total log return (splits, dividends and rolls counted, `Tape.log_return`), the ratios of its open, high
    and low to its close and its volume, of all assets at once; prices are put together again from the close of the first
    usable row on. Where the tape has them, a row brings its spread, funding and borrow rates, the ratio of its mark to its
    close, and the change of its exchange rate too. Rows are usable where every asset can be traded there and in the row before.

    Args:
        tape: The source.
        seeds: One for each new tape.
        n_bars: T; None: that of the source. Up to it the new tape has the source's clock and calendars, beyond it rows that
            follow each other by the source's median step (24/7).
        mean_block: Mean of the blocks' geometric lengths, bars.
        round_prices: Whether prices are rounded to the instruments' ticks.

    Raises:
        ConfigError: A seed is no whole number of at least 0, `n_bars` is less than 2 or `mean_block` less than 1.
        DataError: Fewer than two rows can be used.
    """
    check_seeds(seeds)
    BootstrapSettings(n_bars=n_bars, mean_block=mean_block)  # checks them
    whole = (tape.tradable == 1).all(axis=1)
    usable = np.flatnonzero(whole[1:] & whole[:-1]) + 1
    if len(usable) < 2:
        raise DataError(f"tape {tape.name}: bootstrap needs rows where every asset trades, found {len(usable)}; choose symbols")
    n = tape.n_rows if n_bars is None else n_bars
    clock, instruments = tape.clock[:n], tape.instruments
    if n > tape.n_rows:
        step = int(np.median(np.diff(tape.open_at)))
        open_at = tape.open_at[0] + step * np.arange(n, dtype=np.int64)
        clock = clock_records(open_at, open_at + step)
        instruments = tuple(replace(instrument, calendar="24/7") for instrument in instruments)
    earned = tape.log_return()
    drawn_from = f"from {len(usable):,} of {tape.n_rows:,} rows, those in which every asset trades"
    note = f"stationary bootstrap of {tape.name}, blocks of {mean_block:g} bars in the mean, {drawn_from}"
    tapes = []
    for seed, chosen in zip(seeds, block_rows(seeds, len(usable), n, mean_block), strict=True):
        rows = usable[chosen]
        close = tape.close[usable[0] - 1] * np.exp(np.cumsum(earned[rows], axis=0))
        columns = [close * (column[rows] / tape.close[rows]) for column in (tape.open, tape.high, tape.low)]
        bars = bar_records(columns[0], np.maximum(columns[1], close), np.minimum(columns[2], close), close, tape.volume[rows])
        if round_prices:
            bars = on_grid(bars, instruments)
        terms = _terms(tape, int(usable[0]), rows, close)
        built = Tape.build(f"bootstrap-{seed}", instruments, clock, bars, terms, currency=tape.currency, close_only=tape.close_only)
        tapes.append(replace(built, notes=(*tape.notes, note)))
    return tapes


def _terms(tape: Tape, first: int, rows: np.ndarray, close: np.ndarray) -> np.ndarray | None:
    """Return the terms of resampled `rows`, or None where the tape says nothing but splits, dividends and rolls."""
    if not tape.has_terms:
        return None
    terms = neutral_terms(close.shape)
    for name in ("spread", "funding_rate", "borrow_rate"):
        terms[name] = tape.terms[name][rows]
    terms["mark"] = tape.terms["mark"][rows] * (close / tape.close[rows])
    fx = tape.terms["fx"]
    terms["fx"] = fx[first - 1] * np.exp(np.cumsum(np.log(fx[rows] / fx[rows - 1]), axis=0))
    known = any(not np.isnan(terms[name]).all() for name in ("spread", "borrow_rate", "mark"))
    return terms if known or terms["funding_rate"].any() or (terms["fx"] != 1.0).any() else None


def block_rows(seeds: Sequence[int], n_rows: int, n: int, mean_block: float) -> np.ndarray:
    """Return which of `n_rows` rows stand at `n` places, int64 (S, n).

    Blocks begin at uniform rows, have geometric lengths of mean `mean_block` and go on from the last row to the first.
    """
    uniform = drawn(seeds, 0, Purpose.MOVE, (2, n), np.random.Generator.random)
    fresh = uniform[:, 0] < 1.0 / mean_block
    fresh[:, 0] = True
    place = np.arange(n)
    begun = np.maximum.accumulate(np.where(fresh, place, 0), axis=1)
    first = np.minimum((uniform[:, 1] * n_rows).astype(np.int64), n_rows - 1)
    result: np.ndarray = (np.take_along_axis(first, begun, axis=1) + place - begun) % n_rows
    return result
