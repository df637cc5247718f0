"""Screening: the first reason why an order is not taken; kernels."""

import math

import numpy as np

from ..market.grid import LARGEST_COUNT, on_grid
from ..market.kernel import constant, kernel
from ..market.order import Refusal
from .arrays import TapeArrays
from .pool import (
    BELOW_MINIMUM,
    FOR_CLOSE,
    FOR_OPEN,
    GTC,
    GTD,
    LIMIT,
    MARKET,
    NONE,
    NOT_TRADABLE,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    has_one_look,
)

__all__ = ["ALONE", "NO_SUCH_PARENT", "REFUSED_PARENT", "screen", "screen_market"]

BAD_PRICE, RUINED, NO_PATH = constant(Refusal.BAD_PRICE), constant(Refusal.RUINED), constant(Refusal.NO_PATH)
BAD_ORDER, NOT_LISTED, ROLLED = constant(Refusal.BAD_ORDER), constant(Refusal.NOT_LISTED), constant(Refusal.ROLLED)
UNKNOWN_ASSET, NO_PARENT = constant(Refusal.UNKNOWN_ASSET), constant(Refusal.NO_PARENT)
GROWN = constant(False)  # no child of another order
ALONE, REFUSED_PARENT, NO_SUCH_PARENT = constant(0), constant(-1), constant(-2)  # instead of a parent's id


@kernel(inline=True)
def size_fault(
    e: int, asset: int, lots: int, price: float, child: bool, tape: TapeArrays, position: np.ndarray
) -> int:
    """The last reasons but one: more lots than can be counted, or a value that is not worth an order."""
    units, held = on_grid(lots, tape.instruments[asset].lot), position[e, asset].units
    after = abs(held + units)
    if after > abs(held):
        if after > LARGEST_COUNT * tape.instruments[asset].lot:
            return BAD_ORDER
        if not child and abs(units) * price * tape.instruments[asset].multiplier < tape.instruments[asset].min_notional:
            return BELOW_MINIMUM
    return NONE


@kernel(inline=True)
def screen_market(
    e: int, row: int, asset: int, lots: int, tape: TapeArrays, account: np.ndarray, position: np.ndarray
) -> int:
    """The reason why a market order that takes the open of `row` is not taken, or NONE."""
    if account[e].ruined:
        return RUINED
    if tape.bars[row, asset].tradable == 0:
        if tape.bars[row, asset].present == 0:
            return NOT_LISTED
        return BELOW_MINIMUM if lots == 0 else NOT_TRADABLE
    if lots == 0:
        return BELOW_MINIMUM
    return int(size_fault(e, asset, lots, position[e, asset].mark, GROWN, tape, position))


@kernel
def goes_together(kind: int, tif: int, post_only: int, parent: int, arm_delay: int) -> bool:
    """Whether there are such a kind, time in force and delay, and whether they go together."""
    if kind < MARKET or kind > TRAILING_STOP or tif < GTC or tif > FOR_CLOSE:
        return False
    if tif in (FOR_OPEN, FOR_CLOSE) and kind not in (MARKET, LIMIT):
        return False
    if post_only == 1 and (kind != LIMIT or has_one_look(tif)):
        return False
    if parent == NO_SUCH_PARENT:
        return False
    return bool(parent == ALONE or arm_delay > 0 or (arm_delay == 0 and kind != MARKET))


@kernel
def screen(
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
    post_only: int,
    parent: int,  # id, ALONE, REFUSED_PARENT or NO_SUCH_PARENT
    arm_delay: int,
    arrives_at: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
) -> int:
    """The first reason why an order is not taken, or NONE."""
    if account[e].ruined:
        return RUINED
    if asset < 0 or asset >= tape.bars.shape[1]:
        return UNKNOWN_ASSET
    if tape.bars[row, asset].present == 0:
        return NOT_LISTED
    if lots == 0:
        return BELOW_MINIMUM
    if not goes_together(kind, tif, post_only, parent, arm_delay) or (tif == GTD and expires_at <= arrives_at):
        return BAD_ORDER
    if parent == REFUSED_PARENT:
        return NO_PARENT
    price = position[e, asset].mark
    if kind != MARKET:
        if rules[e].close_only:
            return NO_PATH
        limited, stopped = kind in (LIMIT, STOP_LIMIT), kind in (STOP, STOP_LIMIT)
        if (limited and price_ticks <= 0) or (stopped and stop_ticks <= 0):
            return BAD_PRICE
        if kind == TRAILING_STOP and trail_ticks <= 0 and not (trail_ticks == 0 and 0.0 < trail_rate < 1.0):
            return BAD_PRICE
        if kind != TRAILING_STOP:
            if tape.terms.shape[0] > 0 and not math.isnan(tape.terms[row, asset].roll):
                return ROLLED
            price = on_grid(price_ticks if limited else stop_ticks, tape.instruments[asset].tick)
    elif parent == ALONE and tif < FOR_OPEN and arrives_at <= tape.clock[row].open_at and tape.bars[row, asset].tradable == 0:
        return NOT_TRADABLE
    return int(size_fault(e, asset, lots, price, parent != ALONE, tape, position))
