"""A working order of the pool at one point of the path."""

import numpy as np

from ..market.kernel import kernel
from .arrays import TapeArrays
from .fill import take
from .matching import meet
from .pool import CANCELLED, FILLED, IOC, MARKET, PARTIALLY_FILLED, REJECTED, STOP
from .power import buying_power

__all__ = ["take_order"]


@kernel
def take_order(
    e: int,
    i: int,
    row: int,
    point: int,
    moving: int,
    increasing: bool,
    share: float,
    power: float,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> float:
    """One round of a point for order i -> buying power left."""
    hit, reference, at, room = meet(e, i, row, point, tape, rules, position, orders)
    if not hit:
        return power
    if increasing and point > 0:
        power = buying_power(e, row, point, moving, tape, rules, account, position)
    handled, filled, waits, power, price, commission = take(
        e, row, increasing, share, power, np.int64(orders[e, i].asset), orders[e, i].id, orders[e, i].lots - orders[e, i].filled,
        np.int64(orders[e, i].kind), np.int64(orders[e, i].reduce_only), False, False, 0.0, 0.0, 0.0, orders[e, i].decided_at, at, reference, room,
        tape, rules, account, position, record, refused, fills,
    )  # fmt: skip
    if not handled:
        return power
    orders[e, i].filled += filled
    if orders[e, i].filled == orders[e, i].lots:
        orders[e, i].state = FILLED
    elif not waits or orders[e, i].tif == IOC:
        orders[e, i].state = REJECTED if orders[e, i].filled == 0 else CANCELLED
    else:
        orders[e, i].after = 3
        if orders[e, i].filled != 0:
            orders[e, i].state = PARTIALLY_FILLED
        if orders[e, i].kind == STOP:
            orders[e, i].kind = MARKET
    return power
