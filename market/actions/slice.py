"""Slices of one large order: how much of what is left goes into the next bar."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError
from .holding import hold_batch
from .one_asset import OneAsset
from .setting import flag_of, is_number

__all__ = ["Slice"]


@dataclass(frozen=True, kw_only=True)
class Slice(OneAsset):
    """One number in [-1, 1]: (a + 1) / 2 of what is left of the parent order is sent now, as one market order; one asset.

    Attributes:
        units: The parent order, signed: bought where positive, sold (short) where negative. What is left is `units` less the
            position.
        finish: Whether the last decision of an episode sends all that is left, whatever the action.
    """

    units: float = 1.0
    finish: bool = True

    name: ClassVar[str] = "slice"
    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (is_number(self.units) and self.units != 0.0):
            raise ConfigError(f"action slice: units must be finite and not 0, was {self.units!r}")
        object.__setattr__(self, "finish", flag_of(self.name, "finish", self.finish))

    @property
    def size(self) -> int:
        """One."""
        return 1

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        held = desk.position["units"]
        wanted = held + 0.5 * (actions + 1.0) * (self.units - held)
        if self.finish:
            last = desk.rows >= desk.episode["last_row"] - 1
            wanted[last] = self.units
        hold_batch(np.ascontiguousarray(wanted), *desk.sheets)
