"""What a row does to an account before anyone trades: borrow, funding, splits and dividends."""

import math

import numpy as np

from ..market.grid import whole_lots
from ..market.kernel import kernel
from ..market.ledger import accrue_borrow, apply_split, pay_dividend, pay_funding
from .arrays import TapeArrays
from .path import fx_at
from .pool import GONE, rounded_ticks, split_orders

__all__ = ["carry", "split_intent"]


@kernel
def split_intent(e: int, asset: int, ratio: float, intents: np.ndarray) -> None:
    """An intent was decided in old units: lots towards zero, limits no more generous, stops no earlier."""
    buys = intents[e, asset].lots > 0
    intents[e, asset].lots = whole_lots(intents[e, asset].lots * ratio, 1.0)
    intents[e, asset].price_ticks = rounded_ticks(intents[e, asset].price_ticks / ratio, not buys)
    intents[e, asset].stop_ticks = rounded_ticks(intents[e, asset].stop_ticks / ratio, buys)
    if intents[e, asset].lots == 0:
        intents[e, asset].id = GONE


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
) -> None:
    """From the close of row - 1 to just before the open of row, asset by asset."""
    has_terms = tape.terms.shape[0] > 0
    if account[e].n_open > 0:
        elapsed = tape.clock[row].close_at - tape.clock[row - 1].close_at
        for a in range(position.shape[1]):
            if position[e, a].units < 0.0:
                rate = rules[e].borrow_rate
                if has_terms and not math.isnan(tape.terms[row, a].borrow_rate):
                    rate = tape.terms[row, a].borrow_rate
                accrue_borrow(e, account, position, tape.instruments, a, rate, elapsed)
    if not has_terms:
        return
    for a in range(position.shape[1]):
        if tape.terms[row, a].funding_rate != 0.0 and position[e, a].units != 0.0:
            pay_funding(e, account, position, tape.instruments, a, tape.terms[row, a].funding_rate, position[e, a].fx)
        ratio = tape.terms[row, a].split
        if ratio != 1.0:
            apply_split(e, account, position, tape.instruments, a, ratio)
            split_orders(e, a, ratio, account, orders)
            if intents[e, a].lots != 0:
                split_intent(e, a, ratio, intents)
        if tape.terms[row, a].dividend != 0.0 and position[e, a].units != 0.0:
            pay_dividend(e, account, position, a, tape.terms[row, a].dividend, fx_at(tape.terms, row, a))
