"""Trailing stops: where one stands behind the best price it has seen; kernels."""

import numpy as np

from ..market.grid import on_grid
from ..market.kernel import kernel
from .arrays import TapeArrays
from .path import point_price
from .pool import TRAILING_STOP, works
from .power import ALL_ASSETS
from .split import rounded_ticks

__all__ = ["follow", "follow_bar", "follow_point", "trail_distance", "trail_stop"]


@kernel(inline=True)
def trail_distance(e: int, i: int, price: float, tape: TapeArrays, orders: np.ndarray) -> float:
    """How far behind `price` trailing stop i stays, quote currency, before it is rounded."""
    if orders[e, i].trail_ticks > 0:
        return float(on_grid(orders[e, i].trail_ticks, tape.instruments[orders[e, i].asset].tick))
    return float(orders[e, i].trail_rate * price)


@kernel
def trail_stop(e: int, i: int, price: float, tape: TapeArrays, orders: np.ndarray) -> int:
    """Where trailing stop i would stand behind `price`, in ticks: no earlier than its distance, one tick at least."""
    buys, tick = orders[e, i].lots > 0, tape.instruments[orders[e, i].asset].tick
    if orders[e, i].trail_ticks > 0:
        distance = orders[e, i].trail_ticks
        stop = rounded_ticks(price / tick, buys) + (distance if buys else -distance)
    else:
        rate = orders[e, i].trail_rate
        stop = rounded_ticks(price * (1.0 + rate if buys else 1.0 - rate) / tick, buys)
    return int(max(stop, 1))


@kernel
def follow(e: int, i: int, price: float, tape: TapeArrays, orders: np.ndarray) -> None:
    """Trailing stop i has seen a price: a better one draws it along, its first one sets it."""
    stop, now = trail_stop(e, i, price, tape, orders), orders[e, i].stop_ticks
    if now == 0 or (stop < now if orders[e, i].lots > 0 else stop > now):
        orders[e, i].stop_ticks = stop
        orders[e, i].level = on_grid(stop, tape.instruments[orders[e, i].asset].tick)


@kernel
def follow_point(
    e: int, row: int, point: int, moving: int, tape: TapeArrays, account: np.ndarray, position: np.ndarray, orders: np.ndarray
) -> None:
    """After a point of the path: trailing stops that stand move with its price."""
    for i in range(account[e].n_working):
        if orders[e, i].kind != TRAILING_STOP or orders[e, i].stop_ticks == 0 or not works(e, i, orders):
            continue
        asset = np.int64(orders[e, i].asset)
        if tape.bars[row, asset].tradable and moving in (ALL_ASSETS, asset):
            path = np.int64(position[e, asset].path)
            follow(e, i, point_price(tape.bars, row, asset, path, point), tape, orders)


@kernel
def follow_bar(e: int, row: int, tape: TapeArrays, account: np.ndarray, orders: np.ndarray) -> None:
    """A bar that touched no order: trailing stops move with its best price."""
    for i in range(account[e].n_working):
        if orders[e, i].kind != TRAILING_STOP or orders[e, i].stop_ticks == 0 or not works(e, i, orders):
            continue
        asset = np.int64(orders[e, i].asset)
        if tape.bars[row, asset].tradable:
            best = tape.bars[row, asset].low if orders[e, i].lots > 0 else tape.bars[row, asset].high
            follow(e, i, best, tape, orders)
