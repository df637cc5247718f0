"""Times as files write them: typed, counted since 1970 in four units, or text in the usual formats."""

from datetime import UTC, datetime
from zoneinfo import available_timezones

import numpy as np
import polars as pl

from ..market.errors import DataError, UnknownNameError
from .calendar import to_utc

__all__ = ["check_timezone", "parse_times"]

FORMATS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M%z", "%Y-%m-%dT%H:%M%z", "%Y-%m-%d %H:%M:%S%.f %z",
    "%Y/%m/%d", "%Y/%m/%d %H:%M:%S%.f", "%Y/%m/%d %H:%M", "%Y.%m.%d", "%Y.%m.%d %H:%M:%S%.f", "%Y.%m.%d %H:%M",
    "%d.%m.%Y", "%d.%m.%Y %H:%M:%S%.f", "%d.%m.%Y %H:%M", "%Y%m%d %H%M%S", "%Y%m%d %H:%M:%S", "%Y%m%d %H:%M",
    "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S%.f", "%d/%m/%Y %H:%M:%S%.f", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M",
    "%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y",
)  # fmt: skip
# Largest count that can be meant in each unit: 1e11 s is the year 5138, 1e11 ms is 1973.
WRITTEN = ((10, "%Y%m%d%H%M"), (12, "%Y%m%d%H%M"), (14, "%Y%m%d%H%M%S"))  # digits of 2017071402 (minutes are added), ...
EARLIEST = 1e8  # seconds, March 1973: a column that stays below it counts rows or days, or holds years
UNITS = ((1e11, 1_000_000_000), (1e14, 1_000_000), (1e17, 1_000), (np.inf, 1))


def parse_times(times: pl.Series, where: str, *, timezone: str = "UTC", time_format: str | None = None) -> np.ndarray:
    """Return instants in int64 ns UTC.

    Args:
        times: Dates, times (aware or naive), numbers (YYYYMMDD, also with HH, HHMM or HHMMSS behind it, or counted since 1970
            in s, ms, us or ns, told apart by their size), or text.
        where: Name of the file and column for messages.
        timezone: Zone of naive times.
        time_format: Format of texts (and of whole numbers), as in strptime; None: the usual ones are tried, and must agree.

    Raises:
        UnknownNameError: The zone is unknown.
        DataError: A time is missing or cannot be read, or day and month cannot be told apart.
    """
    check_timezone(timezone)
    if times.null_count():
        raise DataError(f"{where}: {times.null_count()} times are missing, first in row {int(times.is_null().arg_true()[0]) + 1}")
    if times.dtype == pl.String:
        texts = times.str.strip_chars()
        numbers = texts.cast(pl.Float64, strict=False)
        if time_format is not None or numbers.null_count():
            return _texts(texts, where, timezone, time_format)
        times = texts.cast(pl.Int64, strict=False) if texts.cast(pl.Int64, strict=False).null_count() == 0 else numbers
    if times.dtype == pl.Date:
        return to_utc(times.cast(pl.Datetime("ns")).cast(pl.Int64).to_numpy(), timezone)
    if isinstance(times.dtype, pl.Datetime):
        aware = times.dtype.time_zone is not None  # stored in UTC whatever the zone
        at = times.dt.cast_time_unit("ns").cast(pl.Int64).to_numpy()
        return np.asarray(at if aware else to_utc(at, timezone))
    if times.dtype.is_integer() and time_format is not None:
        return _texts(times.cast(pl.String), where, timezone, time_format)
    if times.dtype.is_numeric():
        return _numbers(times, where, timezone)
    raise DataError(f"{where}: times have type {times.dtype}; needs dates, times, text or numbers")


def check_timezone(name: str) -> None:
    """Raise `ConfigError` where `name` is no zone, with a suggestion."""
    try:
        pl.Series([datetime(2000, 1, 1)]).dt.replace_time_zone(name)
    except pl.exceptions.PolarsError:
        raise UnknownNameError("timezone", name, {*available_timezones(), "UTC"}) from None


def _numbers(times: pl.Series, where: str, timezone: str) -> np.ndarray:
    values: np.ndarray = times.to_numpy()
    if not np.isfinite(values).all():
        raise DataError(f"{where}: {int((~np.isfinite(values)).sum())} times are no number")
    if len(values) and values.min() >= 19_000_101 and values.max() <= 21_001_231:
        return _texts(times.cast(pl.Int64).cast(pl.String), where, timezone, "%Y%m%d")
    if (written := _written(times, values, timezone)) is not None:
        return written
    if len(values) and np.abs(values).max() < EARLIEST:
        raise DataError(f"{where}: numbers such as {values[0]:g} count no time since 1970 (all would lie before March 1973); "
                        "pass time_format, or name the column of times")
    unit = next(unit for limit, unit in UNITS if len(values) == 0 or np.abs(values).max() < limit)
    if np.issubdtype(values.dtype, np.integer):
        return np.asarray(values.astype(np.int64) * unit)
    whole = np.floor(values)  # seconds with a fraction keep microseconds
    return np.asarray(whole.astype(np.int64) * unit + np.round((values - whole) * unit / 1_000).astype(np.int64) * 1_000)


def _written(times: pl.Series, values: np.ndarray, timezone: str) -> np.ndarray | None:
    # 14 digits would overflow as a count, 12 lie in 1976 as milliseconds, 10 after 2030 as seconds
    for digits, text_format in WRITTEN:
        scale = 10 ** (digits - 8)
        if len(values) and values.min() >= 19_000_101 * scale and values.max() < 21_010_101 * scale:
            texts = times.cast(pl.Int64).cast(pl.String)
            at = _parsed(texts + "00" if digits == 10 else texts, text_format)
            return to_utc(at.to_numpy(), timezone) if at.null_count() == 0 else None
    return None


def _texts(texts: pl.Series, where: str, timezone: str, time_format: str | None) -> np.ndarray:
    texts = texts.str.replace(r"Z$", "+0000").str.replace(r" UTC$", "+0000")
    formats = FORMATS if time_format is None else (time_format,)
    head = texts.head(100)
    misfits = {text_format: _parsed(head, text_format).null_count() for text_format in formats}
    found: list[tuple[str, np.ndarray]] = []
    for text_format in (text_format for text_format in formats if misfits[text_format] == 0):
        at = _parsed(texts, text_format)
        if at.null_count() == 0:
            found.append((text_format, at.to_numpy() if "%z" in text_format else to_utc(at.to_numpy(), timezone)))
    if not found:
        best = min(formats, key=misfits.__getitem__)
        wrong = _parsed(texts, best).is_null()
        row = int(wrong.arg_true()[0])
        like = "" if misfits[best] == len(head) and time_format is None else f" of format {best}"
        raise DataError(f"{where}: {texts[row]!r} in row {row + 1} cannot be read as a time{like}; pass time_format")
    if any(not np.array_equal(at, found[0][1]) for _, at in found[1:]):
        names = " and ".join(text_format for text_format, _ in found[:2])
        raise DataError(f"{where}: times such as {texts[0]!r} fit {names}; pass time_format")
    return found[0][1]


def _parsed(texts: pl.Series, text_format: str) -> pl.Series:
    zone = UTC.tzname(None) if "%z" in text_format else None
    return texts.str.to_datetime(text_format, time_unit="ns", time_zone=zone, strict=False, exact=True).cast(pl.Int64)
