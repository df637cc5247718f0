"""How orders leave the pool other than by their fills: cancels, dates, sessions, ends of an asset, ruin; kernels."""

import math

import numpy as np

from ..market.kernel import constant, kernel
from ..market.order import Refusal
from .arrays import TapeArrays
from .family import bind_children, release
from .order_log import change
from .pool import (
    BELOW_MINIMUM,
    CANCELLED,
    DAY,
    EXPIRED,
    FILL_OR_KILL,
    FOK,
    IOC,
    NONE,
    OPEN,
    REJECTED,
    find,
    refuse,
    sweep,
    works,
)

__all__ = [
    "BEFORE", "cancel_order", "cancel_orders", "drop_orders", "expire", "leave_at_close", "leave_before", "make_room", "miss",
    "part",
]  # fmt: skip

NOT_LISTED, ROLLED = constant(Refusal.NOT_LISTED), constant(Refusal.ROLLED)
RUINED, UNKNOWN_ORDER = constant(Refusal.RUINED), constant(Refusal.UNKNOWN_ORDER)
BEFORE, AT_CLOSE = constant(True), constant(False)  # when orders part: before the bar of a row, or at its close


@kernel(inline=True)
def expire(
    e: int,
    i: int,
    row: int,
    at: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """The time of order i is over, or its cancel has reached it."""
    state = CANCELLED if orders[e, i].cancelled == 1 else EXPIRED
    change(e, i, row, at, state, NONE, tape, rules, account, position, orders, record, fills)


@kernel
def miss(
    e: int,
    i: int,
    row: int,
    at: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """The one look of order i has found nothing."""
    tif, state, reason = orders[e, i].tif, EXPIRED, NONE
    if tif == FOK:
        state, reason = REJECTED, FILL_OR_KILL
        refuse(e, reason, record, refused)
    elif tif == IOC:
        state = CANCELLED
    change(e, i, row, at, state, reason, tape, rules, account, position, orders, record, fills)


@kernel(inline=True)
def cancel_at(e: int, i: int, at: int, orders: np.ndarray) -> None:
    """A cancel reaches the exchange at `at`: until then order i works."""
    if at <= orders[e, i].expires_at:
        orders[e, i].expires_at = at
        orders[e, i].cancelled = 1


@kernel
def cancel_orders(e: int, asset: int, at: int, account: np.ndarray, orders: np.ndarray) -> None:
    """Cancel the working orders of an asset."""
    for i in range(account[e].n_working):
        if orders[e, i].asset == asset:
            cancel_at(e, i, at, orders)


@kernel
def cancel_order(
    e: int, order_id: int, at: int, account: np.ndarray, orders: np.ndarray, record: np.ndarray, refused: np.ndarray
) -> None:
    """Cancel one order and its group; what waits for them leaves with them."""
    i = find(e, order_id, account, orders)
    if i < 0:
        refuse(e, UNKNOWN_ORDER, record, refused)
        return
    for j in range(account[e].n_working):
        if j == i or (orders[e, i].group != 0 and orders[e, j].group == orders[e, i].group):
            cancel_at(e, j, at, orders)


@kernel
def drop_orders(
    e: int,
    asset: int,  # or ALL_ASSETS
    row: int,
    at: int,
    reason: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """Orders of an asset, or of the account, are cancelled and counted while a bar is played; slots come back at its close."""
    for i in range(account[e].n_working):
        if (asset < 0 or orders[e, i].asset == asset) and works(e, i, orders):
            refuse(e, reason, record, refused)
            change(
                e, i, row, at, CANCELLED, reason, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
    for i in range(account[e].n_working):
        if orders[e, i].parent != 0 and works(e, i, orders):
            release(e, i, row, at, tape, rules, account, position, orders, record, fills)


@kernel(inline=True)
def all_present(row: int, tape: TapeArrays) -> bool:
    """Whether every asset is listed at `row`."""
    missing = False
    for a in range(tape.bars.shape[1]):
        missing = missing or tape.bars[row, a].present == 0
    return not missing


@kernel
def leave_before(
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
    """Before the decision meets the bar of `row`: orders of which a split left no lot, whose asset or contract has ended."""
    gone, has_terms, opened = False, tape.terms.shape[0] > 0, tape.clock[row].open_at
    if not has_terms and position.shape[1] <= account[e].n_working and all_present(row, tape):
        return  # no splits, no rolls
    for i in range(account[e].n_working):
        asset = orders[e, i].asset
        if orders[e, i].state == CANCELLED:
            refuse(e, BELOW_MINIMUM, record, refused)
            change(
                e, i, row, opened, CANCELLED, BELOW_MINIMUM, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
        elif tape.bars[row, asset].present == 0:
            change(
                e, i, row, opened, EXPIRED, NOT_LISTED, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
        elif has_terms and not math.isnan(tape.terms[row, asset].roll):
            change(
                e, i, row, opened, EXPIRED, ROLLED, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
        else:
            continue
        gone = True
    if gone:
        part(e, row, BEFORE, tape, rules, account, position, orders, record, fills)


@kernel
def part(
    e: int,
    row: int,
    early: bool,  # BEFORE or AT_CLOSE
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """Orders have left: what waits for them goes as well, and the pool closes its gaps."""
    bind_children(e, row, np.int64(-1 if early else 3), tape, rules, account, position, orders, record, fills)
    sweep(e, account, orders)


@kernel
def make_room(
    e: int,
    row: int,
    at: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """What has left the exchange by `at`, before the bar of `row`, gives its slot back now."""
    gone = False
    for i in range(account[e].n_working):
        if gone and orders[e, i].parent != 0:
            release(e, i, row, at, tape, rules, account, position, orders, record, fills)
        if orders[e, i].expires_at <= at and works(e, i, orders):
            left_at = max(orders[e, i].expires_at, orders[e, i].arrives_at)
            expire(
                e, i, row, left_at, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
            gone = True
    if gone:
        part(e, row, BEFORE, tape, rules, account, position, orders, record, fills)


@kernel
def leave_at_close(
    e: int,
    row: int,
    ruined: bool,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """At the close of `row`: what has expired, orders for a session that ends, and all of a ruined account's orders leave."""
    closes, last = tape.clock[row].close_at, 0
    gone, unsorted = False, False
    for i in range(account[e].n_working):
        unsorted = unsorted or orders[e, i].id < last
        last = orders[e, i].id
        if gone and not ruined and orders[e, i].parent != 0 and works(e, i, orders):
            release(e, i, row, closes, tape, rules, account, position, orders, record, fills)
        state, tif = orders[e, i].state, orders[e, i].tif
        if not works(e, i, orders):
            gone = True
        elif ruined:
            change(
                e, i, row, closes, CANCELLED, RUINED, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
            gone = True
        elif orders[e, i].expires_at <= closes:
            expire(
                e, i, row, orders[e, i].expires_at, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
            gone = True
        elif state >= OPEN and tif == DAY and tape.bars[row, orders[e, i].asset].closes == 1:
            change(
                e, i, row, closes, EXPIRED, NONE, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
            gone = True
    if gone:
        part(e, row, AT_CLOSE, tape, rules, account, position, orders, record, fills)
    elif unsorted:
        sweep(e, account, orders)
