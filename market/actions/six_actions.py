"""Six actions on one asset: buy 10 % or 50 % of free cash, hold, sell 10 % or 50 % of the units, close all."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..grid import whole_lots
from ..kernel import constant, kernel
from ..order import Refusal
from .one_asset import OneAsset
from .sizing import decline, price_in_account, write_intent
from .trial import judged, tried

__all__ = ["SixActions", "decode_six"]

NOT_TRADABLE, ASSET = constant(Refusal.NOT_TRADABLE), constant(0)
BUY_10, BUY_50, HOLD, SELL_10, SELL_50, CLOSE_ALL = range(6)


@kernel(inline=True)
def decode_six(
    e: int,
    action: int,
    row: int,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """Quantity = floor to lot of (x cash / (close (1 + buffer))), or of x units."""
    units, lot = position[e, 0].units, instruments[0].lot
    if action == HOLD or (action >= SELL_10 and units <= 0.0):
        return
    value = price_in_account(e, ASSET, row, bars, instruments, position)
    if value <= 0.0:
        decline(e, NOT_TRADABLE, declined)
        return
    if action < HOLD:
        share = 0.1 if action == BUY_10 else 0.5
        free = account[e].cash if account[e].cash > 0.0 else 0.0
        lots = whole_lots(share * free / (value * (1.0 + rules[e].sizing_buffer)), lot)
    elif action == CLOSE_ALL:
        lots = -whole_lots(units, lot)
    else:
        lots = -whole_lots((0.1 if action == SELL_10 else 0.5) * units, lot)
    write_intent(e, ASSET, lots, action == CLOSE_ALL, value, instruments, position, intents, declined)


@kernel
def decode_six_batch(
    actions: np.ndarray,
    rows: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    for e in range(actions.shape[0]):
        decode_six(e, actions[e], rows[e], bars, instruments, rules, account, position, intents, declined)


@kernel
def judge_six(
    rows: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,  # of the trial, as `declined`
    declined: np.ndarray,
    legal: np.ndarray,
) -> None:
    """Write which of the actions are legal, bool (E, 6)."""
    for e in range(rows.shape[0]):
        for action in range(legal.shape[1]):
            decode_six(e, action, rows[e], bars, instruments, rules, account, position, intents, declined)
            legal[e, action] = judged(e, action == HOLD, account, intents, declined)


@dataclass(frozen=True, kw_only=True)
class SixActions(OneAsset):
    """0 buy 10 %, 1 buy 50 %, 2 hold, 3 sell 10 %, 4 sell 50 %, 5 close all; long-only, one asset."""

    name: ClassVar[str] = "six_actions"
    discrete: ClassVar[bool] = True
    several: ClassVar[str | None] = "weights"

    @property
    def n(self) -> int:
        """Six."""
        return 6

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the actions, in their order."""
        return ("buy 10 %", "buy 50 %", "hold", "sell 10 %", "sell 50 %", "close all")

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        decode_six_batch(actions, *desk.sheets)

    def legal(self, desk: Desk) -> np.ndarray:
        """Return where actions are legal, bool (E, 6): buys of a lot at least, sales of what is held, and to hold, always."""
        return tried(judge_six, desk, self.n)
