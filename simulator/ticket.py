"""Tickets: the orders and cancels of a decision that no intent can say; kernels."""

import numpy as np

from ..market.kernel import kernel
from .arrays import TapeArrays
from .departure import cancel_order, make_room
from .order_log import change, log_change
from .pool import NONE, PENDING, POOL_FULL, REJECTED, enqueue, find, refuse
from .screen import ALONE, NO_SUCH_PARENT, REFUSED_PARENT, screen
from .split import GONE_TICKET

__all__ = ["cancel_by_tickets", "place", "submit_tickets"]


@kernel
def place(
    e: int,
    row: int,  # of the bar after the decision
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
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """An order gets its id, and a slot of the pool or a reason."""
    order_id = account[e].next_order_id
    account[e].next_order_id = order_id + 1
    decided_at = tape.clock[row - 1].close_at
    arrives_at = decided_at + rules[e].latency_ns
    reason = screen(
        e, row, asset, lots, kind, tif, price_ticks, stop_ticks, trail_ticks, trail_rate, expires_at, post_only, parent, arm_delay,
        arrives_at, tape, rules, account, position,
    )  # fmt: skip
    if arrives_at <= tape.clock[row].open_at and account[e].n_working == orders.shape[1]:
        make_room(e, row, arrives_at, tape, rules, account, position, orders, record, fills)
    if reason == NONE:
        if enqueue(
            e, order_id, asset, lots, kind, tif, price_ticks, stop_ticks, trail_ticks, trail_rate, expires_at, reduce_only,
            post_only, parent, group, arm_delay, decided_at, arrives_at, tape, account, orders,
        ):  # fmt: skip
            i = account[e].n_working - 1
            change(
                e, i, row, decided_at, PENDING, NONE, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
            return
        reason = POOL_FULL
    refuse(e, reason, record, refused)
    if rules[e].log_orders == 1:
        log_change(
            e, row, decided_at, order_id, decided_at, asset, kind, REJECTED, reason, tape, account, position, record, fills
        )  # fmt: skip


@kernel(inline=True)
def is_order(e: int, slot: int, tickets: np.ndarray) -> bool:
    """Whether a slot asks for an order, be it one of which a split left nothing; else it is a cancel, or unused."""
    return bool(tickets[e, slot].cancels == GONE_TICKET or (tickets[e, slot].cancels == 0 and tickets[e, slot].lots != 0))


@kernel
def cancel_by_tickets(
    e: int, at: int, tickets: np.ndarray, account: np.ndarray, orders: np.ndarray, record: np.ndarray, refused: np.ndarray
) -> None:
    """The cancels of a decision come before its orders."""
    for slot in range(tickets.shape[1]):
        if tickets[e, slot].lots == 0 and tickets[e, slot].cancels == 0:
            break
        if not is_order(e, slot, tickets):
            cancel_order(e, tickets[e, slot].cancels, at, account, orders, record, refused)


@kernel
def id_of_slot(e: int, slot: int, first_id: int, tickets: np.ndarray) -> int:
    """The id of the order that a slot asks for."""
    order_id = first_id
    for before in range(slot):
        if is_order(e, before, tickets):
            order_id += 1
    return int(order_id)


@kernel
def parent_of(
    e: int, slot: int, first_id: int, tickets: np.ndarray, account: np.ndarray, orders: np.ndarray
) -> int:
    """The id of a ticket's parent, or why it has none."""
    parent = tickets[e, slot].parent - 1
    if parent == -1:
        return ALONE
    if parent < 0 or parent >= slot or not is_order(e, parent, tickets):
        return NO_SUCH_PARENT
    order_id = id_of_slot(e, parent, first_id, tickets)
    return order_id if find(e, order_id, account, orders) >= 0 else REFUSED_PARENT


@kernel
def group_of(e: int, slot: int, first_id: int, tickets: np.ndarray) -> int:
    """A group's label in the pool, where many decisions meet: the id of its first order."""
    label = tickets[e, slot].group
    if label == 0:
        return 0
    for first in range(slot):
        if is_order(e, first, tickets) and tickets[e, first].group == label:
            return int(id_of_slot(e, first, first_id, tickets))
    return int(id_of_slot(e, slot, first_id, tickets))


@kernel
def submit_tickets(
    e: int,
    row: int,  # of the bar after the decision
    tickets: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """The orders of a decision's tickets, slot by slot."""
    first_id = account[e].next_order_id
    for slot in range(tickets.shape[1]):
        if tickets[e, slot].lots == 0 and tickets[e, slot].cancels == 0:
            break
        if not is_order(e, slot, tickets):
            continue
        place(
            e, row, tickets[e, slot].asset, tickets[e, slot].lots, np.int64(tickets[e, slot].kind), np.int64(tickets[e, slot].tif),
            tickets[e, slot].price_ticks, tickets[e, slot].stop_ticks, tickets[e, slot].trail_ticks, tickets[e, slot].trail_rate,
            tickets[e, slot].expires_at, np.int64(tickets[e, slot].reduce_only), np.int64(tickets[e, slot].post_only),
            parent_of(e, slot, first_id, tickets, account, orders), group_of(e, slot, first_id, tickets),
            tickets[e, slot].arm_delay, tape, rules, account, position, orders, record, refused, fills,
        )  # fmt: skip
