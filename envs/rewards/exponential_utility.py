"""Exponential utility of an episode's profit, paid step by step."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...encoders.column import Column
from ...market.actions.setting import is_number
from ...market.cost import CostSettings
from ...market.desk import NO_END, Books
from ...market.errors import ConfigError
from ...market.kernel import kernel
from .reward import Reward

__all__ = ["ExponentialUtility", "ExponentialUtilitySettings"]

LIMIT = 10.0  # of what is observed
LARGEST_EXPONENT = 600.0  # a loss so large is paid as if it were this one, and stays a number


@kernel(inline=True)
def utility(excess: float, risk_aversion: float) -> float:
    """(1 - exp(-gamma x)) / gamma."""
    return -math.expm1(min(-risk_aversion * excess, LARGEST_EXPONENT)) / risk_aversion


@kernel
def pay_utility(before: np.ndarray, after: np.ndarray, risk_aversion: float, paid: np.ndarray) -> None:
    """Pay every environment its change of utility: `paid` float64 (E,) is written."""
    for e in range(paid.shape[0]):
        paid[e] = utility(after[e], risk_aversion) - utility(before[e], risk_aversion)


@dataclass(frozen=True, kw_only=True)
class ExponentialUtilitySettings:
    """Settings of `exponential_utility`.

    Attributes:
        risk_aversion: Gamma, per unit of account currency.
        benchmark: Profit of the whole episode, account currency, whose utility is 0; it is counted evenly over the steps.
    """

    risk_aversion: float
    benchmark: float = 0.0

    def __post_init__(self) -> None:
        if not (is_number(self.risk_aversion) and self.risk_aversion > 0.0):
            raise ConfigError(f"exponential_utility.risk_aversion must be positive and finite, was {self.risk_aversion!r}")
        if not is_number(self.benchmark):
            raise ConfigError(f"exponential_utility.benchmark must be finite, was {self.benchmark!r}")


class ExponentialUtility(Reward):
    """U(x') - U(x), U(x) = (1 - exp(-gamma x)) / gamma, x the profit since the episode began less the benchmark's part so far.

    Rewards of an episode add up to U(profit - benchmark): exponential utility, up to a factor and a constant, whatever the
    benchmark, and in units of money where profit is near it. Since the next reward depends on x, gamma x is observed.
    """

    settings_class = ExponentialUtilitySettings
    columns = (Column("excess_profit", "risk_units", -LIMIT, LIMIT),)

    def __init__(self, settings: ExponentialUtilitySettings, costs: CostSettings) -> None:
        self.settings = settings
        self.start(0)

    def start(self, n_envs: int) -> None:
        """See `Reward.start`."""
        self._excess = np.zeros(n_envs)

    def clear(self, envs: np.ndarray) -> None:
        """See `Reward.clear`."""
        self._excess[envs] = 0.0

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        after = step["equity"] - books.account["initial_equity"] - self.settings.benchmark * _played(books)
        paid = np.empty(len(step))
        pay_utility(self._excess, after, self.settings.risk_aversion, paid)
        self._excess = after
        return paid

    def write(self, out: np.ndarray, at: int) -> None:
        """See `Reward.write`."""
        out[:, at] = np.clip(self.settings.risk_aversion * self._excess, -LIMIT, LIMIT)

    def state(self) -> dict[str, Any]:
        """See `Reward.state`."""
        return {"excess": self._excess.copy()}

    def load(self, state: dict[str, Any]) -> None:
        """See `Reward.load`."""
        self._excess[...] = state["excess"]


def _played(books: Books) -> np.ndarray:
    """Part of the episode that is over; 0 where no end is known."""
    first, last = books.episode["first_row"], books.episode["last_row"]
    whole = np.where(last == NO_END, 1, np.maximum(last - first, 1))
    return np.where(last == NO_END, 0.0, (books.rows - first) / whole)
