"""What a row does to an account before anyone trades: interest, borrow, delistings, funding, rolls, splits and dividends."""

import math

import numpy as np

from ..market.displacement import SQUARE_ROOT, TRANSIENT, decay
from ..market.grid import whole_lots
from ..market.kernel import constant, kernel
from ..market.ledger import accrue_borrow, accrue_interest, apply_split, pay_dividend, pay_funding, roll_position
from ..market.margin import CASH, REG_T
from ..market.order import OrderKind, OrderState
from ..market.tariff import note_turnover, turnover_of
from .arrays import TapeArrays
from .fill import fill
from .friction import NO_TIER, TAKER, charged, fee_tier, spread_and_slippage
from .path import fx_at
from .pool import ZERO
from .split import split_intent, split_orders

__all__ = ["carry", "delist", "roll"]

DELISTING, FILLED = constant(OrderKind.DELISTING), constant(OrderState.FILLED)


@kernel
def delist(
    e: int,
    row: int,
    asset: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """An asset has left the tape: what is held is paid out at its last close, or what the rules leave of it, without costs."""
    lots = whole_lots(-position[e, asset].units, tape.instruments[asset].lot)
    price = tape.bars[row, asset].close * (1.0 + rules[e].delisting_return)
    at = tape.clock[row].open_at
    fill(
        e, row, asset, ZERO, lots, DELISTING, TAKER, NO_TIER, at, at, price, 0.0, 0.0, 0.0, 0.0, 0.0,
        tape, rules, account, position, record, fills,
    )  # fmt: skip
    if record[e].n_logged <= fills.shape[1]:
        fills[e, record[e].n_logged - 1].state = FILLED


@kernel
def roll(
    e: int, row: int, asset: int, tape: TapeArrays, rules: np.ndarray, account: np.ndarray, position: np.ndarray
) -> None:
    """The contract ends: what is held goes over into the next one, for the costs of two market orders without impact."""
    units, gap, fx = position[e, asset].units, tape.terms[row, asset].roll, fx_at(tape.terms, row, asset)
    spread, slippage, commission, fees, notional = 0.0, 0.0, 0.0, 0.0, 0.0
    if units != 0.0:
        at, multiplier = tape.clock[row].open_at, tape.instruments[asset].multiplier
        tier = fee_tier(e, asset, at, tape, rules, account)
        value = abs(units) * multiplier * fx
        reference, traded = position[e, asset].mark, -units
        for _ in range(2):
            half_spread, slipped = spread_and_slippage(e, row, asset, reference, tape, rules)
            if traded < 0.0 and half_spread + slipped > reference:
                half_spread = min(half_spread, reference)
                slipped = reference - half_spread
            price = reference + half_spread + slipped if traded > 0.0 else reference - half_spread - slipped
            paid, owed = charged(e, traded, price * value, fx, multiplier, tier, TAKER, 0.0, 0.0, 0.0, tape, rules)
            if tier >= 0:
                note_turnover(e, at, turnover_of(tier, units, price, multiplier * fx, tape.tariff), account)
            notional += price * value
            spread += half_spread * value
            slippage += slipped * value
            commission += paid
            fees += owed
            reference, traded = reference + gap, units
    roll_position(e, account, position, tape.instruments, asset, gap, spread, slippage, commission, fees, notional, fx)


@kernel(inline=True)
def carry(
    e: int,
    row: int,
    intents: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """From the close of row - 1 to just before the open of row, asset by asset."""
    elapsed = tape.clock[row].close_at - tape.clock[row - 1].close_at
    if rules[e].impact == TRANSIENT:
        decay(e, elapsed, rules, position)
    if rules[e].account <= REG_T and (
        rules[e].account != CASH or rules[e].cash_interest_rate != 0.0 or account[e].cash < 0.0
    ):
        accrue_interest(
            e, account, position, tape.instruments, rules[e].margin_interest_rate, rules[e].cash_interest_rate, elapsed
        )  # fmt: skip
    has_terms = tape.terms.shape[0] > 0
    if account[e].n_open > 0:
        gone = False
        for a in range(position.shape[1]):
            if position[e, a].units < 0.0:
                rate = rules[e].borrow_rate
                if has_terms and not math.isnan(tape.terms[row, a].borrow_rate):
                    rate = tape.terms[row, a].borrow_rate
                accrue_borrow(e, account, position, tape.instruments, a, rate, elapsed)
            gone = gone or tape.bars[row, a].present == 0
        if gone:
            for a in range(position.shape[1]):
                if tape.bars[row, a].present == 0 and position[e, a].units != 0.0:
                    delist(e, row, a, tape, rules, account, position, record, fills)
    if rules[e].impact != SQUARE_ROOT:
        for a in range(position.shape[1]):
            if tape.bars[row, a].present == 0:
                position[e, a].displacement = 0.0
    if not has_terms:
        return
    for a in range(position.shape[1]):
        if tape.terms[row, a].funding_rate != 0.0 and position[e, a].units != 0.0:
            price = tape.terms[row, a].mark
            if math.isnan(price):
                price = position[e, a].mark
            rate = tape.terms[row, a].funding_rate
            pay_funding(e, account, position, tape.instruments, a, rate, price, position[e, a].fx)
        if not math.isnan(tape.terms[row, a].roll):
            roll(e, row, a, tape, rules, account, position)
        ratio = tape.terms[row, a].split
        if ratio != 1.0:
            apply_split(e, account, position, tape.instruments, a, ratio)
            if math.isnan(tape.terms[row, a].roll):  # else they have left with the old contract
                split_orders(e, a, ratio, tape, account, orders)
            if intents[e, a].lots != 0:
                split_intent(e, a, ratio, intents)
        if tape.terms[row, a].dividend != 0.0 and position[e, a].units != 0.0:
            pay_dividend(e, account, position, a, tape.terms[row, a].dividend, fx_at(tape.terms, row, a))
