"""The limits on the tickets of a decision: an order and those that wait for its fill pass together or not at all; kernels."""

import numpy as np

from ..market.grid import LARGEST_COUNT
from ..market.kernel import constant, kernel
from ..market.limits import limit_intent, note_order, order_price, suppose
from ..market.order import Refusal

__all__ = ["is_order", "judge", "remove", "root_of", "screen_family"]

NONE, LIMIT_ORDER_RATE = constant(Refusal.NONE), constant(Refusal.LIMIT_ORDER_RATE)
MINUTE_NS = constant(60_000_000_000)


@kernel(inline=True)
def is_order(e: int, slot: int, tickets: np.ndarray) -> bool:
    """Whether a slot asks for an order."""
    return bool(tickets[e, slot].cancels == 0 and tickets[e, slot].lots != 0)


@kernel(inline=True)
def can_be_sent(e: int, slot: int, n_assets: int, tickets: np.ndarray) -> bool:
    """Whether the simulator will look at a ticket at all: an asset that there is, lots that can be counted."""
    return bool(0 <= tickets[e, slot].asset < n_assets and -LARGEST_COUNT <= tickets[e, slot].lots <= LARGEST_COUNT)


@kernel
def root_of(e: int, slot: int, tickets: np.ndarray) -> int:
    """The ticket at the head of a family: of which the parent of the parent ... of `slot` is the fill."""
    parent = tickets[e, slot].parent - 1
    while 0 <= parent < slot and is_order(e, parent, tickets):
        slot = parent
        parent = tickets[e, slot].parent - 1
    return int(slot)


@kernel(inline=True)
def alike(e: int, slot: int, other: int, tickets: np.ndarray) -> bool:
    """Whether two tickets ask for orders of one asset on one side."""
    return bool(
        is_order(e, other, tickets)
        and tickets[e, other].asset == tickets[e, slot].asset
        and (tickets[e, other].lots > 0) == (tickets[e, slot].lots > 0)
    )


@kernel
def is_free(e: int, slot: int, tickets: np.ndarray) -> bool:
    """Whether a ticket only reduces, or is the first child or group of them that takes back what its parent fills."""
    if tickets[e, slot].reduce_only == 1:
        return True
    parent, group = tickets[e, slot].parent - 1, tickets[e, slot].group
    if not 0 <= parent < slot or not is_order(e, parent, tickets) or tickets[e, parent].asset != tickets[e, slot].asset:
        return False
    if (tickets[e, parent].lots > 0) == (tickets[e, slot].lots > 0):
        return False
    for other in range(parent + 1, slot):
        sibling = tickets[e, other].parent == parent + 1 and alike(e, slot, other, tickets)
        if sibling and (group == 0 or tickets[e, other].group != group):
            return False
    return True


@kernel
def adds_of(e: int, slot: int, tickets: np.ndarray) -> int:
    """Lots, signed, that a ticket adds to what may be filled: of a group on one side the largest counts."""
    lots, group = tickets[e, slot].lots, tickets[e, slot].group
    size = abs(lots)
    if group != 0:
        for other in range(slot):
            if tickets[e, other].group == group and alike(e, slot, other, tickets) and not is_free(e, other, tickets):
                size = min(size, max(abs(lots) - abs(tickets[e, other].lots), 0))
    return int(size if lots > 0 else -size)


@kernel
def judge(
    e: int,
    asset: int,
    lots: int,
    adds: int,
    free: bool,  # it cannot take the account further than the orders before it may: the order rate alone holds it back
    price_ticks: int,
    stop_ticks: int,
    now: int,
    instruments: np.ndarray,
    limits: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    pending: np.ndarray,
    use: np.ndarray,
) -> int:
    """The limit that an order breaks, or NONE: then it is counted."""
    if free:
        if now // MINUTE_NS == use[e].minute and use[e].n_orders >= limits[e].max_orders_per_minute:
            return LIMIT_ORDER_RATE
    else:
        price = order_price(position[e, asset].mark, price_ticks, stop_ticks, instruments[asset].tick)
        reason = limit_intent(
            e, asset, lots, adds, price, now, instruments, limits, account, position, pending, use
        )  # fmt: skip
        if reason != NONE:
            return int(reason)
        suppose(e, asset, adds, pending)
    note_order(e, now, use)
    return NONE


@kernel
def remove(e: int, slot: int, n: int, tickets: np.ndarray) -> None:
    """Take one of `n` tickets out; those after it move up, with the numbers of their parents."""
    for k in range(slot, n - 1):
        tickets[e, k] = tickets[e, k + 1]
    tickets[e, n - 1].lots = 0
    tickets[e, n - 1].cancels = 0
    for k in range(n - 1):
        if tickets[e, k].parent > slot + 1:
            tickets[e, k].parent -= 1


@kernel
def screen_family(
    e: int,
    root: int,
    n: int,
    now: int,
    instruments: np.ndarray,
    limits: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    tickets: np.ndarray,
    pending: np.ndarray,
    use: np.ndarray,
) -> int:
    """The limit that a ticket, or one that waits for its fill, breaks: all of them or none are counted."""
    minute, n_orders, reason = use[e].minute, use[e].n_orders, NONE
    for slot in range(root, n):
        if not is_order(e, slot, tickets) or root_of(e, slot, tickets) != root:
            continue
        if not can_be_sent(e, slot, position.shape[1], tickets):
            continue
        reason = judge(
            e, tickets[e, slot].asset, tickets[e, slot].lots, adds_of(e, slot, tickets), is_free(e, slot, tickets),
            tickets[e, slot].price_ticks, tickets[e, slot].stop_ticks, now, instruments, limits, account, position, pending, use,
        )  # fmt: skip
        if reason == NONE:
            continue
        for before in range(root, slot):
            if not is_order(e, before, tickets) or root_of(e, before, tickets) != root or is_free(e, before, tickets):
                continue
            if can_be_sent(e, before, position.shape[1], tickets):
                side = 1 if tickets[e, before].lots > 0 else 0
                pending[e, tickets[e, before].asset, side] -= adds_of(e, before, tickets)
        use[e].minute, use[e].n_orders = minute, n_orders
        break
    return int(reason)
