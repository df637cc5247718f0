"""Discrete positions on one asset: flat or long, or short, flat or long."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..kernel import constant, kernel
from ..order import Refusal
from .one_asset import OneAsset
from .setting import flag_of
from .sizing import aim, decline
from .trial import judged, tried

__all__ = ["Positions", "decode_position"]

ASSET, NO_SHORT = constant(0), constant(Refusal.NO_SHORT)


@kernel(inline=True)
def decode_position(
    e: int,
    side: int,  # -1, 0, 1
    rebalance: bool,
    row: int,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """All of the equity on one side; a side that is held already is left as it is, unless `rebalance` is set."""
    units = position[e, 0].units
    if side < 0 and rules[e].allow_short == 0:
        decline(e, NO_SHORT, declined)
        return
    if not rebalance and ((side > 0 and units > 0.0) or (side < 0 and units < 0.0)):
        return
    aim(e, ASSET, row, float(side), bars, instruments, rules, account, position, intents, declined)


@kernel
def decode_position_batch(
    actions: np.ndarray,
    offset: int,
    rebalance: bool,
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
        decode_position(e, actions[e] - offset, rebalance, rows[e], bars, instruments, rules, account, position, intents, declined)


@kernel
def judge_positions(
    offset: int,
    rebalance: bool,
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
    """Write which of the actions are legal, bool (E, n); a side that is held already rests."""
    for e in range(rows.shape[0]):
        for action in range(legal.shape[1]):
            side = action - offset
            decode_position(e, side, rebalance, rows[e], bars, instruments, rules, account, position, intents, declined)
            legal[e, action] = judged(e, side == 0 or position[e, 0].units != 0.0, account, intents, declined)


@dataclass(frozen=True, kw_only=True)
class Positions(OneAsset):
    """Flat or long, or short, flat or long, with all of the equity; one asset.

    Attributes:
        short: Whether action 0 is short (then 1 is flat and 2 long), declined where shorts are not allowed; else 0 is flat and
            1 long.
        rebalance: Whether a side that is held already is brought back to all of the equity; else it is left as it is.
    """

    short: bool = False
    rebalance: bool = False

    name: ClassVar[str] = "positions"
    discrete: ClassVar[bool] = True
    several: ClassVar[str | None] = "weights"

    def __post_init__(self) -> None:
        super().__post_init__()
        for setting in ("short", "rebalance"):
            object.__setattr__(self, setting, flag_of(self.name, setting, getattr(self, setting)))

    @property
    def n(self) -> int:
        """Two, or three with shorts."""
        return 3 if self.short else 2

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the actions, in their order."""
        return ("short", "flat", "long") if self.short else ("flat", "long")

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        offset = 1 if self.short else 0
        decode_position_batch(actions, offset, self.rebalance, *desk.sheets)

    def legal(self, desk: Desk) -> np.ndarray:
        """Return where actions are legal, bool (E, n): a side that is held, or can be taken with a lot at least."""
        return tried(judge_positions, desk, self.n, 1 if self.short else 0, self.rebalance)
