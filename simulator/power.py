"""Buying power: what an order that increases exposure may use, and how much of it fits."""

import math

import numpy as np

from ..market.grid import on_grid
from ..market.kernel import constant, kernel
from ..market.rules import ACCOUNTS
from .arrays import TapeArrays
from .friction import frictions
from .path import fx_at, point_price

__all__ = ["affordable", "buying_power", "demand", "is_cash_account"]

ALL_ASSETS = constant(-1)
CASH, LEVERAGE, REG_T = constant(ACCOUNTS["cash"]), constant(ACCOUNTS["leverage"]), constant(ACCOUNTS["reg_t"])
CROSS, ISOLATED = constant(ACCOUNTS["cross"]), constant(ACCOUNTS["isolated"])


@kernel(inline=True)
def is_cash_account(e: int, rules: np.ndarray) -> bool:
    """Long-only without borrowing: buys are paid from cash."""
    return bool(rules[e].allow_short == 0 and rules[e].max_leverage == 1.0)


@kernel(inline=True)
def buying_power(
    e: int,
    row: int,
    point: int,  # 0..3: where the paths stand
    moving: int,  # the only asset beyond point 0, or ALL_ASSETS
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
) -> float:
    """Cash, or for a margin account max_leverage x equity - gross exposure at the present prices."""
    if is_cash_account(e, rules):
        return float(account[e].cash)
    equity, gross = account[e].cash, 0.0
    for a in range(position.shape[1]):
        units = position[e, a].units
        if units != 0.0:
            price = position[e, a].mark
            if tape.bars[row, a].tradable:
                price = point_price(tape.bars, row, a, np.int64(position[e, a].path), point if moving in (ALL_ASSETS, a) else 0)
            value = units * price * tape.instruments[a].multiplier * fx_at(tape.terms, row, a)
            equity += value
            gross += abs(value)
    return float(rules[e].max_leverage * equity - gross)


@kernel(inline=True)
def demand(
    e: int,
    row: int,
    asset: int,
    lots: int,  # signed
    held: int,  # signed lots
    reference: float,
    costs: float,  # of the fill, account currency
    tape: TapeArrays,
    rules: np.ndarray,
) -> float:
    """Buying power that a fill of `lots` uses up."""
    lot = tape.instruments[asset].lot
    scale = reference * tape.instruments[asset].multiplier * fx_at(tape.terms, row, asset)
    if is_cash_account(e, rules):
        return float(on_grid(lots, lot) * scale + costs)
    return float(on_grid(abs(held + lots) - abs(held), lot) * scale + rules[e].max_leverage * costs)


@kernel(inline=True)
def affordable(
    e: int,
    row: int,
    asset: int,
    lots: int,
    held: int,
    reference: float,
    room: float,
    share: float,  # every order of this open gets this share of what it asks, at most 1; inside a bar inf: all that fits
    power: float,
    tape: TapeArrays,
    rules: np.ndarray,
) -> tuple[int, float, float, float, float, float]:
    """The part of `lots` that is taken -> (lots, power used, spread, slippage, impact, commission).

    Turning a position round without enlarging it always fits. At the open growth is scaled, an order on its own by power over
    need; where that does not fit either, and inside a bar, it is the largest that fits.
    """
    side = 1 if lots > 0 else -1
    more = abs(held + lots) - abs(held)
    free = abs(lots) - more
    if share < 1.0:
        more = math.floor(more * share)
    lot = tape.instruments[asset].lot
    need, spread, slippage, impact, commission = 0.0, 0.0, 0.0, 0.0, 0.0
    fitting, failing = 0, more  # growth that fits for certain, and growth that may not
    scaled, halving = share != 1.0, False
    while True:
        part = side * (free + more)
        spread, slippage, impact, commission = frictions(
            e, row, asset, on_grid(part, lot), reference, room, tape, rules
        )  # fmt: skip
        need = demand(e, row, asset, part, held, reference, spread + slippage + impact + commission, tape, rules)
        if need <= power or more <= fitting:
            if not halving or failing - more <= 1:
                break
            fitting = more
        else:
            failing = more
        if scaled:
            halving = True
            more = (fitting + failing) // 2
        else:
            scaled = True
            more = max(0, min(more - 1, math.floor(more * (power / need)))) if power > 0.0 else 0
    return side * (free + more), need, spread, slippage, impact, commission
