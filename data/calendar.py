"""When rows open and close: the clocks of daily bars, and the rows that a calendar expects."""

from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..market.errors import DataError, UnknownNameError
from .instant import DAY, HOUR
from .record import clock_records
from .xnys import early_closes, sessions

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "CALENDARS", "Calendar", "Stamp", "bar_clock", "check_calendar", "daily_clock", "guessed_calendar", "missing_rows", "to_utc",
]  # fmt: skip

Calendar = Literal["24/7", "24/5", "XNYS"]
Stamp = Literal["open", "close"]
CALENDARS: tuple[str, ...] = ("24/7", "24/5", "XNYS")
NEW_YORK = "America/New_York"


def check_calendar(name: str) -> None:
    """Raise `UnknownNameError` where `name` is no calendar."""
    if name not in CALENDARS:
        raise UnknownNameError("calendar", name, CALENDARS)


def daily_clock(days: np.ndarray, calendar: str) -> np.ndarray:
    """Return CLOCK records (T,) of daily bars.

    XNYS: 9:30 to 16:00 in New York, 13:00 on early closes, so a winter day closes at 21:00 UTC and a summer day at 20:00.
    24/7 and 24/5: midnight to midnight UTC.

    Args:
        days: Sessions, datetime64[D], (T,), as the exchange's own date names them.
        calendar: One of `CALENDARS`.
    """
    check_calendar(calendar)
    days = np.asarray(days, "datetime64[D]")
    midnight = days.astype("datetime64[ns]").astype(np.int64)
    if calendar != "XNYS":
        return clock_records(midnight, midnight + DAY)
    years = np.unique(days.astype("datetime64[Y]").astype(int) + 1970)
    early = np.isin(days, np.array(sorted(day for year in years for day in early_closes(int(year))), "datetime64[D]"))
    opens = midnight + 9 * HOUR + HOUR // 2
    closes = midnight + np.where(early, 13, 16) * HOUR
    return clock_records(to_utc(opens, NEW_YORK), to_utc(closes, NEW_YORK))


def bar_clock(at: np.ndarray, step_ns: int, calendar: str, stamp: Stamp = "open") -> np.ndarray:
    """Return CLOCK records (T,) of bars from their time stamps.

    Daily bars on XNYS open and close with its sessions. Others last `step_ns`, or until the next one where that is sooner.

    Args:
        at: Time stamps, int64 ns UTC, (T,), rising and unique.
        step_ns: Length of a bar.
        calendar: One of `CALENDARS`.
        stamp: Whether a bar is stamped with its open or its close.

    Raises:
        DataError: Two daily bars lie in one session.
    """
    check_calendar(calendar)
    if calendar == "XNYS" and DAY <= step_ns < 5 * DAY:
        days = _sessions_of(at)
        twice = np.flatnonzero(np.diff(days) == np.timedelta64(0, "D"))
        if len(twice):
            raise DataError(f"{len(twice)} XNYS sessions have two daily bars, first {days[twice[0]]}; pass timeframe or calendar")
        return daily_clock(days, calendar)
    if stamp == "close":
        return clock_records(np.maximum(at - step_ns, np.concatenate([[at[0] - step_ns], at[:-1]])), at)
    return clock_records(at, np.minimum(at + step_ns, np.concatenate([at[1:], [at[-1] + step_ns]])))


def guessed_calendar(at: np.ndarray) -> str:
    """Return `24/7` where any of the times (ns UTC) is on a Saturday, else `24/5`."""
    weekday = (at // DAY + 3) % 7  # 0 is Monday: day 0 of the epoch was a Thursday
    return "24/7" if (weekday == 5).any() else "24/5"


def _sessions_of(at: np.ndarray) -> np.ndarray:
    # a stamp of midnight UTC is the session's own date; others (04:00 UTC is midnight in New York) are read on its clock
    import polars as pl

    stamps = pl.Series("at", at).cast(pl.Datetime("ns", "UTC"))
    if (at % DAY != 0).any():
        stamps = stamps.dt.convert_time_zone(NEW_YORK)
    return stamps.dt.date().to_numpy().astype("datetime64[D]")


def to_utc(local: np.ndarray, timezone: str) -> np.ndarray:
    """Return the instants, int64 ns UTC, of `local` clock times of `timezone` counted in ns as if they were UTC.

    polars carries its own time zones, so this works where the system has none. A time that occurs twice is the earlier one; one
    that does not exist, in the hour that spring skips, is taken with the offset before the change.
    """
    if timezone == "UTC":
        return np.asarray(local, np.int64)
    local = np.asarray(local, np.int64)
    at = _zoned(local, timezone)
    skipped = at.is_null().to_numpy()
    result = at.fill_null(0).to_numpy().copy()
    if skipped.any():
        result[skipped] = _zoned(local[skipped] - HOUR, timezone).to_numpy() + HOUR
    return result


def _zoned(local: np.ndarray, timezone: str) -> "pl.Series":
    import polars as pl

    naive = pl.Series("at", local).cast(pl.Datetime("ns"))
    return naive.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null").cast(pl.Int64)


def missing_rows(open_at: np.ndarray, step_ns: int, calendar: str) -> np.ndarray:
    """Return the opens (ns UTC) that `calendar` expects between the first and the last row and that are not there.

    Daily rows are compared by session date. Shorter ones are expected every `step_ns` on 24/7; on 24/5 from Sunday 22:00 to
    Friday 20:00 UTC, which are inside the week in summer and winter; on XNYS only days without any row are looked for.

    Args:
        open_at: Opens of the rows, int64 ns UTC, rising.
        step_ns: Length of a bar.
        calendar: One of `CALENDARS`.
    """
    check_calendar(calendar)
    if len(open_at) < 2:
        return np.zeros(0, np.int64)
    if calendar == "XNYS" or step_ns >= DAY:
        seen = np.unique(_sessions_of(open_at) if calendar == "XNYS" else open_at.astype("datetime64[ns]").astype("datetime64[D]"))
        first, last = (date.fromisoformat(str(day)) for day in (seen[0], seen[-1]))
        if calendar == "XNYS":
            expected = sessions(first, last)
        else:
            expected = np.arange(seen[0], seen[-1] + 1, np.timedelta64(max(step_ns // DAY, 1), "D"))
            if calendar == "24/5":
                expected = expected[np.is_busday(expected)]
        return np.setdiff1d(expected, seen).astype("datetime64[ns]").astype(np.int64)
    expected_at = np.arange(open_at[0], open_at[-1] + 1, step_ns, dtype=np.int64)
    if calendar == "24/5":
        hours = (expected_at // HOUR + 4 * 24) % 168  # since Sunday 0:00: day 0 of the epoch was a Thursday
        expected_at = expected_at[(hours >= 22) & (hours < 5 * 24 + 20)]
    return np.setdiff1d(expected_at, open_at)
