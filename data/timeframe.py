"""Length of a bar: as people write it, and as the times of a file show it."""

import re

import numpy as np

from ..market.errors import ConfigError, DataError
from .instant import DAY, HOUR, MINUTE, SECOND

__all__ = ["common_step", "parse_timeframe", "timeframe_text"]

UNITS = {"s": SECOND, "m": MINUTE, "min": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}


def parse_timeframe(text: str) -> int:
    """Return the ns of a timeframe such as `1m`, `15min`, `4h`, `1d` or `1w`; anything else raises `ConfigError`."""
    match = re.fullmatch(r"(\d+)\s*([a-z]+)", text.strip().lower())
    if match is None or match[2] not in UNITS or int(match[1]) == 0:
        raise ConfigError(f"timeframe {text!r} must be a number and a unit of {', '.join(UNITS)}, such as 5m, 1h or 1d")
    return int(match[1]) * UNITS[match[2]]


def timeframe_text(step_ns: int) -> str:
    """Return `step_ns` as `parse_timeframe` reads it, in the largest unit that divides it; seconds where none does."""
    for unit in ("w", "d", "h", "m"):
        if step_ns % UNITS[unit] == 0:
            return f"{step_ns // UNITS[unit]}{unit}"
    return f"{step_ns / SECOND:g}s"


def common_step(symbol: np.ndarray, at: np.ndarray, where: str) -> int:
    """Return the most common step, ns, between consecutive times of one asset; the shorter of two equally common ones.

    Args:
        symbol: Asset of each row, (N,).
        at: Time of each row, int64 ns, (N,), in any order.
        where: Name of the data for messages.

    Raises:
        DataError: No asset has two different times.
    """
    _, asset = np.unique(symbol, return_inverse=True)
    order = np.lexsort((at, asset))
    steps = np.diff(at[order])[np.diff(asset[order]) == 0]
    values, counts = np.unique(steps[steps > 0], return_counts=True)
    if len(values) == 0:
        raise DataError(f"{where}: one bar an asset is too short to tell the timeframe; pass timeframe")
    return int(values[counts.argmax()])
