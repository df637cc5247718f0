"""Short, flat or long by a fixed number of units of one asset."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError
from .holding import hold_batch
from .scheme import ActionScheme

__all__ = ["UnitPositions"]


@dataclass(frozen=True, kw_only=True)
class UnitPositions(ActionScheme):
    """Short (0), flat (1) or long (2) by a fixed number of units of one asset, whatever the equity.

    Attributes:
        units: Of the long position, positive; the short one is as large.
    """

    units: float = 1.0

    name: ClassVar[str] = "unit_positions"
    discrete: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_assets != 1:
            raise ConfigError(f"action unit_positions: trades one asset, n_assets was {self.n_assets}; use holding for several")
        if not (math.isfinite(self.units) and self.units > 0.0):
            raise ConfigError(f"action unit_positions: units must be positive and finite, was {self.units}")

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
        hold_batch((actions[:, None] - 1) * self.units, *desk.sheets)
