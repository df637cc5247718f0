"""Orders that depend on each other: children that wait for their parent's fills, and groups that share their lots; kernels."""

import numpy as np

from ..market.kernel import kernel
from .arrays import TapeArrays
from .order_log import change
from .path import point_time
from .pool import CANCELLED, NEVER, NONE, OPEN, PENDING, find, works

__all__ = ["arm", "orphan_children", "take_from_group"]


@kernel
def arm(
    e: int,
    i: int,
    lots: int,  # that order i has just filled, not signed
    row: int,
    point: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """A fill of order i arms its children: on its asset for as many lots, on another one where it is filled whole."""
    for j in range(account[e].n_working):
        if orders[e, j].parent != orders[e, i].id or not works(e, j, orders):
            continue
        if orders[e, j].waits < 0:
            orders[e, j].waits = -1 - orders[e, j].waits
        if orders[e, j].armed == 0:
            orders[e, j].after = max(np.int64(orders[e, j].after), point)
        if orders[e, j].asset == orders[e, i].asset:
            orders[e, j].armed += lots
        elif orders[e, i].filled == orders[e, i].lots:
            orders[e, j].armed = NEVER
        if orders[e, j].state == PENDING and orders[e, j].waits == 0 and orders[e, j].armed > 0 and point < 3:
            at = point_time(tape.clock, row, point)
            change(
                e, j, row, at, OPEN, NONE, tape, rules, account, position, orders, record, fills
            )  # fmt: skip


@kernel
def orphan(
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
    """The parent of order i has left: what is not armed leaves with it."""
    orders[e, i].parent = 0
    armed, left = orders[e, i].armed, abs(orders[e, i].lots - orders[e, i].filled)
    orders[e, i].armed = NEVER
    if armed == 0:
        change(
            e, i, row, at, CANCELLED, NONE, tape, rules, account, position, orders, record, fills
        )  # fmt: skip
    elif armed < left:
        orders[e, i].lots -= left - armed if orders[e, i].lots > 0 else armed - left


@kernel
def orphan_children(
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
    """Children whose parents have left, and theirs: a parent stands before its children."""
    for i in range(account[e].n_working):
        if orders[e, i].parent != 0 and works(e, i, orders):
            p = find(e, orders[e, i].parent, account, orders)
            if not works(e, p, orders):
                orphan(e, i, row, at, tape, rules, account, position, orders, record, fills)


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
            orders[e, j].armed = max(orders[e, j].armed - lots, 0)
        if taken == left:
            change(
                e, j, row, at, CANCELLED, NONE, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
