"""Before a bar: orders that have expired leave, orders that arrive begin to work, and a quick look at each; kernels."""

import numpy as np

from ..market.kernel import kernel
from .arrays import TapeArrays
from .departure import expire, part
from .family import bind
from .matching import quick_look
from .order_log import change
from .pool import FILL_OR_KILL, FOK, FOR_CLOSE, FOR_OPEN, MARKET, NONE, NOT_TRADABLE, OPEN, PENDING, REJECTED, refuse

__all__ = ["wake"]


@kernel(inline=True)
def begins(e: int, i: int, row: int, tape: TapeArrays, orders: np.ndarray) -> bool:
    """Whether order i, which waits, begins to work in the bar of `row`: it arrives, is armed, and it is its row."""
    if orders[e, i].waits != 0 or orders[e, i].armed <= 0:
        return False
    arrival, tif, asset = orders[e, i].arrives_at, orders[e, i].tif, orders[e, i].asset
    early = arrival <= tape.clock[row].open_at
    if tif == FOR_OPEN:
        return bool(early and tape.bars[row, asset].opens == 1)
    if tif == FOR_CLOSE and tape.bars[row, asset].closes == 0:
        return False
    return bool(early or arrival < tape.clock[row].close_at)


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
    gone, found = False, 0
    for i in range(account[e].n_working):
        if orders[e, i].after != -1:
            orders[e, i].after = -1
        expiry, arrival = orders[e, i].expires_at, orders[e, i].arrives_at
        if expiry <= opened or expiry <= arrival:
            expire(
                e, i, row, max(expiry, arrival), tape, rules, account, position, orders, record, fills
            )  # fmt: skip
            gone = True
            continue
        if orders[e, i].parent != 0 and bind(
            e, i, row, opened, tape, rules, account, position, orders, record, fills
        ):  # fmt: skip
            gone = True
            continue
        if orders[e, i].waits > 0:
            orders[e, i].waits -= 1
        if orders[e, i].state == PENDING:
            if not begins(e, i, row, tape, orders):
                continue
            change(
                e, i, row, max(opened, arrival), OPEN, NONE, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
            reason = NONE
            if tape.bars[row, orders[e, i].asset].tradable == 0:
                if orders[e, i].kind == MARKET:
                    reason = NOT_TRADABLE
                elif orders[e, i].tif == FOK:
                    reason = FILL_OR_KILL
            if reason != NONE:
                refuse(e, reason, record, refused)
                change(
                    e, i, row, max(opened, arrival), REJECTED, reason, tape, rules, account, position, orders, record, fills
                )  # fmt: skip
                gone = True
                continue
        found |= quick_look(e, i, row, tape, orders)
    if gone:
        part(e, row, tape, rules, account, position, orders, record, fills)
    return int(found)
