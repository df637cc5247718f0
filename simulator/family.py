"""Orders that depend on each other: children that wait for their parent's fills, and groups that share their lots; kernels."""

import numpy as np

from ..market.kernel import kernel
from .arrays import TapeArrays
from .order_log import change
from .path import point_time
from .pool import CANCELLED, FILLED, FOR_CLOSE, FOR_OPEN, NEVER, NONE, OPEN, PENDING, find, works

__all__ = ["bind", "bind_children", "take_from_group"]


@kernel
def bind(
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
) -> bool:
    """Order i is armed by what its parent has filled, and loses what is not armed where that has left -> whether it leaves."""
    p = find(e, orders[e, i].parent, account, orders)
    filled = abs(orders[e, p].filled)
    left, whole = not works(e, p, orders), orders[e, p].state == FILLED
    if filled > 0 and orders[e, i].waits < 0:
        orders[e, i].waits = -1 - orders[e, i].waits
    same = orders[e, p].asset == orders[e, i].asset
    if same:
        orders[e, i].armed = filled - orders[e, i].taken
    else:
        orders[e, i].armed = NEVER if whole else 0
    if not left:
        return False
    orders[e, i].parent = 0
    most = orders[e, i].armed
    orders[e, i].armed = NEVER
    if abs(orders[e, i].lots) > most:
        most = max(most, abs(orders[e, i].filled))
        orders[e, i].lots = most if orders[e, i].lots > 0 else -most
        if most == abs(orders[e, i].filled):
            change(
                e, i, row, at, CANCELLED, NONE, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
            return True
    return False


@kernel
def bind_children(
    e: int,
    row: int,
    point: int,  # that has been played
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """After the orders of a point: children are armed, from the next point on, or leave with their parents."""
    for i in range(account[e].n_working):
        if orders[e, i].parent == 0 or not works(e, i, orders):
            continue
        at = point_time(tape.clock, row, point)
        if bind(e, i, row, at, tape, rules, account, position, orders, record, fills):
            continue
        asset, tif = np.int64(orders[e, i].asset), orders[e, i].tif
        if orders[e, i].state != PENDING or orders[e, i].waits != 0 or orders[e, i].armed <= 0 or point >= 3:
            continue
        if tape.bars[row, asset].tradable and tif != FOR_OPEN and (tif != FOR_CLOSE or tape.bars[row, asset].closes):
            orders[e, i].after = point
            change(
                e, i, row, at, OPEN, NONE, tape, rules, account, position, orders, record, fills
            )  # fmt: skip


@kernel
def take_from_group(
    e: int,
    i: int,
    lots: int,  # that order i has just filled, not signed
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
    """What one order of a group fills is taken from what is left of each other one."""
    for j in range(account[e].n_working):
        if j == i or orders[e, j].group != orders[e, i].group or not works(e, j, orders):
            continue
        left = abs(orders[e, j].lots - orders[e, j].filled)
        taken = min(left, lots)
        orders[e, j].lots -= taken if orders[e, j].lots > 0 else -taken
        orders[e, j].taken += taken
        if orders[e, j].armed != NEVER:
            orders[e, j].armed -= taken
        if taken == left:
            change(
                e, j, row, at, CANCELLED, NONE, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
