"""What a step gained less what it cost, as a share of the initial equity."""

from dataclasses import dataclass

import numpy as np

from ...market.actions.setting import is_number
from ...market.cost import CostSettings
from ...market.desk import Books
from ...market.errors import ConfigError
from ...market.kernel import kernel
from .reward import Reward

__all__ = ["GrossMinusCost", "GrossMinusCostSettings", "gross_minus_cost"]


@kernel(inline=True)
def gross_minus_cost(e: int, step: np.ndarray, account: np.ndarray, cost_weight: float) -> float:
    """(income - lambda x costs) / initial equity of one step."""
    income = step[e].gross + step[e].dividends + step[e].funding + step[e].interest
    spent = step[e].commission + step[e].fees + step[e].spread + step[e].slippage
    spent += step[e].impact + step[e].borrow + step[e].liquidation
    initial = account[e].initial_equity
    return float((income - cost_weight * spent) / initial) if initial > 0.0 else 0.0


@kernel
def pay_gross_minus_cost(step: np.ndarray, account: np.ndarray, cost_weight: float, paid: np.ndarray) -> None:
    """Pay every environment: `paid` float64 (E,) is written."""
    for e in range(step.shape[0]):
        paid[e] = gross_minus_cost(e, step, account, cost_weight)


@dataclass(frozen=True, kw_only=True)
class GrossMinusCostSettings:
    """Settings of `gross_minus_cost`.

    Attributes:
        cost_weight: Lambda, how often a unit of cost counts; 1 is net, 0 is gross.
    """

    cost_weight: float = 1.0

    def __post_init__(self) -> None:
        if not (is_number(self.cost_weight) and self.cost_weight >= 0.0):
            raise ConfigError(f"gross_minus_cost.cost_weight must be finite and not negative, was {self.cost_weight!r}")


class GrossMinusCost(Reward):
    """(gross + dividends + funding + interest - lambda x costs) / initial equity of one step; a ruining step pays its loss."""

    settings_class = GrossMinusCostSettings

    def __init__(self, settings: GrossMinusCostSettings, costs: CostSettings) -> None:
        self.cost_weight = settings.cost_weight

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        paid = np.empty(step.shape[0])
        pay_gross_minus_cost(step, books.account, self.cost_weight, paid)
        return paid
