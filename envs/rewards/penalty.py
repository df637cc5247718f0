"""Penalties: what an agent pays in reward alone, in addition to the costs that its equity has paid already."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from ...market.actions.setting import is_number
from ...market.cost import CostSettings
from ...market.desk import Books
from ...market.errors import ConfigError
from .reward import Reward

__all__ = ["DrawdownPenalty", "InventoryPenalty", "PenaltySettings", "TurnoverPenalty"]


@dataclass(frozen=True, kw_only=True)
class PenaltySettings:
    """Settings of a penalty.

    Attributes:
        weight: What one unit costs, in units of reward; not negative.
        power: The measure is raised to it, 1 or more: 2 forgives the small and punishes the large.
    """

    weight: float = 1.0
    power: float = 1.0

    def __post_init__(self) -> None:
        if not (is_number(self.weight) and self.weight >= 0.0):
            raise ConfigError(f"a penalty's weight must be finite and not negative, was {self.weight!r}")
        if not (is_number(self.power) and self.power >= 1.0):
            raise ConfigError(f"a penalty's power must be finite and at least 1, was {self.power!r}")


class Penalty(Reward):
    """-weight x measure^power."""

    settings_class = PenaltySettings

    def __init__(self, settings: PenaltySettings, costs: CostSettings) -> None:
        self.settings = settings

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        measured = self.measure(step, books)
        return np.asarray(-self.settings.weight * (measured if self.settings.power == 1.0 else measured**self.settings.power))

    @abstractmethod
    def measure(self, step: np.ndarray, books: Books) -> np.ndarray:
        """Return what is punished, not negative, float64 (E,)."""


class DrawdownPenalty(Penalty):
    """Drawdown at the close: 1 - equity / highest equity at a close, in [0, 1]."""

    def measure(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Penalty.measure`."""
        equity, peak = np.maximum(books.account["equity"], 0.0), books.account["peak_equity"]
        return np.asarray(1.0 - np.divide(equity, peak, out=np.ones(len(step)), where=peak > 0.0))


class TurnoverPenalty(Penalty):
    """Notional traded in the step / equity before it. Trading costs are in the equity already; this comes on top."""

    def measure(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Penalty.measure`."""
        before = step["equity_before"]
        return np.asarray(np.divide(step["traded_notional"], before, out=np.zeros(len(step)), where=before > 0.0))


class InventoryPenalty(Penalty):
    """Sum of |position values| / equity at the close; 0 where ruined."""

    def measure(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Penalty.measure`."""
        equity = books.account["equity"]
        return np.asarray(np.divide(np.abs(books.values).sum(axis=1), equity, out=np.zeros(len(step)), where=equity > 0.0))
