"""Before a bar: orders that have expired leave, orders that arrive begin to work, and a quick look at each; kernels."""

import numpy as np

from ..market.kernel import constant, kernel
from .arrays import TapeArrays
from .departure import BEFORE, expire, miss, part
from .family import bind_children, release
from .matching import in_its_row, quick_look
from .order_log import change
from .pool import FOR_OPEN, MARKET, NONE, NOT_TRADABLE, OPEN, PENDING, REJECTED, has_one_look, refuse, works

__all__ = ["wake"]

NO_LOOK = constant(4)  # ORDER.after while a bar is looked at: its one look falls into a bar without trades


@kernel(inline=True)
def begins(e: int, i: int, row: int, tape: TapeArrays, orders: np.ndarray) -> bool:
    """Whether order i, which waits, begins to work in the bar of `row`: it is armed, arrives, and it is its row."""
    if orders[e, i].waits != 0 or orders[e, i].armed <= 0:
        return False
    arrival = orders[e, i].arrives_at
    if orders[e, i].tif >= FOR_OPEN:
        return bool(in_its_row(e, i, row, tape, orders))
    return bool(arrival <= tape.clock[row].open_at or arrival < tape.clock[row].close_at)


@kernel
def miss_halted(
    e: int,
    row: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """Orders whose one look falls into a bar without trades leave, and what waits for them; slots are given back at the close."""
    for i in range(account[e].n_working):
        if orders[e, i].after == NO_LOOK:
            miss(
                e, i, row, max(tape.clock[row].open_at, orders[e, i].arrives_at), tape, rules,
                account, position, orders, record, refused, fills,
            )  # fmt: skip
    bind_children(e, row, np.int64(-1), tape, rules, account, position, orders, record, fills)


@kernel
def wake(
    e: int,
    row: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> int:
    """The pool before the bar of `row` -> what quick looks at its orders found, together."""
    opened = tape.clock[row].open_at
    gone, halted, found = False, False, 0
    for i in range(account[e].n_working):
        if orders[e, i].after != -1:
            orders[e, i].after = -1
        if gone and orders[e, i].parent != 0:
            release(e, i, row, opened, tape, rules, account, position, orders, record, fills)
            if not works(e, i, orders):
                continue
        expiry, arrival, tif = orders[e, i].expires_at, orders[e, i].arrives_at, orders[e, i].tif
        if expiry <= opened or expiry <= arrival:
            expire(
                e, i, row, max(expiry, arrival), tape, rules, account, position, orders, record, fills
            )  # fmt: skip
            gone = True
            continue
        if orders[e, i].waits > 0:
            orders[e, i].waits -= 1
        first = orders[e, i].state == PENDING
        if first:
            if not begins(e, i, row, tape, orders):
                continue
            change(
                e, i, row, max(opened, arrival), OPEN, NONE, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
        if tif >= FOR_OPEN:
            first = in_its_row(e, i, row, tape, orders)
        if first and tape.bars[row, orders[e, i].asset].tradable == 0:
            if orders[e, i].kind == MARKET:
                refuse(e, NOT_TRADABLE, record, refused)
                change(
                    e, i, row, max(opened, arrival), REJECTED, NOT_TRADABLE, tape, rules, account, position, orders, record, fills
                )  # fmt: skip
                gone = True
                continue
            if has_one_look(tif):
                orders[e, i].after = NO_LOOK
                halted = True
        found |= quick_look(e, i, row, tape, orders)
    if gone:
        part(e, row, BEFORE, tape, rules, account, position, orders, record, fills)
    if halted:
        miss_halted(e, row, tape, rules, account, position, orders, record, refused, fills)
    return int(found)
