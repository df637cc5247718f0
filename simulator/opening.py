"""The open of a bar: reducing orders first, then increasing ones, scaled pro rata where cash is short; kernels."""

import math

import numpy as np

from ..market.grid import on_grid
from ..market.kernel import kernel
from .arrays import TapeArrays
from .fill import asked, take
from .friction import TAKER
from .initial_risk import note_turn
from .matching import HIT, meet
from .order_log import log_change
from .path import AT_OPEN
from .pool import (
    CANCELLED,
    DAY,
    FILLED,
    FOK,
    GTC,
    MARKET,
    NEVER,
    NONE,
    OPEN,
    PARTIALLY_FILLED,
    POOL_FULL,
    REJECTED,
    ZERO,
    enqueue,
    open_lots,
    refuse,
)
from .power import ALL_ASSETS, buying_power
from .working import take_order, why

__all__ = ["open_share", "play_open", "take_intent"]


@kernel
def keep_rest(
    e: int,
    asset: int,
    row: int,
    filled: int,
    intents: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
) -> int:
    """What volume has cut of a market intent works on from the pool, from the next open -> the state of the order."""
    decided_at = tape.clock[row - 1].close_at
    if not enqueue(
        e, intents[e, asset].id, asset, intents[e, asset].lots, MARKET, np.int64(intents[e, asset].tif), ZERO, ZERO, ZERO, 0.0,
        NEVER, np.int64(intents[e, asset].reduce_only), ZERO, ZERO, ZERO, ZERO, decided_at, decided_at + rules[e].latency_ns,
        tape, account, orders,
    ):  # fmt: skip
        refuse(e, POOL_FULL, record, refused)
        return CANCELLED
    i = account[e].n_working - 1
    orders[e, i].filled = filled
    orders[e, i].state = OPEN if filled == 0 else PARTIALLY_FILLED
    orders[e, i].after = 3
    orders[e, i].rested = 1
    return OPEN if filled == 0 else PARTIALLY_FILLED


@kernel(inline=True)
def take_intent(
    e: int,
    asset: int,
    row: int,  # of the bar that opens
    increasing: bool,
    share: float,
    power: float,
    intents: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> float:
    """A market order of this decision at the open -> buying power left; only a rest that volume cut goes to the pool."""
    decided_at, at = tape.clock[row - 1].close_at, tape.clock[row].open_at
    tif, lots, entry = intents[e, asset].tif, intents[e, asset].lots, record[e].n_logged
    handled, filled, volume_cut, power, price, commission = take(
        e, row, increasing, share, power, asset, intents[e, asset].id, lots, MARKET,
        np.int64(intents[e, asset].reduce_only), tif == FOK, TAKER, 0.0, 0.0, 0.0, decided_at, at, tape.bars[row, asset].open,
        math.inf, tape, rules, account, position, record, refused, fills,
    )  # fmt: skip
    if not handled:
        return power
    state = FILLED
    if filled != lots:
        state = REJECTED if filled == 0 and tif == FOK else CANCELLED
        if volume_cut and tif in (GTC, DAY):
            state = keep_rest(
                e, asset, row, filled, intents, tape, rules, account, orders, record, refused
            )  # fmt: skip
            if state == PARTIALLY_FILLED:
                i = account[e].n_working - 1
                units = on_grid(abs(filled), tape.instruments[asset].lot)
                scale = tape.instruments[asset].multiplier * (tape.terms[row, asset].fx if tape.terms.shape[0] > 0 else 1.0)
                orders[e, i].units = units
                orders[e, i].traded = units * price * scale
                orders[e, i].charged = commission
    if filled != 0:
        if position[e, asset].risk != 0.0:
            note_turn(e, asset, filled, tape, position)
        if entry < fills.shape[1]:
            fills[e, entry].state = state
    elif state > PARTIALLY_FILLED and rules[e].log_orders == 1:
        reduce_only = np.int64(intents[e, asset].reduce_only)
        reason = why(e, row, asset, lots, np.int64(tif), reduce_only, tape.bars[row, asset].open, tape, rules, position)
        if volume_cut and tif in (GTC, DAY):
            reason = POOL_FULL
        log_change(
            e, row, at, intents[e, asset].id, decided_at, asset, MARKET, state, reason, tape, account, position, record, fills
        )  # fmt: skip
    intents[e, asset].lots = 0
    return power


@kernel
def open_share(
    e: int,
    row: int,
    working: int,
    power: float,
    intents: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
) -> float:
    """The share of what increasing orders ask for at this open that their account can pay, at most 1."""
    total, at = 0.0, tape.clock[row].open_at
    for i in range(working):
        found, reference, _, room, maker = meet(e, i, row, AT_OPEN, tape, rules, position, orders)
        if found == HIT:
            asset = np.int64(orders[e, i].asset)
            total += asked(
                e, row, asset, open_lots(e, i, orders), np.int64(orders[e, i].reduce_only), maker, orders[e, i].units,
                orders[e, i].traded, orders[e, i].charged, at, reference, room, tape, rules, account, position,
            )  # fmt: skip
    for a in range(intents.shape[1]):
        if intents[e, a].lots != 0:
            total += asked(
                e, row, a, intents[e, a].lots, np.int64(intents[e, a].reduce_only), TAKER, 0.0, 0.0, 0.0, at,
                tape.bars[row, a].open, math.inf, tape, rules, account, position,
            )  # fmt: skip
    return float(part_of(total, power))


@kernel(inline=True)
def part_of(total: float, power: float) -> float:
    """The part of a demand that buying power covers, at most 1."""
    if total <= power:
        return 1.0
    return power / total if power > 0.0 else 0.0


@kernel
def log_arrivals(
    e: int,
    row: int,
    intents: np.ndarray,
    tape: TapeArrays,
    account: np.ndarray,
    position: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """Market intents that take this open have arrived."""
    for a in range(intents.shape[1]):
        if intents[e, a].lots != 0:
            log_change(
                e, row, tape.clock[row].open_at, intents[e, a].id, tape.clock[row - 1].close_at, a, MARKET, OPEN, NONE,
                tape, account, position, record, fills,
            )  # fmt: skip


@kernel(inline=True)
def play_open(
    e: int,
    row: int,
    waiting: int,  # market intents of this decision that take this open
    working: int,  # orders of the pool that are looked at: all or none
    intents: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """Two rounds over working orders and market intents, both in order of id."""
    share, power, total = 1.0, 0.0, 0.0
    if waiting > 0 and rules[e].log_orders == 1:
        log_arrivals(e, row, intents, tape, account, position, record, fills)
    for stage in range(1 if waiting + working == 1 else 0, 2):  # one order alone has no order to keep
        if stage == 1:
            power = buying_power(e, row, AT_OPEN, ALL_ASSETS, tape, rules, account, position)
            if waiting + working > 1:
                share = part_of(total, power) if working == 0 else open_share(
                    e, row, working, power, intents, tape, rules, account, position, orders
                )  # fmt: skip
        i = np.int64(0)
        if waiting > 0:
            for a in range(intents.shape[1]):
                if intents[e, a].lots == 0:
                    continue
                while i < working and orders[e, i].id < intents[e, a].id:
                    power = take_order(
                        e, i, row, AT_OPEN, ALL_ASSETS, stage == 1, share, power, tape, rules,
                        account, position, orders, record, refused, fills,
                    )  # fmt: skip
                    i += 1
                power = take_intent(
                    e, a, row, stage == 1, share, power, intents, tape, rules,
                    account, position, orders, record, refused, fills,
                )  # fmt: skip
                if stage == 0 and working == 0 and intents[e, a].lots != 0:  # nothing else moves what it asks for
                    total += asked(
                        e, row, a, intents[e, a].lots, np.int64(intents[e, a].reduce_only), TAKER, 0.0, 0.0, 0.0,
                        tape.clock[row].open_at, tape.bars[row, a].open, math.inf, tape, rules, account, position,
                    )  # fmt: skip
        while i < working:
            power = take_order(
                e, i, row, AT_OPEN, ALL_ASSETS, stage == 1, share, power, tape, rules,
                account, position, orders, record, refused, fills,
            )  # fmt: skip
            i += 1
