"""A menu of exposures: for agents that choose among a few."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError
from ..kernel import constant, kernel
from ..order import Refusal
from .one_asset import OneAsset
from .setting import numbers_of
from .sizing import aim, decline
from .trial import judged, tried

__all__ = ["Levels", "decode_level"]

ASSET, NO_SHORT, LEVERAGE = constant(0), constant(Refusal.NO_SHORT), constant(Refusal.LEVERAGE)


@kernel(inline=True)
def decode_level(
    e: int,
    level: float,
    row: int,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """Trade to `level` of equity; one that the account may not hold is declined, and nothing is traded."""
    if level < 0.0 and rules[e].allow_short == 0:
        decline(e, NO_SHORT, declined)
    elif abs(level) > rules[e].max_leverage * (1.0 + 1e-6):
        decline(e, LEVERAGE, declined)
    else:
        aim(e, ASSET, row, level, bars, instruments, rules, account, position, intents, declined)


@kernel
def decode_level_batch(
    actions: np.ndarray,
    levels: np.ndarray,
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
        decode_level(e, levels[actions[e]], rows[e], bars, instruments, rules, account, position, intents, declined)


@kernel
def judge_levels(
    levels: np.ndarray,
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
    """Write which of the actions are legal, bool (E, n); a level that is held already rests."""
    for e in range(rows.shape[0]):
        for action in range(legal.shape[1]):
            level = levels[action]
            decode_level(e, level, rows[e], bars, instruments, rules, account, position, intents, declined)
            legal[e, action] = judged(e, level == 0.0 or position[e, 0].units != 0.0, account, intents, declined)


@dataclass(frozen=True, kw_only=True)
class Levels(OneAsset):
    """Action i holds `levels[i]` of equity in the one asset; negative is short, above 1 is borrowed (`costs.max_leverage`).

    A level that the account may not hold is declined (`NO_SHORT`, `LEVERAGE`), and the position stays as it is.

    Attributes:
        levels: Parts of equity, all different, two or more.
    """

    levels: tuple[float, ...] = (-1.0, -0.5, 0.0, 0.5, 1.0)

    name: ClassVar[str] = "levels"
    discrete: ClassVar[bool] = True
    several: ClassVar[str | None] = "target_weights"

    def __post_init__(self) -> None:
        super().__post_init__()
        rule = "two or more different finite numbers"
        levels = numbers_of(self.name, "levels", self.levels, rule, -math.inf, math.inf)
        if len(levels) < 2:
            raise ConfigError(f"action levels: levels must be {rule}, was {levels}")
        object.__setattr__(self, "levels", levels)

    @property
    def n(self) -> int:
        """One action a level."""
        return len(self.levels)

    @property
    def labels(self) -> tuple[str, ...]:
        """The levels."""
        return tuple(f"{level:g}" for level in self.levels)

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        decode_level_batch(actions, np.array(self.levels), *desk.sheets)

    def legal(self, desk: Desk) -> np.ndarray:
        """Return where actions are legal, bool (E, n): levels that the account may hold, and for which it can pay a lot."""
        return tried(judge_levels, desk, self.n, np.array(self.levels))
