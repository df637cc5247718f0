"""Which session of its calendar a row belongs to, and which rows open and close sessions."""

from collections.abc import Sequence

import numpy as np

from ..market.errors import ShapeError
from ..market.instrument import Instrument
from .calendar import NEW_YORK, check_calendar
from .instant import DAY, HOUR

__all__ = ["columns_by_calendar", "session_day", "session_edges"]

DAY_STARTS = {"XNYS": 0, "24/5": 17 * HOUR}  # clock time in New York at which a session's day begins


def session_day(open_at: np.ndarray, calendar: str) -> np.ndarray:
    """Return the session of each row as days since 1970, int64 (T,).

    24/7: the UTC date of the open. XNYS: its date in New York. 24/5: the date in New York of the day that ends at 17:00
    there, so that Sunday's evening belongs to Monday.

    Args:
        open_at: Opens of the rows, int64 ns UTC, (T,), rising.
        calendar: One of `calendar.CALENDARS`; another one raises `UnknownNameError`.

    Raises:
        ShapeError: The opens are no whole numbers, such as datetime64 of another unit, or not (T,).
    """
    check_calendar(calendar)
    given = np.asarray(open_at)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise ShapeError(f"open_at must be int64 ns UTC of shape (T,), was {given.dtype} of shape {given.shape}")
    at: np.ndarray = given.astype(np.int64, copy=False)
    if calendar not in DAY_STARTS:
        return at // DAY
    start = DAY_STARTS[calendar]
    local: np.ndarray = at + _new_york_offset(at) + (DAY - start) % DAY
    return local // DAY


def session_edges(open_at: np.ndarray, calendar: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows open and which close a session, two uint8 (T,): 1 where they do.

    A session is a run of rows with one `session_day`. The first row opens one and the last row closes one.
    """
    day = session_day(open_at, calendar)
    changes = np.ones(len(day) + 1, np.uint8)
    changes[1:-1] = day[1:] != day[:-1]
    return changes[:-1], changes[1:]


def columns_by_calendar(instruments: Sequence[Instrument]) -> dict[str, list[int]]:
    """Return the positions of the `instruments` on each calendar that any of them has."""
    columns: dict[str, list[int]] = {}
    for index, instrument in enumerate(instruments):
        columns.setdefault(instrument.calendar, []).append(index)
    return columns


def _new_york_offset(at: np.ndarray) -> np.ndarray:
    import polars as pl

    # it changes on whole hours of UTC only, so one look for each hour that occurs is enough
    hour = at // HOUR
    new = np.ones(len(hour), bool)
    new[1:] = hour[1:] != hour[:-1]
    utc = hour[new] * HOUR
    zoned = pl.Series("at", utc).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(NEW_YORK)
    local: np.ndarray = zoned.dt.replace_time_zone(None).cast(pl.Int64).to_numpy()
    offset: np.ndarray = np.repeat(local - utc, np.diff(np.append(np.flatnonzero(new), len(at))))
    return offset
