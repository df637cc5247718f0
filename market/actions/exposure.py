"""Continuous exposure to one asset."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from .one_asset import OneAsset
from .setting import multiple_of

__all__ = ["Exposure"]


@dataclass(frozen=True, kw_only=True)
class Exposure(OneAsset):
    """One number in [-1, 1], times `scale`: the part of equity in the one asset; negative is short (or flat).

    Attributes:
        scale: Exposure of the action 1, as a multiple of equity, at most 1,000,000; an exposure beyond the leverage of the rules is
            cut to it.
    """

    scale: float = 1.0

    name: ClassVar[str] = "exposure"
    discrete: ClassVar[bool] = False
    several: ClassVar[str | None] = "weights"

    def __post_init__(self) -> None:
        super().__post_init__()
        multiple_of(self.name, "scale", self.scale)

    @property
    def size(self) -> int:
        """One."""
        return 1

    def weights(self, actions: np.ndarray, desk: Desk) -> np.ndarray:
        """Return the actions times `scale`."""
        return actions if self.scale == 1.0 else actions * self.scale
