"""Profit less a charge for risk, in units of price."""

from dataclasses import dataclass

import numpy as np

from ...market.cost import CostSettings
from ...market.desk import Books
from .price import check_not_negative, check_one_asset, prices_of
from .reward import Reward

__all__ = ["MeanVariance", "MeanVarianceSettings"]


@dataclass(frozen=True, kw_only=True)
class MeanVarianceSettings:
    """Settings of `mean_variance`.

    Attributes:
        risk_aversion: Gamma, not negative.
        volatility: Sigma of a bar's return, as a fraction of price.
    """

    risk_aversion: float = 1.0
    volatility: float = 0.01

    def __post_init__(self) -> None:
        check_not_negative("mean_variance", risk_aversion=self.risk_aversion, volatility=self.volatility)


class MeanVariance(Reward):
    """Profit net of costs / price at the decision - (gamma / 2) sigma^2 n^2, n the units held in the bar; one asset."""

    settings_class = MeanVarianceSettings

    def __init__(self, settings: MeanVarianceSettings, costs: CostSettings) -> None:
        self.fear = settings.risk_aversion * settings.volatility**2

    def check_world(self, n_assets: int) -> None:
        """See `Reward.check_world`."""
        check_one_asset("mean_variance", n_assets)

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        price, _ = prices_of(step, books, "mean_variance")
        return np.asarray((step["equity"] - step["equity_before"]) / price - 0.5 * self.fear * books.position["units"][:, 0] ** 2)
