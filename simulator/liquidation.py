"""Margins: whether what an account holds is still covered, and closing it by force where it is not."""

import math

import numpy as np

from ..market.displacement import displaced
from ..market.grid import on_grid, whole_lots
from ..market.kernel import constant, kernel
from ..market.ledger import charge_liquidation, equity_by_attribution, equity_by_cash
from ..market.margin import ISOLATED, REG_T, liquidation_charge, maintenance
from ..market.order import OrderKind, OrderState, Refusal
from .arrays import TapeArrays
from .departure import drop_orders
from .fill import fill
from .friction import TAKER, fee_tier, frictions
from .path import AT_OPEN, fx_at, point_price, point_time
from .pool import ZERO
from .power import ALL_ASSETS
from .valuation import present_price

__all__ = ["excess", "may_be_liquidated", "watch_margins"]

LIQUIDATION, FILLED = constant(OrderKind.LIQUIDATION), constant(OrderState.FILLED)
LIQUIDATED = constant(Refusal.LIQUIDATED)


@kernel
def cover(e: int, row: int, asset: int, price: float, tape: TapeArrays, rules: np.ndarray, position: np.ndarray) -> float:
    """What one position adds to the excess at a price: its value (isolated: margin and open profit) less its maintenance."""
    units = position[e, asset].units
    scale = tape.instruments[asset].multiplier * fx_at(tape.terms, row, asset)
    must_remain = maintenance(e, asset, units * price * scale, tape.instruments, tape.brackets, rules)
    if rules[e].account == ISOLATED:
        return float(position[e, asset].margin + units * (price - position[e, asset].average_price) * scale - must_remain)
    return float(units * price * scale - must_remain)


@kernel
def excess(
    e: int,
    row: int,
    point: int,
    moving: int,
    only: int,  # the one position that is looked at (isolated), or ALL_ASSETS
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
) -> float:
    """Equity less maintenance of the positions as they are now, at the prices of a point."""
    total = account[e].cash if only == ALL_ASSETS else 0.0
    for a in range(position.shape[1]):
        if position[e, a].units != 0.0 and only in (ALL_ASSETS, a):
            price = present_price(e, row, a, point if moving in (ALL_ASSETS, a) else AT_OPEN, tape, rules, position)
            total += cover(e, row, a, price, tape, rules, position)
    return float(total)


@kernel(inline=True)
def may_be_liquidated(e: int, row: int, tape: TapeArrays, rules: np.ndarray, account: np.ndarray, position: np.ndarray) -> bool:
    """A quick look before any path is run: could a point of this bar find the margin short."""
    if rules[e].account < REG_T or account[e].n_open == 0:
        return False
    return bool(could_fall_short(e, row, tape, rules, account, position))


@kernel
def could_fall_short(e: int, row: int, tape: TapeArrays, rules: np.ndarray, account: np.ndarray, position: np.ndarray) -> bool:
    """Whether the excess is below zero with longs at their low and shorts at their high, from the positions as they are now."""
    total = account[e].cash
    for a in range(position.shape[1]):
        if position[e, a].units == 0.0:
            continue
        worst = tape.bars[row, a].low if position[e, a].units > 0.0 else tape.bars[row, a].high
        covered = cover(e, row, a, displaced(e, a, worst, rules, position), tape, rules, position)
        if rules[e].account == ISOLATED and covered < 0.0:
            return True
        total += covered
    return bool(rules[e].account != ISOLATED and total < 0.0)


@kernel
def watch_margins(
    e: int,
    row: int,
    point: int,
    moving: int,  # the only asset that leaves its open, or ALL_ASSETS
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """After the orders of a point: close by force what is no longer covered."""
    if rules[e].account < REG_T:
        return
    if rules[e].account != ISOLATED:
        watch(e, row, point, moving, ALL_ASSETS, tape, rules, account, position, orders, record, refused, fills)
        return
    for a in range(position.shape[1]):
        if position[e, a].units != 0.0:
            watch(e, row, point, moving, a, tape, rules, account, position, orders, record, refused, fills)


@kernel
def watch(
    e: int,
    row: int,
    point: int,
    moving: int,
    only: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """One margin: the share of the way at which the excess is gone, and what is closed there."""
    last = excess(e, row, point, moving, only, tape, rules, account, position)
    if last >= 0.0:
        return
    share, at = 1.0, point_time(tape.clock, row, point)
    if point > 0:
        first = excess(e, row, point - 1, moving, only, tape, rules, account, position)
        if first >= 0.0:
            share = first / (first - last)
            before = point_time(tape.clock, row, point - 1)
            at = before + int(share * (at - before))
    closing = False
    for a in range(position.shape[1]):
        closing = closing or (only in (ALL_ASSETS, a) and position[e, a].units != 0.0 and tape.bars[row, a].tradable == 1)
    if not closing:
        return
    drop_orders(e, only, row, at, LIQUIDATED, tape, rules, account, position, orders, record, refused, fills)
    record[e].liquidated = 1
    account[e].n_liquidations += 1
    for a in range(position.shape[1]):
        if only in (ALL_ASSETS, a) and position[e, a].units != 0.0 and tape.bars[row, a].tradable:
            here = point if moving in (ALL_ASSETS, a) else AT_OPEN
            reference = price_on_the_way(row, a, here, share, tape, np.int64(position[e, a].path))
            close_by_force(e, row, a, reference, at, tape, rules, account, position, record, fills)


@kernel
def price_on_the_way(row: int, asset: int, point: int, share: float, tape: TapeArrays, path: int) -> float:
    """Price at `share` of the way to a point from the one before it."""
    last = point_price(tape.bars, row, asset, path, point)
    if point == 0 or share >= 1.0:
        return float(last)
    first = point_price(tape.bars, row, asset, path, point - 1)
    price = first + (last - first) * share
    return float(max(min(first, last), min(max(first, last), price)))


@kernel
def close_by_force(
    e: int,
    row: int,
    asset: int,
    reference: float,
    at: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """A market order for all that is held, as large as it must be, and what the venue charges or bears."""
    held, margin, average = position[e, asset].units, position[e, asset].margin, position[e, asset].average_price
    lots = whole_lots(-held, tape.instruments[asset].lot)
    tier = fee_tier(e, asset, tape.clock[row].open_at, tape, rules, account)
    spread, slippage, impact, commission, fees = frictions(
        e, row, asset, on_grid(lots, tape.instruments[asset].lot), reference, math.inf, tier, TAKER, 0.0, 0.0, 0.0,
        tape, rules, position,
    )  # fmt: skip
    price = fill(
        e, row, asset, ZERO, lots, LIQUIDATION, TAKER, tier, at, at, reference, spread, slippage, impact, commission, fees,
        tape, rules, account, position, record, fills,
    )  # fmt: skip
    scale = tape.instruments[asset].multiplier * fx_at(tape.terms, row, asset)
    profit = held * (price - average) * scale - commission - fees
    charge_liquidation(e, account, liquidation_charge(e, margin, profit, abs(held) * price * scale, rules))
    n = record[e].n_logged - 1
    if n < fills.shape[1]:
        fills[e, n].cash = account[e].cash
        fills[e, n].equity = equity_by_cash(e, account, position, tape.instruments)
        fills[e, n].attribution = equity_by_attribution(e, account)
        fills[e, n].state = FILLED
