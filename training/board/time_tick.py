"""Dates along an axis."""

import numpy as np

__all__ = ["time_ticks"]

DAY_NS = 86_400_000_000_000
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
DAYS = (1, 2, 5, 10, 20)
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def time_ticks(first: int, last: int, most: int = 7) -> list[tuple[float, str]]:
    """Return (moment, text) of round dates between two moments in ns UTC: years, months, days or times of the day.

    Args:
        first: Where the axis begins.
        last: Where it ends.
        most: Ticks, about.
    """
    days = (last - first) / DAY_NS
    if days >= 60.0:
        every = next((step for step in MONTHS if days / 30.4 / step <= most), MONTHS[-1])
        months = range(_number(first, "M"), _number(last, "M") + 1)
        kept = [month for month in months if month % every == 0]
        return _inside(first, last, [(_ns(month, "M"), _month_name(month, every)) for month in kept])
    if days >= 2.0:
        every = next((step for step in DAYS if days / step <= most), DAYS[-1])
        numbers = range(first // DAY_NS, last // DAY_NS + 1, every)
        return _inside(first, last, [(_ns(day, "D"), _day_name(day)) for day in numbers])
    moments = np.linspace(first, last, 4).astype(np.int64)[1:-1]
    return [(float(at), str(np.datetime64(int(at), "ns").astype("datetime64[m]"))[11:]) for at in moments]


def _inside(first: int, last: int, ticks: list[tuple[int, str]]) -> list[tuple[float, str]]:
    return [(float(at), text) for at, text in ticks if first <= at <= last]


def _number(at: int, unit: str) -> int:
    return int(np.datetime64(at, "ns").astype(f"datetime64[{unit}]").astype(np.int64))


def _ns(number: int, unit: str) -> int:
    return int(np.datetime64(number, unit).astype("datetime64[ns]").astype(np.int64))  # type: ignore[call-overload]


def _month_name(month: int, every: int) -> str:
    year, index = 1970 + month // 12, month % 12
    return str(year) if every >= 12 else f"{NAMES[index]} {year}"


def _day_name(day: int) -> str:
    year, month, number = str(np.datetime64(day, "D")).split("-")
    return f"{int(number)} {NAMES[int(month) - 1]} {year}"
