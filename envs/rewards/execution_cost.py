"""What the execution of a parent order costs, in units of price, with a charge for the risk of waiting."""

from dataclasses import dataclass

import numpy as np

from ...market.account import COSTS
from ...market.actions.setting import is_number
from ...market.cost import CostSettings
from ...market.desk import Books
from ...market.errors import ConfigError
from .price import check_not_negative, check_one_asset, prices_of
from .reward import Reward

__all__ = ["ExecutionCost", "ExecutionCostSettings"]


@dataclass(frozen=True, kw_only=True)
class ExecutionCostSettings:
    """Settings of `execution_cost`.

    Attributes:
        units: The parent order, signed; what waits is `units` less the position.
        risk_aversion: Lambda, weight of the variance of the cost; not negative.
        volatility: Sigma of a bar's return, as a fraction of price.
    """

    units: float = 1.0
    risk_aversion: float = 0.0
    volatility: float = 0.01

    def __post_init__(self) -> None:
        check_not_negative("execution_cost", risk_aversion=self.risk_aversion, volatility=self.volatility)
        if not (is_number(self.units) and self.units != 0.0):
            raise ConfigError(f"execution_cost.units must be finite and not 0, was {self.units!r}")


class ExecutionCost(Reward):
    """-(costs paid / price at the decision + x r + lambda sigma^2 x^2), x what waits in the bar, r its return; one asset.

    Costs are all lines of the step, those of impact against the price without one's own displacement: over an episode the first
    two add up to the implementation shortfall against the price of each decision (Almgren & Chriss 2000, eqs. 3 to 5).
    """

    settings_class = ExecutionCostSettings

    def __init__(self, settings: ExecutionCostSettings, costs: CostSettings) -> None:
        self.units, self.fear = settings.units, settings.risk_aversion * settings.volatility**2

    def check_world(self, n_assets: int) -> None:
        """See `Reward.check_world`."""
        check_one_asset("execution_cost", n_assets)

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        price, after = prices_of(step, books, "execution_cost")
        spent = step[COSTS[0]].copy()
        for line in COSTS[1:]:
            spent += step[line]
        waits = self.units - books.position["units"][:, 0]
        return np.asarray(-(spent / price + waits * (after / price - 1.0) + self.fear * waits * waits))
