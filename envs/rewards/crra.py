"""The utility of a step's growth of equity."""

import math
from dataclasses import dataclass

import numpy as np

from ...market.actions.setting import is_number
from ...market.cost import CostSettings
from ...market.desk import Books
from ...market.errors import ConfigError
from ...market.kernel import kernel
from .reward import Reward

__all__ = ["Crra", "CrraSettings", "utility"]


@kernel(inline=True)
def utility(growth: float, risk_aversion: float) -> float:
    """(G^(1 - gamma) - 1) / (1 - gamma) of G > 0; ln G where gamma is 1."""
    power = 1.0 - risk_aversion
    if power == 0.0:
        return math.log(growth)
    return math.expm1(power * math.log(growth)) / power


@kernel
def pay_utilities(step: np.ndarray, risk_aversion: float, floor: float, paid: np.ndarray) -> None:
    """Pay every environment: `paid` float64 (E,) is written."""
    for e in range(step.shape[0]):
        before, after = step[e].equity_before, step[e].equity
        ruined = step[e].ruined or after <= 0.0 or before <= 0.0
        paid[e] = utility(floor if ruined else after / before, risk_aversion)


@dataclass(frozen=True, kw_only=True)
class CrraSettings:
    """Settings of `crra`.

    Attributes:
        risk_aversion: Gamma, relative, not negative; 0 is the simple return, 1 the log return.
    """

    risk_aversion: float = 2.0

    def __post_init__(self) -> None:
        if not (is_number(self.risk_aversion) and self.risk_aversion >= 0.0):
            raise ConfigError(f"crra.risk_aversion must be finite and not negative, was {self.risk_aversion!r}")


class Crra(Reward):
    """Constant relative risk aversion: u(E'/E) of the equity at two closes, net of all costs; at ruin u(floor).

    The floor is `ruin_equity_fraction` of the costs.
    """

    settings_class = CrraSettings

    def __init__(self, settings: CrraSettings, costs: CostSettings) -> None:
        self.risk_aversion, self.floor = float(settings.risk_aversion), costs.ruin_equity_fraction

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        paid = np.empty(step.shape[0])
        pay_utilities(step, self.risk_aversion, self.floor, paid)
        return paid
