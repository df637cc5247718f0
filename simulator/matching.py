"""Does an order meet the path at a point, and at which reference price."""

import math

import numpy as np

from ..market.grid import on_grid
from ..market.kernel import kernel
from .arrays import TapeArrays
from .path import AT_OPEN, crossing_time, path_price, point_price, point_time
from .pool import IOC, LIMIT, MARKET, OPEN, PARTIALLY_FILLED

__all__ = ["can_act_inside", "meet", "reach"]


@kernel
def reach(kind: int, buys: bool, limit: float, stop: float, first: float, last: float, touch: bool) -> tuple[bool, float]:
    """An order that works while the path goes from `first` to `last` -> (whether it is hit, reference price)."""
    if kind == MARKET:
        return True, first
    if kind == LIMIT:
        if buys:
            low = min(first, last)
            return low < limit or (touch and low == limit), min(limit, first)
        high = max(first, last)
        return high > limit or (touch and high == limit), max(limit, first)
    if buys:
        return max(first, last) >= stop, max(stop, first)
    return min(first, last) <= stop, min(stop, first)


@kernel
def meet(
    e: int,
    i: int,
    row: int,
    point: int,
    tape: TapeArrays,
    rules: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
) -> tuple[bool, float, int, float]:
    """Working order i at `point` of the bar -> (hit, reference price, time of it, room that its limit leaves)."""
    asset = np.int64(orders[e, i].asset)
    if (orders[e, i].state != OPEN and orders[e, i].state != PARTIALLY_FILLED) or orders[e, i].after >= 3:
        return False, 0.0, 0, 0.0
    if not tape.bars[row, asset].tradable:
        return False, 0.0, 0, 0.0
    kind, path = np.int64(orders[e, i].kind), np.int64(position[e, asset].path)
    arrival, expiry = orders[e, i].arrives_at, orders[e, i].expires_at
    opened = tape.clock[row].open_at
    at = opened
    if point == 0:
        if arrival > opened:
            return False, 0.0, 0, 0.0
        first = last = point_price(tape.bars, row, asset, path, AT_OPEN)
    else:
        start, end = point_time(tape.clock, row, point - 1), point_time(tape.clock, row, point)
        arriving = arrival > opened and arrival >= start
        if arrival >= end or expiry <= start or (not arriving and (kind == MARKET or orders[e, i].tif == IOC)):
            return False, 0.0, 0, 0.0
        at = max(arrival, start)
        first = path_price(tape.bars, tape.clock, row, asset, path, point, at)
        last = path_price(tape.bars, tape.clock, row, asset, path, point, min(expiry, end))
        if orders[e, i].tif == IOC:
            last = first
    buys = orders[e, i].lots > 0
    tick = tape.instruments[asset].tick
    limit, stop = on_grid(orders[e, i].price_ticks, tick), on_grid(orders[e, i].stop_ticks, tick)
    hit, reference = reach(kind, buys, limit, stop, first, last, rules[e].limit_touch == 1)
    if hit and reference != first:
        at = max(at, crossing_time(tape.bars, tape.clock, row, asset, path, point, reference))
    return hit, reference, at, abs(limit - reference) if kind == LIMIT else math.inf


@kernel
def can_act_inside(
    e: int, i: int, row: int, tape: TapeArrays, orders: np.ndarray
) -> bool:
    """A quick look before any path is run: could order i be hit anywhere between this bar's low and high."""
    asset = np.int64(orders[e, i].asset)
    if (orders[e, i].state != OPEN and orders[e, i].state != PARTIALLY_FILLED) or orders[e, i].after >= 3:
        return False
    if not tape.bars[row, asset].tradable:
        return False
    kind = np.int64(orders[e, i].kind)
    arriving = orders[e, i].arrives_at > tape.clock[row].open_at
    if kind == MARKET or orders[e, i].tif == IOC:
        return bool(arriving)
    tick = tape.instruments[asset].tick
    below = (kind == LIMIT) == (orders[e, i].lots > 0)  # buy limits and sell stops wait below the market
    level = on_grid(orders[e, i].price_ticks if kind == LIMIT else orders[e, i].stop_ticks, tick)
    return bool(tape.bars[row, asset].low <= level) if below else bool(tape.bars[row, asset].high >= level)
