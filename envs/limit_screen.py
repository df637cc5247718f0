"""The limits on orders in an environment: what may still be filled, then each intent and each family of tickets; kernels."""

import numpy as np

from ..market.actions.sizing import decline
from ..market.grid import LARGEST_COUNT
from ..market.kernel import constant, kernel
from ..market.limits import suppose, watch_equity
from ..market.order import Refusal
from ..simulator.pool import find, open_lots, works
from .limit_family import is_order, judge, remove, root_of, screen_family

__all__ = ["screen_batch"]

NONE = constant(Refusal.NONE)


@kernel
def is_leaving(
    e: int, i: int, intents: np.ndarray, tickets: np.ndarray, account: np.ndarray, orders: np.ndarray, rules: np.ndarray
) -> bool:
    """Whether working order i is gone before anything of this decision arrives; a cancel that is late may meet a filled order."""
    if rules[e].latency_ns > 0:
        return False
    if orders[e, i].cancelled == 1 or intents[e, orders[e, i].asset].cancel == 1:
        return True
    for slot in range(tickets.shape[1]):
        if tickets[e, slot].lots == 0 and tickets[e, slot].cancels == 0:
            break
        if tickets[e, slot].cancels > 0:
            j = find(e, tickets[e, slot].cancels, account, orders)
            if j == i or (j >= 0 and orders[e, i].group != 0 and orders[e, j].group == orders[e, i].group):
                return True
    return False


@kernel
def undoes_parent(e: int, i: int, account: np.ndarray, orders: np.ndarray) -> bool:
    """Whether order i takes back what its parent, which works, will have filled; the first child or group that does."""
    if orders[e, i].parent == 0:
        return False
    p = find(e, orders[e, i].parent, account, orders)
    if p < 0 or orders[e, p].asset != orders[e, i].asset or (orders[e, p].lots > 0) == (orders[e, i].lots > 0):
        return False
    for j in range(i):
        sibling = orders[e, j].parent == orders[e, i].parent and orders[e, j].asset == orders[e, i].asset
        same_group = orders[e, i].group != 0 and orders[e, j].group == orders[e, i].group
        if sibling and not same_group and (orders[e, j].lots > 0) == (orders[e, i].lots > 0):
            return False
    return True


@kernel
def left_of(
    e: int, i: int, intents: np.ndarray, tickets: np.ndarray, account: np.ndarray, orders: np.ndarray, rules: np.ndarray
) -> int:
    """Lots, signed, of working order i that may still be filled beyond what its parent has to fill first; 0 where it counts not."""
    if not works(e, i, orders) or orders[e, i].reduce_only == 1 or is_leaving(e, i, intents, tickets, account, orders, rules):
        return 0
    if undoes_parent(e, i, account, orders):
        return int(open_lots(e, i, orders))
    return int(orders[e, i].lots - orders[e, i].filled)


@kernel
def count_working(
    e: int, intents: np.ndarray, tickets: np.ndarray, account: np.ndarray, orders: np.ndarray, rules: np.ndarray,
    pending: np.ndarray,
) -> None:
    """Fill `pending` with the working orders; of a group on one side the largest counts."""
    for a in range(pending.shape[1]):
        pending[e, a, 0] = pending[e, a, 1] = 0
    for i in range(account[e].n_working):
        left = left_of(e, i, intents, tickets, account, orders, rules)
        if left != 0 and orders[e, i].group != 0:
            size = abs(left)
            for j in range(i):
                if orders[e, j].group == orders[e, i].group and orders[e, j].asset == orders[e, i].asset:
                    other = left_of(e, j, intents, tickets, account, orders, rules)
                    if (other > 0) == (left > 0) and other != 0:
                        size = min(size, max(abs(left) - abs(other), 0))
            left = size if left > 0 else -size
        if left != 0:
            suppose(e, orders[e, i].asset, left, pending)


@kernel
def screen(
    e: int,
    now: int,
    instruments: np.ndarray,
    limits: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    intents: np.ndarray,
    tickets: np.ndarray,
    declined: np.ndarray,
    rules: np.ndarray,
    pending: np.ndarray,
    use: np.ndarray,
) -> None:
    """Drop what breaks a limit from the decision at `now`, ns UTC: intents by asset, then tickets by slot, as they are sent."""
    watch_equity(e, now, account, use)
    first, n = 0, 0
    while first < intents.shape[1] and intents[e, first].lots == 0:
        first += 1
    while n < tickets.shape[1] and (tickets[e, n].lots != 0 or tickets[e, n].cancels != 0):
        n += 1
    if first == intents.shape[1] and n == 0:
        return
    count_working(e, intents, tickets, account, orders, rules, pending)
    for a in range(first, intents.shape[1]):
        lots = intents[e, a].lots
        if lots == 0 or not -LARGEST_COUNT <= lots <= LARGEST_COUNT:
            continue  # more than can be counted is refused by the simulator
        reason = judge(
            e, a, lots, lots, bool(intents[e, a].reduce_only == 1), intents[e, a].price_ticks, intents[e, a].stop_ticks, now,
            instruments, limits, account, position, pending, use,
        )  # fmt: skip
        if reason != NONE:
            decline(e, reason, declined)
            intents[e, a].lots = 0
    slot = 0
    while slot < n:
        if not is_order(e, slot, tickets) or root_of(e, slot, tickets) != slot:
            slot += 1
            continue
        reason = screen_family(
            e, slot, n, now, instruments, limits, account, position, tickets, pending, use
        )  # fmt: skip
        if reason == NONE:
            slot += 1
            continue
        for k in range(n - 1, slot - 1, -1):
            if is_order(e, k, tickets) and root_of(e, k, tickets) == slot:
                decline(e, reason, declined)
                remove(e, k, n, tickets)
                n -= 1


@kernel
def screen_batch(
    rows: np.ndarray,
    active: np.ndarray,
    clock: np.ndarray,
    instruments: np.ndarray,
    limits: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    intents: np.ndarray,
    tickets: np.ndarray,
    declined: np.ndarray,
    rules: np.ndarray,
    pending: np.ndarray,
    use: np.ndarray,
) -> None:
    """The decisions of the active environments at the closes of their rows."""
    for e in range(rows.shape[0]):
        if active[e]:
            screen(
                e, clock[rows[e]].close_at, instruments, limits, account, position, orders, intents, tickets, declined, rules,
                pending, use,
            )  # fmt: skip
