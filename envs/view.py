"""What a batch of agents sees: the market's window, the account, the reward's memory, side by side in one flat Box."""

import numpy as np
from gymnasium.spaces import Box

from ..encoders.table import FeatureTable
from .private import Books, PrivatePart
from .rewards import Reward
from .window import MarketWindow

__all__ = ["View"]


class View:
    """Writes flat observations, float32 (E, D), D = W x F + P; `layout` names every number."""

    def __init__(self, table: FeatureTable, window: int, private: PrivatePart, reward: Reward) -> None:
        self.market, self.private, self.reward = MarketWindow(table, window), private, reward
        self.layout = table.layout.with_private((*private.columns, *reward.columns), window)
        self._private_at = self.market.size
        self._reward_at = self._private_at + len(private.columns)

    @property
    def size(self) -> int:
        """D."""
        return self.layout.size

    @property
    def history(self) -> int:
        """Rows that the first observation of a tape needs, its own included: window and warm-up of the features."""
        return max(self.market.window, self.layout.warmup + 1)

    def space(self) -> Box:
        """Return the space of one observation, (D,)."""
        low, high = self.layout.flat_bounds
        return Box(low, high, dtype=np.float32)

    def write(self, active: np.ndarray, books: Books, out: np.ndarray) -> None:
        """Write the observations of the environments in `active` (E,) into `out` (E, D)."""
        self.market.write(active, books.rows, out)
        self.private.write(active, books, out, self._private_at)
        if self.reward.columns:
            self.reward.write(out, self._reward_at)
