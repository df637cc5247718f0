"""Positions in units, as kernels and as a scheme: for worlds that pay in units of price, where equity plays no part."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError
from ..grid import whole_lots
from ..kernel import constant, kernel
from ..order import Refusal
from .scheme import ActionScheme
from .setting import is_number
from .sizing import decline, price_in_account, write_intent

__all__ = ["Holding", "hold", "hold_batch"]

NO_SHORT, NOT_TRADABLE = constant(Refusal.NO_SHORT), constant(Refusal.NOT_TRADABLE)


@kernel(inline=True)
def hold(
    e: int,
    asset: int,
    units: float,  # wanted, signed
    row: int,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """The order that brings a position to `units`, whole lots towards zero; nothing where it is there already."""
    held = whole_lots(position[e, asset].units, instruments[asset].lot)
    if units < 0.0 and rules[e].allow_short == 0:
        decline(e, NO_SHORT, declined)
        units = 0.0
    target = whole_lots(units, instruments[asset].lot)
    if target == held:
        return
    value = price_in_account(e, asset, row, bars, instruments, position)
    if value <= 0.0:
        decline(e, NOT_TRADABLE, declined)
        return
    write_intent(e, asset, target - held, target == 0, value, instruments, position, intents, declined)


@kernel
def hold_batch(
    units: np.ndarray,
    rows: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """The orders that bring every position to `units`, float64 (E, A)."""
    for e in range(units.shape[0]):
        for asset in range(units.shape[1]):
            hold(e, asset, units[e, asset], rows[e], bars, instruments, rules, position, intents, declined)


@dataclass(frozen=True, kw_only=True)
class Holding(ActionScheme):
    """A numbers in [-1, 1]: the position in each asset as a part of `max_units`, whatever it is worth.

    Attributes:
        max_units: Units at action 1, positive; -1 is as many short.
    """

    max_units: float = 1.0

    name: ClassVar[str] = "holding"
    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (is_number(self.max_units) and self.max_units > 0.0):
            raise ConfigError(f"action holding: max_units must be positive and finite, was {self.max_units!r}")

    @property
    def size(self) -> int:
        """One position an asset."""
        return self.n_assets

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        hold_batch(actions * self.max_units, *desk.sheets)
