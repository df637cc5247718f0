"""Continuous exposure to one asset."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError
from .weights import TargetWeights

__all__ = ["Exposure"]


@dataclass(frozen=True, kw_only=True)
class Exposure(TargetWeights):
    """One number in [-1, 1], times `scale`: the part of equity in the one asset; negative is short (or flat).

    Attributes:
        scale: Exposure of the action 1, as a multiple of equity; an exposure beyond the leverage of the rules is cut to it.
    """

    scale: float = 1.0

    name: ClassVar[str] = "exposure"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_assets != 1:
            raise ConfigError(f"action exposure: trades one asset, n_assets was {self.n_assets}; use weights for several")
        number = isinstance(self.scale, Real) and not isinstance(self.scale, bool)
        if not (number and math.isfinite(self.scale) and self.scale > 0.0):
            raise ConfigError(f"action exposure: scale must be a positive, finite number, was {self.scale!r}")

    def weights(self, actions: np.ndarray, desk: Desk) -> np.ndarray:
        """Return the actions times `scale`."""
        return actions if self.scale == 1.0 else actions * self.scale
