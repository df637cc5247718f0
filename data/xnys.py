"""Sessions of the New York Stock Exchange (XNYS), 1994 to 2030, by rule.

Written out instead of taken from `exchange_calendars` because opening a sample would else import pandas (half a second)
and an optional dependency; a test compares every day with that package. Before 1994 the rules are not checked.
"""

from datetime import date, timedelta
from functools import cache

import numpy as np

__all__ = ["early_closes", "holidays", "sessions"]

MONDAY, THURSDAY = 0, 3
# closed for events, not by rule: funerals of presidents, 11 September 2001, hurricane Sandy
CLOSED = (
    "1994-04-27", "2001-09-11", "2001-09-12", "2001-09-13", "2001-09-14", "2004-06-11", "2007-01-02",
    "2012-10-29", "2012-10-30", "2018-12-05", "2025-01-09",
)  # fmt: skip
EARLY = ("1997-12-26", "1999-12-31", "2003-12-26")  # closed at 13:00 by decision


def sessions(first: date, last: date) -> np.ndarray:
    """Return the days from `first` to `last`, both included, on which the exchange is open, datetime64[D]."""
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
    closed = np.array(sorted(day for year in range(first.year, last.year + 1) for day in holidays(year)), "datetime64[D]")
    return days[np.is_busday(days, holidays=closed)]


@cache
def holidays(year: int) -> frozenset[date]:
    """Return the weekdays of `year` on which the exchange is closed."""
    easter = _easter(year)
    days = {
        _nth(year, 2, MONDAY, 3),  # Washington's birthday
        easter - timedelta(days=2),  # Good Friday
        _nth(year, 6, MONDAY, 1) - timedelta(days=7),  # Memorial Day: the last Monday of May
        _observed(date(year, 7, 4)),
        _nth(year, 9, MONDAY, 1),  # Labor Day
        _nth(year, 11, THURSDAY, 4),  # Thanksgiving
        _observed(date(year, 12, 25)),
    }
    if (new_year := date(year, 1, 1)).weekday() != 5:  # a Saturday's is not moved into the old year
        days.add(_observed(new_year))
    if year >= 1998:
        days.add(_nth(year, 1, MONDAY, 3))  # Martin Luther King
    if year >= 2022:
        days.add(_observed(date(year, 6, 19)))  # Juneteenth
    return frozenset(days | {date.fromisoformat(day) for day in CLOSED if day.startswith(str(year))})


@cache
def early_closes(year: int) -> frozenset[date]:
    """Return the days of `year` on which the exchange closes at 13:00 instead of 16:00."""
    days = {_nth(year, 11, THURSDAY, 4) + timedelta(days=1)}
    if date(year, 12, 24).weekday() <= THURSDAY:
        days.add(date(year, 12, 24))
    weekday = date(year, 7, 4).weekday()
    if weekday == THURSDAY and year < 2013:
        days.add(date(year, 7, 5))
    elif weekday in (1, 2, 3, 4):
        days.add(date(year, 7, 3))
    return frozenset(days | {date.fromisoformat(day) for day in EARLY if day.startswith(str(year))})


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _observed(day: date) -> date:
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _easter(year: int) -> date:
    # Source: Meeus/Jones/Butcher, Astronomical Algorithms (1991), chapter 8
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
