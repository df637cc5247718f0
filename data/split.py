"""Train, validation and test: parts of a tape in time, with rows left out between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..market.errors import ConfigError, DataError
from .instant import DAY, Instant, iso, to_ns
from .tape import Tape

__all__ = ["RowRange", "Split", "split_tape"]

Period = Sequence[Instant]


class RowRange(NamedTuple):
    """Rows [start, stop) of a tape."""

    start: int
    stop: int

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.stop - self.start

    def of(self, tape: Tape) -> Tape:
        """Return these rows of `tape`, without copying."""
        return tape.slice(self.start, self.stop)


@dataclass(frozen=True, kw_only=True)
class Split:
    """Three parts of one tape, in order of time and apart from each other.

    Attributes:
        train: Rows that everything is fitted on.
        validation: Rows that choices are made on.
        test: Rows that results are reported on.
    """

    train: RowRange
    validation: RowRange
    test: RowRange


def split_tape(
    tape: Tape,
    *,
    train: Period,
    validation: Period,
    test: Period,
    purge_bars: int = 0,
    embargo_bars: int = 0,
    window: int = 1,
) -> Split:
    """Return the rows of three periods of `tape`.

    A row belongs to a period when it opens and closes inside; a last day given as a date counts whole. Between two parts, the
    last `purge_bars` rows before the later one's period are left out of the earlier one, as labels there look into the later
    one, and the first `embargo_bars` rows after the earlier one's period are left out of the later one, as features there look
    back. Source of the terms: Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 7.

    Args:
        tape: The whole tape.
        train: First and last instant (ns, ISO text, date or time; naive is UTC), both included.
        validation: Likewise, after `train`.
        test: Likewise, after `validation`.
        purge_bars: Rows left out before a boundary.
        embargo_bars: Rows left out after a boundary.
        window: Rows that one observation spans; a part must hold this many and two more, to decide and to be filled.

    Raises:
        ConfigError: Periods overlap or are out of order, or a number is negative.
        DataError: A part has too few rows left.
    """
    if purge_bars < 0 or embargo_bars < 0 or window < 1:
        numbers = f"{purge_bars}, {embargo_bars} and {window}"
        raise ConfigError(f"split needs purge_bars >= 0, embargo_bars >= 0 and window >= 1, was {numbers}")
    periods = {"train": train, "validation": validation, "test": test}
    bounds = {name: _bounds(name, period) for name, period in periods.items()}
    names = list(periods)
    for earlier, later in pairwise(names):
        if bounds[later][0] <= bounds[earlier][1]:
            begin, end = periods[later][0], periods[earlier][1]
            raise ConfigError(f"data.{later} begins {begin}, data.{earlier} ends {end}; periods must follow each other")
    found = [_rows(tape, *pair) for pair in bounds.values()]
    parts = {}
    for index, (name, rows) in enumerate(zip(names, found, strict=True)):
        start = rows.start if index == 0 else max(rows.start, found[index - 1].stop + embargo_bars)
        stop = rows.stop if index == len(found) - 1 else min(rows.stop, found[index + 1].start - purge_bars)
        if stop - start < window + 2:
            first, last = periods[name]
            raise DataError(
                f"tape {tape.name}: data.{name} ({first} to {last}) has {max(stop - start, 0)} rows after purge ({purge_bars}) and "
                f"embargo ({embargo_bars}), needs window + 2 = {window + 2}; the tape spans {iso(tape.open_at[0])} to "
                f"{iso(tape.close_at[-1])} in {tape.n_rows} rows"
            )
        parts[name] = RowRange(start, stop)
    return Split(**parts)


def _bounds(name: str, period: Period) -> tuple[int, int]:
    if isinstance(period, str) or len(period) != 2:
        raise ConfigError(f"data.{name} must be two dates, the first and the last, was {period!r}")
    first, last = to_ns(period[0]), to_ns(period[1])
    if _is_date(period[1]):
        last += DAY - 1
    if last < first:
        raise ConfigError(f"data.{name} must end after it begins, was {period[0]} to {period[1]}")
    return first, last


def _is_date(value: Instant) -> bool:
    if isinstance(value, str):
        return not any(sign in value for sign in ("T", "t", " ", ":"))
    return not isinstance(value, int | np.integer | datetime)


def _rows(tape: Tape, first: int, last: int) -> RowRange:
    start = int(np.searchsorted(tape.open_at, first, side="left"))
    # a bar that closes at the next midnight ends with the day
    return RowRange(start, max(start, int(np.searchsorted(tape.close_at, last + 1, side="right"))))
