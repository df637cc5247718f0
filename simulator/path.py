"""The path inside a bar: four points at 0, 1/3, 2/3 and 1 of its time, joined by straight lines."""

import numpy as np

from ..market.kernel import constant, kernel

__all__ = ["AT_OPEN", "OHLC", "OLHC", "crossing_time", "fx_at", "path_price", "point_price", "point_time"]

OLHC, OHLC = constant(0), constant(1)  # POSITION.path
AT_OPEN = constant(0)  # point


@kernel(inline=True)
def point_price(bars: np.ndarray, row: int, asset: int, path: int, point: int) -> float:
    """Price at point 0..3 of the bar."""
    if point == 0:
        return float(bars[row, asset].open)
    if point == 3:
        return float(bars[row, asset].close)
    if (point == 1) == (path == OLHC):
        return float(bars[row, asset].low)
    return float(bars[row, asset].high)


@kernel
def point_time(clock: np.ndarray, row: int, point: int) -> int:
    """Ns UTC of point 0..3 of the bar."""
    opened = clock[row].open_at
    return int(opened + (clock[row].close_at - opened) * point // 3)


@kernel
def path_price(bars: np.ndarray, clock: np.ndarray, row: int, asset: int, path: int, point: int, at: int) -> float:
    """Price at time `at`, which lies on the segment that ends in `point`."""
    start, end = point_time(clock, row, point - 1), point_time(clock, row, point)
    first, last = point_price(bars, row, asset, path, point - 1), point_price(bars, row, asset, path, point)
    if at >= end:
        return float(last)
    if at <= start:
        return float(first)
    price = first + (last - first) * ((at - start) / (end - start))
    return float(max(min(first, last), min(max(first, last), price)))


@kernel
def crossing_time(bars: np.ndarray, clock: np.ndarray, row: int, asset: int, path: int, point: int, price: float) -> int:
    """When the segment that ends in `point` reaches `price`."""
    start, end = point_time(clock, row, point - 1), point_time(clock, row, point)
    first, last = point_price(bars, row, asset, path, point - 1), point_price(bars, row, asset, path, point)
    if last == first:
        return int(end)
    share = max(0.0, min(1.0, (price - first) / (last - first)))
    return int(start + int(share * (end - start)))


@kernel(inline=True)
def fx_at(terms: np.ndarray, row: int, asset: int) -> float:
    """Account currency per quote currency."""
    return float(terms[row, asset].fx) if terms.shape[0] > 0 else 1.0
