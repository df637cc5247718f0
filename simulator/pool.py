"""The pool of working orders: the first `n_working` slots of an account, in order of id; the free list is the tail."""

import numpy as np

from ..market.grid import on_grid
from ..market.kernel import constant, kernel
from ..market.order import ORDER, OrderKind, OrderState, Refusal, TimeInForce
from .arrays import TapeArrays

__all__ = ["enqueue", "find", "has_one_look", "open_lots", "refuse", "stand", "sweep", "works"]

NEVER, ZERO = constant(np.iinfo(np.int64).max), constant(0)
MARKET, LIMIT, STOP = constant(OrderKind.MARKET), constant(OrderKind.LIMIT), constant(OrderKind.STOP)
STOP_LIMIT, TRAILING_STOP = constant(OrderKind.STOP_LIMIT), constant(OrderKind.TRAILING_STOP)
GTC, DAY, IOC = constant(TimeInForce.GTC), constant(TimeInForce.DAY), constant(TimeInForce.IOC)
FOK, GTD = constant(TimeInForce.FOK), constant(TimeInForce.GTD)
FOR_OPEN, FOR_CLOSE = constant(TimeInForce.AT_OPEN), constant(TimeInForce.AT_CLOSE)
FREE, PENDING, OPEN = constant(OrderState.FREE), constant(OrderState.PENDING), constant(OrderState.OPEN)
PARTIALLY_FILLED, FILLED = constant(OrderState.PARTIALLY_FILLED), constant(OrderState.FILLED)
CANCELLED, REJECTED, EXPIRED = constant(OrderState.CANCELLED), constant(OrderState.REJECTED), constant(OrderState.EXPIRED)
NONE, NOT_TRADABLE, POOL_FULL = constant(Refusal.NONE), constant(Refusal.NOT_TRADABLE), constant(Refusal.POOL_FULL)
BELOW_MINIMUM, FILL_OR_KILL = constant(Refusal.BELOW_MINIMUM), constant(Refusal.FILL_OR_KILL)


@kernel(inline=True)
def refuse(e: int, reason: int, record: np.ndarray, refused: np.ndarray) -> None:
    """Count one refusal."""
    refused[e, reason] += 1
    record[e].n_refused += 1


@kernel(inline=True)
def works(e: int, i: int, orders: np.ndarray) -> bool:
    """Whether order i has not left yet."""
    return bool(FREE < orders[e, i].state <= PARTIALLY_FILLED)


@kernel(inline=True)
def has_one_look(tif: int) -> bool:
    """Times in force whose orders leave after their first look."""
    return bool(tif >= IOC and tif != GTD)


@kernel(inline=True)
def open_lots(e: int, i: int, orders: np.ndarray) -> int:
    """What of order i may be filled now, signed: what is left of it, as far as its parent has armed it."""
    left, armed = orders[e, i].lots - orders[e, i].filled, orders[e, i].armed
    if armed >= abs(left):
        return int(left)
    if armed <= 0:
        return 0
    return int(armed if left > 0 else -armed)


@kernel(inline=True)
def stand(e: int, i: int, tape: TapeArrays, orders: np.ndarray) -> None:
    """Keep at hand the price that order i waits for: a look at every bar costs no division."""
    kind, tick = orders[e, i].kind, tape.instruments[orders[e, i].asset].tick
    if kind == MARKET:
        orders[e, i].level = 0.0
    elif kind == LIMIT:
        orders[e, i].level = on_grid(orders[e, i].price_ticks, tick)
    else:
        orders[e, i].level = on_grid(orders[e, i].stop_ticks, tick)


@kernel
def enqueue(
    e: int,
    order_id: int,
    asset: int,
    lots: int,
    kind: int,
    tif: int,
    price_ticks: int,
    stop_ticks: int,
    trail_ticks: int,
    trail_rate: float,
    expires_at: int,
    reduce_only: int,
    post_only: int,
    parent: int,
    group: int,
    arm_delay: int,
    decided_at: int,
    arrives_at: int,
    tape: TapeArrays,
    account: np.ndarray,
    orders: np.ndarray,
) -> bool:
    """A new working order at the end of the pool -> whether there was room."""
    i = account[e].n_working
    if i >= orders.shape[1]:
        return False
    orders[e, i].id = order_id
    orders[e, i].lots = lots
    orders[e, i].filled = orders[e, i].more = 0
    orders[e, i].price_ticks = price_ticks
    orders[e, i].stop_ticks = 0 if kind == TRAILING_STOP else stop_ticks
    orders[e, i].trail_ticks = trail_ticks
    orders[e, i].trail_rate = trail_rate
    orders[e, i].decided_at = decided_at
    orders[e, i].arrives_at = arrives_at
    orders[e, i].expires_at = expires_at if tif == GTD else NEVER
    orders[e, i].parent = parent
    orders[e, i].group = group
    orders[e, i].armed = NEVER if parent == 0 else 0
    orders[e, i].waits = 0 if parent == 0 else -1 - arm_delay
    orders[e, i].units = orders[e, i].traded = orders[e, i].charged = 0.0
    orders[e, i].asset = asset
    orders[e, i].kind = kind
    orders[e, i].tif = tif
    orders[e, i].state = PENDING
    orders[e, i].reduce_only = reduce_only
    orders[e, i].post_only = post_only
    orders[e, i].after = -1
    orders[e, i].rested = orders[e, i].cancelled = 0
    stand(e, i, tape, orders)
    account[e].n_working = i + 1
    return True


@kernel
def find(e: int, order_id: int, account: np.ndarray, orders: np.ndarray) -> int:
    """Slot of an order, or -1."""
    for i in range(account[e].n_working):
        if orders[e, i].id == order_id:
            return int(i)
    return -1


@kernel
def sweep(e: int, account: np.ndarray, orders: np.ndarray) -> None:
    """Close the gaps that finished orders leave, and put the rest of a market order, which came last, in its place by id."""
    kept = np.int64(0)  # a literal would compile `swap_orders` a second time
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
