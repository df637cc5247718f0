"""The encoded tape: one row of features a bar, looked up by training instead of computed again."""

from dataclasses import dataclass, replace

import numpy as np

from ..market.errors import ShapeError
from .layout import Layout

__all__ = ["FeatureTable"]


@dataclass(frozen=True)
class FeatureTable:
    """Features of every row of a tape.

    Attributes:
        values: float32 (T, F), C-contiguous, finite; row t uses tape rows <= t only.
        layout: Names, units and order of the F columns; private part empty until an environment sets it.
        tape_digest: Content digest of the tape that was encoded; empty where unknown.
    """

    values: np.ndarray
    layout: Layout
    tape_digest: str = ""

    def __post_init__(self) -> None:
        values, width = self.values, self.layout.n_market
        if values.dtype != np.float32 or values.ndim != 2 or values.shape[1] != width or not values.flags.c_contiguous:
            given = f"{values.dtype} {values.shape}"
            raise ShapeError(f"feature values must be C-contiguous float32 of shape (T, {width}), were {given}")

    @property
    def n_rows(self) -> int:
        """T."""
        return int(self.values.shape[0])

    def column(self, name: str) -> np.ndarray:
        """Return one column by its name (`column` or `asset.column`), a view of shape (T,)."""
        view: np.ndarray = self.values[:, self.layout.position(name)]
        return view

    def slice(self, start: int, stop: int) -> "FeatureTable":
        """Return rows start to stop - 1, without a copy."""
        return replace(self, values=self.values[start:stop])

    def for_asset(self, symbol: str) -> "FeatureTable":
        """Return the global columns and one asset's own, for worlds that trade one asset; UnknownNameError where it is absent."""
        layout = self.layout.for_asset(symbol)
        n_kept, n_own = len(layout.market_global), len(layout.market_asset)  # without edges: one asset has none
        start = len(self.layout.market_global) + self.layout.assets.index(symbol) * n_own
        values = np.concatenate([self.values[:, :n_kept], self.values[:, start : start + n_own]], axis=1)
        return replace(self, values=np.ascontiguousarray(values), layout=layout)
