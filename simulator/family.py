"""Orders that depend on each other: children that wait for their parent's fills, and groups that share their lots; kernels."""

import numpy as np

from ..market.kernel import kernel
from .arrays import TapeArrays
from .order_log import change
from .path import point_time
from .pool import CANCELLED, FOR_CLOSE, FOR_OPEN, NEVER, NONE, OPEN, PENDING, find, open_lots, works

__all__ = ["arm", "bind_children", "release", "take_from_group"]


@kernel
def arm(
    e: int,
    i: int,
    lots: int,  # that order i has just filled, not signed
    account: np.ndarray,
    orders: np.ndarray,
) -> None:
    """A fill of order i arms its children, after this point: on its asset for as many lots, on another where it is filled whole."""
    for j in range(account[e].n_working):
        if orders[e, j].parent != orders[e, i].id or not works(e, j, orders):
            continue
        if orders[e, j].waits < 0:
            orders[e, j].waits = -1 - orders[e, j].waits
        if orders[e, j].asset == orders[e, i].asset:
            orders[e, j].more += lots
        elif orders[e, i].filled == orders[e, i].lots:
            orders[e, j].more = NEVER


@kernel
def bind_children(
    e: int,
    row: int,
    point: int,  # that has been played; -1: before the bar
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """After the orders of a point: what it has armed acts from here on, and what is not armed leaves with its parent."""
    for i in range(account[e].n_working):
        if orders[e, i].parent == 0 or not works(e, i, orders):
            continue
        at = point_time(tape.clock, row, max(point, 0))
        if orders[e, i].more != 0:
            idle, armed = open_lots(e, i, orders) == 0, orders[e, i].armed
            orders[e, i].armed = NEVER if orders[e, i].more == NEVER else armed + orders[e, i].more
            orders[e, i].more = 0
            if idle and point < 3 and orders[e, i].waits == 0 and open_lots(e, i, orders) != 0:
                begin(e, i, row, point, at, tape, rules, account, position, orders, record, fills)
        release(e, i, row, at, tape, rules, account, position, orders, record, fills)


@kernel
def begin(
    e: int,
    i: int,
    row: int,
    point: int,
    at: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """A child that had nothing to fill acts after this point; one for the open or close of a session waits for its row."""
    waits, tif = orders[e, i].state == PENDING, orders[e, i].tif
    if waits and (tif == FOR_OPEN or (tif == FOR_CLOSE and tape.bars[row, orders[e, i].asset].closes == 0)):
        return
    orders[e, i].after = point
    if waits:
        change(
            e, i, row, at, OPEN, NONE, tape, rules, account, position, orders, record, fills
        )  # fmt: skip


@kernel
def release(
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
    """Where the parent of order i has left, what is not armed leaves with it."""
    if works(e, find(e, orders[e, i].parent, account, orders), orders):
        return
    armed, left = orders[e, i].armed, abs(orders[e, i].lots - orders[e, i].filled)
    orders[e, i].parent = 0
    if armed <= 0:
        change(
            e, i, row, at, CANCELLED, NONE, tape, rules, account, position, orders, record, fills
        )  # fmt: skip
    elif armed < left:
        orders[e, i].lots -= left - armed if orders[e, i].lots > 0 else armed - left


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
        if orders[e, j].armed != NEVER:
            orders[e, j].armed -= lots
        if taken == left:
            change(
                e, j, row, at, CANCELLED, NONE, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
