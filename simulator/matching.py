"""Does an order meet the path at a point, and at which reference price; kernels."""

import math

import numpy as np

from ..market.grid import on_grid
from ..market.kernel import constant, kernel
from .arrays import TapeArrays
from .path import AT_OPEN, crossing_time, path_price, point_price, point_time
from .pool import (
    FOR_CLOSE,
    FOR_OPEN,
    LIMIT,
    MARKET,
    OPEN,
    PARTIALLY_FILLED,
    STOP_LIMIT,
    TRAILING_STOP,
    has_one_look,
    open_lots,
)
from .trailing import trail_distance, trail_stop

__all__ = ["BLIND", "HIT", "INSIDE", "MISSED", "TAKES", "TO_OPEN", "TRAILS", "TRIGGERED", "meet", "quick_look", "reach"]

BLIND = constant(0)  # not looked at
MISSED = constant(1)
HIT = constant(2)
TRIGGERED = constant(3)  # the stop of a stop-limit is touched, its limit is not reached
TAKES = constant(4)  # a post-only order would fill at its first look
TO_OPEN, INSIDE, TRAILS = constant(1), constant(2), constant(4)  # what a quick look finds
HAIR = 1e-9  # of a price: more than rounding moves a stop


@kernel(inline=True)
def quick_look(e: int, i: int, row: int, tape: TapeArrays, orders: np.ndarray) -> int:
    """Before any path is run: may order i act at the open, or between this bar's low and high; does it trail the path."""
    state = orders[e, i].state
    if (state != OPEN and state != PARTIALLY_FILLED) or orders[e, i].after >= 3:
        return 0
    asset, level = orders[e, i].asset, orders[e, i].level
    if tape.bars[row, asset].tradable == 0:
        return 0
    if orders[e, i].rested == 0:
        return TO_OPEN | INSIDE
    kind, buys = orders[e, i].kind, orders[e, i].lots > 0
    if kind == MARKET:
        return TO_OPEN
    found = 0
    if kind == TRAILING_STOP:
        found = TRAILS
        best = tape.bars[row, asset].low if buys else tape.bars[row, asset].high
        gap = tape.bars[row, asset].high - tape.bars[row, asset].low
        if gap >= trail_distance(e, i, best, tape, orders) - HAIR * tape.bars[row, asset].high:
            found = TRAILS | INSIDE
    if (kind == LIMIT) == buys:  # buy limits and sell stops wait below the market
        if tape.bars[row, asset].low > level:
            return found
        return found | (TO_OPEN | INSIDE if tape.bars[row, asset].open <= level else INSIDE)
    if tape.bars[row, asset].high < level:
        return found
    return found | (TO_OPEN | INSIDE if tape.bars[row, asset].open >= level else INSIDE)


@kernel(inline=True)
def in_its_row(e: int, i: int, row: int, tape: TapeArrays, orders: np.ndarray) -> bool:
    """Whether order i, for the open or the close of a session, has its look in this row."""
    asset, arrival = orders[e, i].asset, orders[e, i].arrives_at
    if orders[e, i].tif == FOR_OPEN:
        return bool(tape.bars[row, asset].opens == 1 and arrival <= tape.clock[row].open_at)
    early = arrival <= tape.clock[row].open_at or arrival < tape.clock[row].close_at
    return bool(tape.bars[row, asset].closes == 1 and early)


@kernel
def reach_limit(buys: bool, limit: float, first: float, last: float, touch: bool) -> tuple[bool, float]:
    """A limit order while the path goes from `first` to `last` -> (whether it is hit, reference price)."""
    if buys:
        low = min(first, last)
        return low < limit or (touch and low == limit), min(limit, first)
    high = max(first, last)
    return high > limit or (touch and high == limit), max(limit, first)


@kernel
def reach(kind: int, buys: bool, limit: float, stop: float, first: float, last: float, touch: bool) -> tuple[int, float, bool]:
    """An order that works while the path goes from `first` to `last` -> (HIT, MISSED or TRIGGERED, reference, taker).

    A limit order takes liquidity where the first price that it sees fills it; a stop-limit is one from its stop on.
    """
    if kind == MARKET:
        return HIT, first, True
    start = first
    if kind != LIMIT:
        if not (max(first, last) >= stop if buys else min(first, last) <= stop):
            return MISSED, first, True
        start = max(stop, first) if buys else min(stop, first)
        if kind != STOP_LIMIT:
            return HIT, start, True
    hit, price = reach_limit(buys, limit, start, last, touch)
    takes, _ = reach_limit(buys, limit, start, start, touch)
    if hit:
        return HIT, price, takes
    return MISSED if kind == LIMIT else TRIGGERED, price, takes


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
) -> tuple[int, float, int, float, bool]:
    """Working order i at `point` of the bar -> (what it finds, reference price, time of it, room its limit leaves, maker)."""
    asset = np.int64(orders[e, i].asset)
    state = orders[e, i].state
    if (state != OPEN and state != PARTIALLY_FILLED) or orders[e, i].after >= point:
        return BLIND, 0.0, 0, 0.0, False
    if tape.bars[row, asset].tradable == 0 or open_lots(e, i, orders) == 0:
        return BLIND, 0.0, 0, 0.0, False
    kind, tif, path = np.int64(orders[e, i].kind), orders[e, i].tif, np.int64(position[e, asset].path)
    arrival, expiry = orders[e, i].arrives_at, orders[e, i].expires_at
    opened, fresh = tape.clock[row].open_at, orders[e, i].rested == 0
    at = opened
    if tif >= FOR_OPEN and not in_its_row(e, i, row, tape, orders):
        return BLIND, 0.0, 0, 0.0, False
    if tif == FOR_CLOSE:
        at = tape.clock[row].close_at
        if point != 3 or expiry < at:
            return BLIND, 0.0, 0, 0.0, False
        first = last = point_price(tape.bars, row, asset, path, point)
    elif point == 0:
        if arrival > opened:
            return BLIND, 0.0, 0, 0.0, False
        first = last = point_price(tape.bars, row, asset, path, AT_OPEN)
    else:
        start, end = point_time(tape.clock, row, point - 1), point_time(tape.clock, row, point)
        begins = fresh or orders[e, i].after == point - 1  # it comes inside the bar, or had nothing to fill before
        if arrival >= end or expiry <= start or tif == FOR_OPEN or (kind == MARKET and not begins):
            return BLIND, 0.0, 0, 0.0, False
        at = max(arrival, start)
        first = path_price(tape.bars, tape.clock, row, asset, path, point, at)
        last = path_price(tape.bars, tape.clock, row, asset, path, point, min(expiry, end))
        if has_one_look(tif):
            last = first
    buys, touch = orders[e, i].lots > 0, rules[e].limit_touch == 1
    tick = tape.instruments[asset].tick
    limit, stop = on_grid(orders[e, i].price_ticks, tick), on_grid(orders[e, i].stop_ticks, tick)
    if kind == TRAILING_STOP and orders[e, i].stop_ticks == 0:
        stop = on_grid(trail_stop(e, i, first, tape, orders), tick)
        if first == last or (last > first) != buys:
            return MISSED, first, at, math.inf, False
    found, reference, takes = reach(kind, buys, limit, stop, first, last, touch)
    if found == HIT and reference != first:
        at = max(at, crossing_time(tape.bars, tape.clock, row, asset, path, point, reference))
    if kind == LIMIT and not fresh:
        takes = False
    if orders[e, i].post_only == 1 and takes:
        found = TAKES
    room = abs(limit - reference) if kind in (LIMIT, STOP_LIMIT) else math.inf
    return found, reference, at, room, not takes
