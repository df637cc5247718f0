"""A working order of the pool at one point of the path; kernels."""

import numpy as np

from ..market.grid import on_grid
from ..market.kernel import constant, kernel
from ..market.order import Refusal
from .arrays import TapeArrays
from .departure import miss
from .family import arm, take_from_group
from .fill import clip, take
from .initial_risk import note_turn, risk_of
from .matching import BLIND, HIT, TAKES, TRIGGERED, meet
from .order_log import change
from .path import fx_at
from .pool import (
    CANCELLED,
    FILL_OR_KILL,
    FILLED,
    FOK,
    LIMIT,
    MARKET,
    NEVER,
    NONE,
    PARTIALLY_FILLED,
    REJECTED,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    has_one_look,
    open_lots,
    refuse,
    stand,
)
from .power import buying_power
from .trailing import follow

__all__ = ["take_order", "why"]

NO_CASH, POST_ONLY = constant(Refusal.NO_CASH), constant(Refusal.POST_ONLY)


@kernel
def pass_by(
    e: int,
    i: int,
    row: int,
    point: int,
    found: int,
    reference: float,
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
    """Order i has been looked at and does not fill at this point."""
    if found == TAKES:
        refuse(e, POST_ONLY, record, refused)
        change(
            e, i, row, at, REJECTED, POST_ONLY, tape, rules, account, position, orders, record, fills
        )  # fmt: skip
        return
    if has_one_look(orders[e, i].tif):
        miss(
            e, i, row, at, tape, rules, account, position, orders, record, refused, fills
        )  # fmt: skip
        return
    if found == TRIGGERED:
        orders[e, i].kind = LIMIT
        orders[e, i].after = point
        stand(e, i, tape, orders)
    elif orders[e, i].rested == 0:
        orders[e, i].after = point
        if orders[e, i].kind == TRAILING_STOP and orders[e, i].stop_ticks == 0:
            follow(e, i, reference, tape, orders)
    orders[e, i].rested = 1


@kernel
def conclude(
    e: int,
    i: int,
    row: int,
    point: int,
    at: int,
    asked: int,  # lots that might be filled at this point
    filled: int,
    volume_cut: bool,
    price: float,
    commission: float,
    entry: int,  # of the log, where the fill stands
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """After its fill, or its attempt: what becomes of order i, of its group and of the trade's risk."""
    asset, risk = np.int64(orders[e, i].asset), 0.0
    if filled != 0:
        units = on_grid(abs(filled), tape.instruments[asset].lot)
        orders[e, i].filled += filled
        if orders[e, i].armed != NEVER:
            orders[e, i].armed -= abs(filled)
        orders[e, i].units += units
        orders[e, i].traded += units * price * tape.instruments[asset].multiplier * fx_at(tape.terms, row, asset)
        orders[e, i].charged += commission
        if position[e, asset].risk != 0.0:
            note_turn(e, asset, filled, tape, position)
        risk = risk_of(e, i, row, filled, price, tape, account, position, orders)
        position[e, asset].risk += risk
    state = PARTIALLY_FILLED if orders[e, i].filled != 0 else np.int64(orders[e, i].state)
    if orders[e, i].filled == orders[e, i].lots:
        state = FILLED
    elif has_one_look(orders[e, i].tif) or (filled != asked and not volume_cut):
        state = REJECTED if filled == 0 and orders[e, i].tif == FOK else CANCELLED
    else:
        orders[e, i].after = 3 if volume_cut else point
        orders[e, i].rested = 1
        kind = orders[e, i].kind
        if kind in (STOP, TRAILING_STOP):
            orders[e, i].kind = MARKET
        elif kind == STOP_LIMIT:
            orders[e, i].kind = LIMIT
        stand(e, i, tape, orders)
    if filled != 0:
        orders[e, i].state = state
        if entry < fills.shape[1]:
            fills[e, entry].risk = risk
            fills[e, entry].state = state
        arm(e, i, abs(filled), account, orders)
        if orders[e, i].group != 0:
            take_from_group(
                e, i, abs(filled), row, at, tape, rules, account, position, orders, record, fills
            )  # fmt: skip
    elif state != orders[e, i].state:
        change(
            e, i, row, at, state,
            why(e, row, asset, asked, np.int64(orders[e, i].tif), np.int64(orders[e, i].reduce_only), price, tape, rules, position),
            tape, rules, account, position, orders, record, fills,
        )  # fmt: skip


@kernel
def why(
    e: int,
    row: int,
    asset: int,
    lots: int,
    tif: int,
    reduce_only: int,
    reference: float,
    tape: TapeArrays,
    rules: np.ndarray,
    position: np.ndarray,
) -> int:
    """The reason, for the log, why nothing of an order was filled that the path had reached."""
    if tif == FOK:
        return FILL_OR_KILL
    _, _, reason = clip(e, row, asset, lots, reduce_only, reference, tape, rules, position)
    return NO_CASH if reason == NONE else reason


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
    found, reference, at, room, maker = meet(e, i, row, point, tape, rules, position, orders)
    if found == BLIND:
        return power
    if found != HIT:
        pass_by(
            e, i, row, point, found, reference, at, tape, rules, account, position, orders, record, refused, fills
        )  # fmt: skip
        return power
    asset, lots, whole = np.int64(orders[e, i].asset), open_lots(e, i, orders), orders[e, i].tif == FOK
    if whole and lots != orders[e, i].lots:  # armed in part only
        pass_by(
            e, i, row, point, found, reference, at, tape, rules, account, position, orders, record, refused, fills
        )  # fmt: skip
        return power
    if increasing and point > 0:
        power = buying_power(e, row, point, moving, tape, rules, account, position)
    entry = record[e].n_logged
    handled, filled, volume_cut, power, price, commission = take(
        e, row, increasing, share, power, asset, orders[e, i].id, lots, np.int64(orders[e, i].kind),
        np.int64(orders[e, i].reduce_only), whole, maker, orders[e, i].units, orders[e, i].traded, orders[e, i].charged,
        orders[e, i].decided_at, at, reference, room,
        tape, rules, account, position, record, refused, fills,
    )  # fmt: skip
    if handled:
        conclude(
            e, i, row, point, at, lots, filled, volume_cut, price if filled != 0 else reference, commission, entry,
            tape, rules, account, position, orders, record, fills,
        )  # fmt: skip
    return power
