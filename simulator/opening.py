"""The open of a bar: reducing orders first, then increasing ones, scaled pro rata where cash is short."""

import math

import numpy as np

from ..market.kernel import kernel
from .arrays import TapeArrays
from .fill import asked, take
from .matching import meet
from .path import AT_OPEN
from .pool import DAY, IOC, MARKET, OPEN, PARTIALLY_FILLED, POOL_FULL, day_end, enqueue, refuse
from .power import ALL_ASSETS, buying_power
from .working import take_order

__all__ = ["open_share", "play_open", "take_intent"]


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
    decided_at = tape.clock[row - 1].close_at
    handled, filled, waits, power, _, _ = take(
        e, row, increasing, share, power, asset, intents[e, asset].id, intents[e, asset].lots, MARKET,
        np.int64(intents[e, asset].reduce_only), False, False, 0.0, 0.0, 0.0, decided_at, tape.clock[row].open_at, tape.bars[row, asset].open, math.inf,
        tape, rules, account, position, record, refused, fills,
    )  # fmt: skip
    if handled:
        if waits and filled != intents[e, asset].lots and intents[e, asset].tif != IOC:
            if enqueue(e, asset, decided_at, decided_at + rules[e].latency_ns, intents, account, orders):
                i = account[e].n_working - 1
                orders[e, i].filled = filled
                orders[e, i].state = OPEN if filled == 0 else PARTIALLY_FILLED
                orders[e, i].after = 3
                if intents[e, asset].tif == DAY:
                    orders[e, i].expires_at = day_end(row, tape.clock)
            else:
                refuse(e, POOL_FULL, record, refused)
        intents[e, asset].lots = 0
    return power


@kernel
def open_share(
    e: int,
    row: int,
    power: float,
    intents: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
) -> float:
    """The share of what increasing orders ask for at this open that their account can pay, at most 1."""
    total = 0.0
    for i in range(account[e].n_working):
        hit, reference, _, room = meet(e, i, row, AT_OPEN, tape, rules, position, orders)
        if hit:
            asset = np.int64(orders[e, i].asset)
            lots = orders[e, i].lots - orders[e, i].filled
            total += asked(
                e, row, asset, lots, np.int64(orders[e, i].reduce_only), False, 0.0, 0.0, 0.0, tape.clock[row].open_at, reference,
                room, tape, rules, account, position,
            )  # fmt: skip
    for a in range(intents.shape[1]):
        if intents[e, a].lots != 0:
            total += asked(
                e, row, a, intents[e, a].lots, np.int64(intents[e, a].reduce_only), False, 0.0, 0.0, 0.0, tape.clock[row].open_at,
                tape.bars[row, a].open, math.inf, tape, rules, account, position,
            )  # fmt: skip
    if total <= power:
        return 1.0
    return power / total if power > 0.0 else 0.0


@kernel(inline=True)
def play_open(
    e: int,
    row: int,
    waiting: int,  # market intents of this decision that take this open
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
    share, power = 1.0, 0.0
    working = account[e].n_working
    for stage in range(1 if waiting + working == 1 else 0, 2):  # one order alone has no order to keep
        if stage == 1:
            power = buying_power(e, row, AT_OPEN, ALL_ASSETS, tape, rules, account, position)
            if waiting + working > 1:
                share = open_share(
                    e, row, power, intents, tape, rules, account, position, orders
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
        while i < working:
            power = take_order(
                e, i, row, AT_OPEN, ALL_ASSETS, stage == 1, share, power, tape, rules,
                account, position, orders, record, refused, fills,
            )  # fmt: skip
            i += 1
