"""Buying power: what an order that increases exposure may use, and how much of it fits."""

import math

import numpy as np

from ..market.displacement import displaced
from ..market.grid import on_grid
from ..market.kernel import constant, kernel
from ..market.margin import CASH, CROSS, ISOLATED, LEVERAGE, REG_T
from .arrays import TapeArrays
from .friction import frictions
from .path import fx_at
from .valuation import present_price

__all__ = ["ALL_ASSETS", "CASH", "CROSS", "ISOLATED", "LEVERAGE", "REG_T", "affordable", "buying_power", "demand"]

ALL_ASSETS = constant(-1)


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
    if rules[e].account == CASH:
        return float(account[e].cash)
    if rules[e].account == ISOLATED:
        return float(isolated_power(e, row, tape, rules, account, position))
    equity, gross = account[e].cash, 0.0
    for a in range(position.shape[1]):
        units = position[e, a].units
        if units != 0.0:
            price = present_price(e, row, a, point if moving in (ALL_ASSETS, a) else 0, tape, rules, position)
            value = units * price * tape.instruments[a].multiplier * fx_at(tape.terms, row, a)
            equity += value
            gross += abs(value)
    return float(rules[e].max_leverage * equity - gross)


@kernel
def isolated_power(
    e: int, row: int, tape: TapeArrays, rules: np.ndarray, account: np.ndarray, position: np.ndarray
) -> float:
    """What is not set aside, times the leverage: open profits and losses belong to their positions."""
    free = account[e].cash
    for a in range(position.shape[1]):
        units = position[e, a].units
        if units != 0.0:
            scale = tape.instruments[a].multiplier * fx_at(tape.terms, row, a)
            free += units * position[e, a].average_price * scale - position[e, a].margin
    return float(rules[e].max_leverage * free)


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
    position: np.ndarray,
) -> float:
    """Buying power that a fill of `lots` uses up; growth is valued at the reference, displaced where exposure is."""
    lot = tape.instruments[asset].lot
    scale = reference * tape.instruments[asset].multiplier * fx_at(tape.terms, row, asset)
    if rules[e].account == CASH:
        return float(on_grid(lots, lot) * scale + costs)
    if rules[e].account != ISOLATED:
        scale = displaced(e, asset, scale, rules, position)
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
    tier: int,  # this and the next four: what its fees depend on
    maker: bool,
    filled_before: float,
    traded_before: float,
    charged_before: float,
    tape: TapeArrays,
    rules: np.ndarray,
    position: np.ndarray,
) -> tuple[int, float, float, float, float, float, float]:
    """The part of `lots` that is taken -> (lots, power used, spread, slippage, impact, commission, fees).

    Turning a position round without enlarging it always fits. At the open growth is scaled, an order on its own by power over
    need; where that does not fit either, and inside a bar, it is the largest that fits.
    """
    side = 1 if lots > 0 else -1
    more = abs(held + lots) - abs(held)
    free = abs(lots) - more
    if share < 1.0:
        part = math.floor(more * share)
        if part < more:
            more = part
    lot = tape.instruments[asset].lot
    need, spread, slippage, impact, commission, fees = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    fitting, failing = 0, more  # growth that fits for certain, and growth that may not
    scaled, halving = share != 1.0, False
    while True:
        part = side * (free + more)
        spread, slippage, impact, commission, fees = frictions(
            e, row, asset, on_grid(part, lot), reference, room, tier, maker, filled_before, traded_before, charged_before,
            tape, rules, position,
        )  # fmt: skip
        need = demand(e, row, asset, part, held, reference, spread + slippage + impact + commission + fees, tape, rules, position)
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
    return side * (free + more), need, spread, slippage, impact, commission, fees
