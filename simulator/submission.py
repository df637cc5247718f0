"""Submission: what a decision asks for becomes market orders for the open, working orders, or counted refusals."""

import numpy as np

from ..market.grid import LARGEST_COUNT, on_grid
from ..market.kernel import constant, kernel
from ..market.order import Refusal
from .arrays import TapeArrays
from .pool import GONE, GTC, IOC, LIMIT, MARKET, NOT_TRADABLE, POOL_FULL, STOP, cancel_orders, enqueue, make_room, refuse

__all__ = ["screen", "submit"]

NONE, BELOW_MINIMUM, BAD_PRICE = constant(Refusal.NONE), constant(Refusal.BELOW_MINIMUM), constant(Refusal.BAD_PRICE)
RUINED, NO_PATH, BAD_ORDER = constant(Refusal.RUINED), constant(Refusal.NO_PATH), constant(Refusal.BAD_ORDER)


@kernel(inline=True)
def screen(
    e: int,
    row: int,
    asset: int,
    at_open: bool,
    intents: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
) -> int:
    """The reason why an intent is not taken, or NONE."""
    lots, kind, tif = intents[e, asset].lots, intents[e, asset].kind, intents[e, asset].tif
    if account[e].ruined:
        return RUINED
    if lots == 0:
        return BELOW_MINIMUM
    if kind < MARKET or kind > STOP or tif < GTC or tif > IOC:
        return BAD_ORDER
    if kind == MARKET:
        if at_open and not tape.bars[row, asset].tradable:
            return NOT_TRADABLE
        price = position[e, asset].mark
    else:
        if rules[e].close_only:
            return NO_PATH
        ticks = intents[e, asset].price_ticks if kind == LIMIT else intents[e, asset].stop_ticks
        if ticks <= 0:
            return BAD_PRICE
        price = on_grid(ticks, tape.instruments[asset].tick)
    units = on_grid(lots, tape.instruments[asset].lot)
    held = position[e, asset].units
    if abs(held + units) > abs(held):
        if abs(held + units) > LARGEST_COUNT * tape.instruments[asset].lot:
            return BAD_ORDER
        value = abs(units) * price * tape.instruments[asset].multiplier
        if value < tape.instruments[asset].min_notional:
            return BELOW_MINIMUM
    return NONE


@kernel(inline=True)
def submit(
    e: int,
    row: int,  # of the decision
    intents: np.ndarray,
    tickets: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
) -> int:
    """Gives ids, refuses, cancels and fills the pool -> number of market intents left that take the next open."""
    first, n_assets = 0, intents.shape[1]
    while first < n_assets and intents[e, first].lots == 0 and intents[e, first].cancel == 0 and intents[e, first].id != GONE:
        first += 1
    if first == n_assets:
        return 0
    decided_at = tape.clock[row].close_at
    arrives_at = decided_at + rules[e].latency_ns
    at_open = arrives_at <= tape.clock[row + 1].open_at
    waiting = 0
    if account[e].n_working > 0:
        for a in range(first, n_assets):
            if intents[e, a].cancel:
                cancel_orders(e, a, arrives_at, account, orders)
    for a in range(first, n_assets):
        if intents[e, a].lots == 0 and intents[e, a].id != GONE:
            continue
        intents[e, a].id = account[e].next_order_id
        account[e].next_order_id += 1
        reason = screen(e, row + 1, a, at_open, intents, tape, rules, account, position)
        if reason == NONE and at_open and intents[e, a].kind == MARKET:
            waiting += 1
            continue
        if at_open and account[e].n_working == orders.shape[1]:
            make_room(e, arrives_at, account, orders)
        if reason == NONE and not enqueue(e, a, decided_at, arrives_at, intents, account, orders):
            reason = POOL_FULL
        if reason != NONE:
            refuse(e, reason, record, refused)
        intents[e, a].lots = 0
    return waiting
