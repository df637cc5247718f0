"""Short, flat or long by a fixed number of units of one asset."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError
from ..order import Refusal
from .holding import hold_batch
from .one_asset import OneAsset
from .setting import is_number
from .trial import trial_sheets

__all__ = ["UnitPositions"]


@dataclass(frozen=True, kw_only=True)
class UnitPositions(OneAsset):
    """Short (0), flat (1) or long (2) by a fixed number of units of one asset, whatever the equity.

    A short is declined, and the position stays as it is, where shorts are not allowed.

    Attributes:
        units: Of the long position, positive; the short one is as large.
    """

    units: float = 1.0

    name: ClassVar[str] = "unit_positions"
    discrete: ClassVar[bool] = True
    several: ClassVar[str | None] = "holding"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (is_number(self.units) and self.units > 0.0):
            raise ConfigError(f"action unit_positions: units must be positive and finite, was {self.units!r}")

    @property
    def n(self) -> int:
        """Three."""
        return 3

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the actions, in their order."""
        return ("short", "flat", "long")

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        wanted, barred = (actions[:, None] - 1) * self.units, (actions == 0) & (desk.rules["allow_short"] == 0)
        if barred.any():
            desk.declined[barred, Refusal.NO_SHORT] += 1
            desk.declined[barred, 0] += 1  # counts all of them
            wanted[barred] = desk.position["units"][barred]
        hold_batch(wanted, *desk.sheets)

    def legal(self, desk: Desk) -> np.ndarray:
        """Return where actions are legal, bool (E, 3): what is held, or can be taken; shorts where they are allowed."""
        legal = np.empty((desk.n_envs, self.n), np.bool_)
        for action in range(self.n):
            *sheets, intents, declined = trial_sheets(desk)
            hold_batch(np.full((desk.n_envs, 1), (action - 1) * float(self.units)), *sheets, intents, declined)
            rests = (action == 1) | (desk.position["units"][:, 0] != 0.0)
            asked = np.where(intents["lots"][:, 0] != 0, desk.account["ruined"] == 0, rests)
            legal[:, action] = asked & (declined[:, 0] == 0)
        legal[:, 0] &= desk.rules["allow_short"] != 0
        return legal
