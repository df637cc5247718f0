"""The market part of an observation: rows of the feature table, copied as one contiguous block."""

from typing import Any

import numpy as np

from ..encoders.table import FeatureTable
from ..market.block import copy_block
from ..market.kernel import kernel

__all__ = ["MarketWindow", "copy_window"]


@kernel(inline=True)
def copy_window(e: int, row: int, window: int, width: int, features: np.ndarray, out: np.ndarray) -> None:
    """Copy the rows row-window+1 .. row of a table with `width` columns, flat in `features`, to the start of out[e]."""
    copy_block(features, (row - window + 1) * width, window * width, out, e)


@kernel
def copy_windows(active: np.ndarray, rows: np.ndarray, window: int, width: int, features: np.ndarray, out: np.ndarray) -> None:
    """Copy the window of every active environment."""
    for e in range(rows.shape[0]):
        if active[e]:
            copy_window(e, rows[e], window, width, features, out)


class MarketWindow:
    """The last W rows of features of each environment, oldest first.

    Attributes:
        window: W.
        width: Columns of a row, F.
        flat: The table's values, one row after the other, float32 (T x F,), read-only.
    """

    def __init__(self, table: FeatureTable, window: int) -> None:
        self.window, self.width = window, table.layout.n_market
        self.flat = table.values.reshape(-1).view()
        self.flat.flags.writeable = False  # one array type, so that the kernel compiles once

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.flat.flags.writeable = False  # copies forget it

    @property
    def size(self) -> int:
        """W x F."""
        return self.window * self.width

    def write(self, active: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
        """Write the first W x F columns of `out` (E, D) for the environments in `active` (E,), newest row `rows` (E,).

        Every row must be at least W - 1; `EpisodeStarts` sees to it.
        """
        copy_windows(active, rows, self.window, self.width, self.flat, out)
