"""The pool of working orders: the first `n_working` slots of an account, in order of id; the free list is the tail."""

import numpy as np

from ..market.grid import whole_lots
from ..market.kernel import constant, kernel
from ..market.order import ORDER, OrderKind, OrderState, Refusal, TimeInForce
from .arrays import TapeArrays

__all__ = [
    "GONE",
    "cancel_orders",
    "day_end",
    "drop_split",
    "enqueue",
    "leave_at_close",
    "make_room",
    "refuse",
    "rounded_ticks",
    "split_orders",
    "sweep",
    "wake",
]

DAY_NS = 86_400_000_000_000
NEVER = np.iinfo(np.int64).max
MARKET, LIMIT, STOP = constant(OrderKind.MARKET), constant(OrderKind.LIMIT), constant(OrderKind.STOP)
GTC, DAY, IOC = constant(TimeInForce.GTC), constant(TimeInForce.DAY), constant(TimeInForce.IOC)
FREE, PENDING, OPEN = constant(OrderState.FREE), constant(OrderState.PENDING), constant(OrderState.OPEN)
PARTIALLY_FILLED, FILLED = constant(OrderState.PARTIALLY_FILLED), constant(OrderState.FILLED)
CANCELLED, REJECTED, EXPIRED = constant(OrderState.CANCELLED), constant(OrderState.REJECTED), constant(OrderState.EXPIRED)
NOT_TRADABLE, POOL_FULL = constant(Refusal.NOT_TRADABLE), constant(Refusal.POOL_FULL)
BELOW_MINIMUM = constant(Refusal.BELOW_MINIMUM)
GONE = constant(-1)  # INTENT.id: a split left no lot of it


@kernel(inline=True)
def refuse(e: int, reason: int, record: np.ndarray, refused: np.ndarray) -> None:
    """Count one refusal."""
    refused[e, reason] += 1
    record[e].n_refused += 1


@kernel
def enqueue(
    e: int, asset: int, decided_at: int, arrives_at: int, intents: np.ndarray, account: np.ndarray, orders: np.ndarray
) -> bool:
    """An intent becomes a working order -> whether there was room."""
    i = account[e].n_working
    if i >= orders.shape[1]:
        return False
    orders[e, i].id = intents[e, asset].id
    orders[e, i].lots = intents[e, asset].lots
    orders[e, i].filled = 0
    orders[e, i].price_ticks = intents[e, asset].price_ticks
    orders[e, i].stop_ticks = intents[e, asset].stop_ticks
    orders[e, i].decided_at = decided_at
    orders[e, i].arrives_at = arrives_at
    orders[e, i].expires_at = NEVER
    orders[e, i].asset = asset
    orders[e, i].kind = intents[e, asset].kind
    orders[e, i].tif = intents[e, asset].tif
    orders[e, i].state = PENDING
    orders[e, i].reduce_only = intents[e, asset].reduce_only
    orders[e, i].post_only = intents[e, asset].post_only
    orders[e, i].trail_ticks = orders[e, i].parent = orders[e, i].group = orders[e, i].waits = 0
    orders[e, i].trail_rate = orders[e, i].traded = orders[e, i].charged = 0.0
    orders[e, i].armed = NEVER
    orders[e, i].rested = 0
    orders[e, i].after = -1
    account[e].n_working = i + 1
    return True


@kernel
def make_room(e: int, at: int, account: np.ndarray, orders: np.ndarray) -> None:
    """What has left the exchange by `at`, before any bar, gives its slot back now."""
    for i in range(account[e].n_working):
        if orders[e, i].expires_at <= at:
            orders[e, i].state = EXPIRED
    sweep(e, account, orders)


@kernel
def cancel_orders(e: int, asset: int, at: int, account: np.ndarray, orders: np.ndarray) -> None:
    """A cancel reaches the exchange at `at`: until then the orders of this asset work."""
    for i in range(account[e].n_working):
        if orders[e, i].asset == asset:
            orders[e, i].expires_at = min(orders[e, i].expires_at, at)


@kernel
def split_orders(e: int, asset: int, ratio: float, account: np.ndarray, orders: np.ndarray) -> None:
    """A split rescales working orders: what is left of them towards zero, limits no more generous, stops no earlier."""
    for i in range(account[e].n_working):
        if orders[e, i].asset != asset:
            continue
        buys = orders[e, i].lots > 0
        left = whole_lots((orders[e, i].lots - orders[e, i].filled) * ratio, 1.0)
        orders[e, i].filled = whole_lots(orders[e, i].filled * ratio, 1.0)
        orders[e, i].lots = orders[e, i].filled + left
        orders[e, i].price_ticks = rounded_ticks(orders[e, i].price_ticks / ratio, not buys)
        orders[e, i].stop_ticks = rounded_ticks(orders[e, i].stop_ticks / ratio, buys)
        if left == 0:
            orders[e, i].state = CANCELLED


@kernel
def drop_split(e: int, account: np.ndarray, orders: np.ndarray, record: np.ndarray, refused: np.ndarray) -> None:
    """Working orders of which a split left no lot leave, and are counted."""
    for i in range(account[e].n_working):
        if orders[e, i].state == CANCELLED:
            refuse(e, BELOW_MINIMUM, record, refused)
    sweep(e, account, orders)


@kernel
def rounded_ticks(ticks: float, up: bool) -> int:
    """Whole ticks, up or down, at least one where there was a price."""
    if ticks <= 0.0:
        return 0
    low = whole_lots(ticks, 1.0)
    if up and abs(ticks - low) > 1e-9 * max(1.0, ticks):
        low += 1
    return int(max(low, 1))


@kernel
def day_end(row: int, clock: np.ndarray) -> int:
    """When a DAY order whose first bar is `row` stops working."""
    midnight = (clock[row].open_at // DAY_NS + 1) * DAY_NS
    return int(max(clock[row].close_at, midnight))


@kernel
def wake(
    e: int,
    row: int,
    tape: TapeArrays,
    account: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
) -> None:
    """Before the bar of `row`: what has expired leaves, what arrives before its close begins to work."""
    opened, closes = tape.clock[row].open_at, tape.clock[row].close_at
    for i in range(account[e].n_working):
        orders[e, i].after = -1
        if orders[e, i].expires_at <= opened or orders[e, i].expires_at <= orders[e, i].arrives_at:
            orders[e, i].state = EXPIRED
        elif orders[e, i].state == PENDING and (orders[e, i].arrives_at <= opened or orders[e, i].arrives_at < closes):
            orders[e, i].state = OPEN
            if orders[e, i].tif == DAY:
                orders[e, i].expires_at = min(orders[e, i].expires_at, day_end(row, tape.clock))
            if orders[e, i].kind == MARKET and not tape.bars[row, orders[e, i].asset].tradable:
                refuse(e, NOT_TRADABLE, record, refused)
                orders[e, i].state = REJECTED
    sweep(e, account, orders)


@kernel
def leave_at_close(
    e: int, row: int, ruined: bool, tape: TapeArrays, account: np.ndarray, orders: np.ndarray, record: np.ndarray, fills: np.ndarray
) -> None:
    """At the close of `row`: what has expired, what had one look, and all of a ruined account's orders leave."""
    closes = tape.clock[row].close_at
    for i in range(account[e].n_working):
        arrived = orders[e, i].state >= OPEN
        if ruined or orders[e, i].expires_at <= closes or (arrived and orders[e, i].tif == IOC):
            orders[e, i].state = EXPIRED
    sweep(e, account, orders)


@kernel
def sweep(e: int, account: np.ndarray, orders: np.ndarray) -> None:
    """Close the gaps that finished orders leave, and put the rest of a market order, which came last, in its place by id."""
    kept = 0
    for i in range(account[e].n_working):
        if orders[e, i].state <= PARTIALLY_FILLED:
            if kept != i:
                orders[e, kept] = orders[e, i]
            k = kept
            while k > 0 and orders[e, k - 1].id > orders[e, k].id:
                swap_orders(e, k, orders)
                k -= 1
            kept += 1
    for i in range(kept, account[e].n_working):
        orders[e, i].state = FREE
    account[e].n_working = kept


@kernel(allocates=True)
def swap_orders(e: int, k: int, orders: np.ndarray) -> None:
    """Exchange slots k - 1 and k; a record of an array is a reference, so that one of the two needs a place of its own."""
    apart = np.empty(1, ORDER)
    apart[0] = orders[e, k]
    orders[e, k] = orders[e, k - 1]
    orders[e, k - 1] = apart[0]
