"""A menu of exposures: for agents that choose among a few."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError
from .scheme import ActionScheme

__all__ = ["Levels"]


@dataclass(frozen=True, kw_only=True)
class Levels(ActionScheme):
    """Action i holds `levels[i]` of equity in the one asset; negative is short, above 1 is borrowed (`costs.max_leverage`).

    Attributes:
        levels: Parts of equity, all different, two or more.
    """

    levels: tuple[float, ...] = (-1.0, -0.5, 0.0, 0.5, 1.0)

    name: ClassVar[str] = "levels"
    discrete: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_assets != 1:
            raise ConfigError(f"action levels: trades one asset, n_assets was {self.n_assets}; use target_weights for several")
        object.__setattr__(self, "levels", tuple(float(level) for level in self.levels))
        if len(self.levels) < 2 or len(set(self.levels)) < len(self.levels) or not all(map(math.isfinite, self.levels)):
            raise ConfigError(f"action levels: levels must be two or more different finite numbers, were {self.levels}")

    @property
    def n(self) -> int:
        """One action a level."""
        return len(self.levels)

    @property
    def labels(self) -> tuple[str, ...]:
        """The levels."""
        return tuple(f"{level:g}" for level in self.levels)

    def weights(self, actions: np.ndarray, desk: Desk) -> np.ndarray:
        """Return the levels chosen, (E, 1)."""
        return np.asarray(np.array(self.levels)[actions][:, None])
