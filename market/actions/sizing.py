"""Sizes of orders: from a weight of equity or a share of cash to whole lots."""

import numpy as np

from ..grid import on_grid, whole_lots
from ..kernel import constant, kernel
from ..order import OrderKind, Refusal, TimeInForce

__all__ = ["aim", "decline", "price_in_account", "write_intent"]

MARKET, IOC = constant(OrderKind.MARKET), constant(TimeInForce.IOC)
BELOW_MINIMUM, NOT_TRADABLE = constant(Refusal.BELOW_MINIMUM), constant(Refusal.NOT_TRADABLE)
NO_SHORT = constant(Refusal.NO_SHORT)


@kernel(inline=True)
def decline(e: int, reason: int, declined: np.ndarray) -> None:
    """Count what cannot become an order; column 0 counts all of them, so that a step need not look at the others."""
    declined[e, reason] += 1
    declined[e, 0] += 1


@kernel(inline=True)
def price_in_account(
    e: int, asset: int, row: int, bars: np.ndarray, instruments: np.ndarray, position: np.ndarray
) -> float:
    """Value of one unit at the close of `row`, account currency; 0 where the asset has no price or is not listed."""
    if not bars[row, asset].present:
        return 0.0
    return float(bars[row, asset].close * instruments[asset].multiplier * position[e, asset].fx)


@kernel(inline=True)
def write_intent(e: int, asset: int, lots: int, closing: bool, value: float, instruments: np.ndarray, position: np.ndarray,
                 intents: np.ndarray, declined: np.ndarray) -> None:  # fmt: skip
    """A market order of `lots` worth `value` each, declined under the minimum unless it closes the position."""
    worth = abs(on_grid(lots, instruments[asset].lot)) * value / position[e, asset].fx
    if not closing and (lots == 0 or worth < instruments[asset].min_notional):
        decline(e, BELOW_MINIMUM, declined)
        return
    intents[e, asset].lots = lots
    intents[e, asset].kind = MARKET
    intents[e, asset].tif = IOC


@kernel(inline=True)
def aim(
    e: int,
    asset: int,
    row: int,
    weight: float,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """The order that brings a position to weight x equity / (1 + buffer), whole lots towards zero."""
    held = whole_lots(position[e, asset].units, instruments[asset].lot)
    if weight < 0.0 and rules[e].allow_short == 0:
        decline(e, NO_SHORT, declined)
        weight = 0.0
    if weight == 0.0 and held == 0:
        return
    value = price_in_account(e, asset, row, bars, instruments, position)
    if value <= 0.0:
        decline(e, NOT_TRADABLE, declined)
        return
    target = whole_lots(weight * account[e].equity / (1.0 + rules[e].sizing_buffer) / value, instruments[asset].lot)
    if target != held:
        write_intent(e, asset, target - held, target == 0, value, instruments, position, intents, declined)
