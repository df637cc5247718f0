"""Profit of a market maker in money, less penalties on what it holds."""

from dataclasses import dataclass

import numpy as np

from ...market.actions.setting import is_number
from ...market.cost import CostSettings
from ...market.desk import Books
from ...market.errors import ConfigError
from .reward import Reward

__all__ = ["QuotingProfit", "QuotingProfitSettings"]


@dataclass(frozen=True, kw_only=True)
class QuotingProfitSettings:
    """Settings of `quoting_profit`.

    Attributes:
        unit: Account currency that one unit of reward stands for.
        running_penalty: Reward that a step costs for each squared lot that is held through it.
        terminal_penalty: Reward that each squared lot costs that is held at the end of the episode.
    """

    unit: float = 1.0
    running_penalty: float = 0.0
    terminal_penalty: float = 0.0

    def __post_init__(self) -> None:
        if not (is_number(self.unit) and self.unit > 0.0):
            raise ConfigError(f"quoting_profit.unit must be positive and finite, was {self.unit!r}")
        for name in ("running_penalty", "terminal_penalty"):
            if not (is_number(getattr(self, name)) and getattr(self, name) >= 0.0):
                raise ConfigError(f"quoting_profit.{name} must be finite and not negative, was {getattr(self, name)!r}")


class QuotingProfit(Reward):
    """Change of equity / unit - running_penalty x lots^2 - (at the episode's last row) terminal_penalty x lots^2.

    Source: Cartea, Jaimungal & Penalva 2015, Algorithmic and High-Frequency Trading, chapter 10.2, the performance criterion.
    """

    settings_class = QuotingProfitSettings

    def __init__(self, settings: QuotingProfitSettings, costs: CostSettings) -> None:
        self.settings = settings

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        settings = self.settings
        squared = np.square(books.position["units"] / books.instruments["lot"]).sum(axis=1)
        penalty = settings.running_penalty + settings.terminal_penalty * (books.rows >= books.episode["last_row"])
        return np.asarray((step["equity"] - step["equity_before"]) / settings.unit - penalty * squared)
