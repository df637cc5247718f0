"""Instants in int64 ns UTC, and how people write them."""

from datetime import UTC, date, datetime

import numpy as np

from ..market.errors import DataError

__all__ = ["DAY", "HOUR", "MINUTE", "SECOND", "Instant", "iso", "to_ns"]

Instant = int | str | date | datetime | np.integer
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def to_ns(value: Instant) -> int:
    """Return the instant of `value` in ns UTC: an int is taken as ns, a date is its midnight, a naive time is UTC.

    Raises:
        DataError: A text that is no ISO date or time.
    """
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise DataError(f"{value!r} is no ISO date or time; write 2013-06-28 or 2013-06-28T20:00") from None
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1_000


def iso(at: int | np.integer) -> str:
    """Return the UTC time of `at` (ns) as short as it can be written: the date alone at midnight."""
    text = str(np.datetime64(int(at), "ns"))
    day, _, clock = text.partition("T")
    if clock.startswith("00:00:00.000000000"):
        return day
    return f"{day} {clock[:5]}" if clock[6:] == "00.000000000" else f"{day} {clock.rstrip('0').rstrip('.')}"
