"""Margins as kernels: what is set aside for a position, and what must remain of it."""

import math

import numpy as np

from .kernel import constant, kernel
from .rules import ACCOUNTS

__all__ = ["CASH", "CROSS", "ISOLATED", "LEVERAGE", "REG_T", "largest_value", "liquidation_charge", "maintenance", "set_aside"]

CASH, LEVERAGE, REG_T = constant(ACCOUNTS["cash"]), constant(ACCOUNTS["leverage"]), constant(ACCOUNTS["reg_t"])
CROSS, ISOLATED = constant(ACCOUNTS["cross"]), constant(ACCOUNTS["isolated"])


@kernel
def set_aside(
    e: int,
    asset: int,
    before: float,  # units held before the fill
    reference: float,
    fx: float,
    instruments: np.ndarray,
    rules: np.ndarray,
    position: np.ndarray,
) -> None:
    """After a fill in an isolated account: margin grows with the position, shrinks in proportion, begins anew where it turns."""
    held = position[e, asset].units
    grown = abs(held) - abs(before)
    if held == 0.0:
        position[e, asset].margin = 0.0
    elif before != 0.0 and (held > 0.0) == (before > 0.0) and grown <= 0.0:
        position[e, asset].margin *= held / before
    else:
        if before != 0.0 and (held > 0.0) != (before > 0.0):
            position[e, asset].margin = 0.0
            grown = abs(held)
        scale = reference * instruments[asset].multiplier * fx
        position[e, asset].margin += grown * scale / rules[e].max_leverage


@kernel
def maintenance(
    e: int, asset: int, value: float, instruments: np.ndarray, brackets: np.ndarray, rules: np.ndarray
) -> float:
    """What must remain of a position of `value` (signed), account currency: by its brackets, else by the rules' rates."""
    size = abs(value)
    count = instruments[asset].bracket_count
    if count == 0:
        return float(size * (rules[e].maintenance_long if value > 0.0 else rules[e].maintenance_short))
    row = instruments[asset].bracket_first
    last = row + count - 1
    while row < last and brackets[row + 1].floor <= size:
        row += 1
    return float(size * brackets[row].maintenance_rate - brackets[row].deduction)


@kernel
def largest_value(e: int, asset: int, instruments: np.ndarray, brackets: np.ndarray, rules: np.ndarray) -> float:
    """Value to which a position may grow: the end of the last bracket that allows the account's leverage; inf: no end."""
    row = instruments[asset].bracket_first
    end = row + instruments[asset].bracket_count
    largest = 0.0
    while row < end:
        if brackets[row].max_leverage >= rules[e].max_leverage:
            largest = brackets[row + 1].floor if row + 1 < end else math.inf
        row += 1
    return largest


@kernel
def liquidation_charge(
    e: int,
    margin: float,  # set aside for the position before it was closed
    profit: float,  # of closing it, at fill prices, commission and fees taken off
    notional: float,  # at the fill price, not signed
    rules: np.ndarray,
) -> float:
    """What closing a position by force costs besides its fill: the fee, less what an isolated position lost beyond its margin."""
    amount = rules[e].liquidation_fee_rate * notional
    if rules[e].account == ISOLATED and margin + profit - amount < 0.0:
        amount = margin + profit
    return float(amount)
