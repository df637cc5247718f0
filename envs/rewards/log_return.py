"""The log return of equity."""

from dataclasses import dataclass
from math import log

import numpy as np

from ...market.cost import CostSettings
from ...market.desk import Books
from ...market.kernel import kernel
from .reward import Reward

__all__ = ["LogReturn", "LogReturnSettings", "log_return"]


@kernel(inline=True)
def log_return(e: int, step: np.ndarray, floor: float) -> float:
    """ln(E'/E) of one step; ln(floor) at ruin."""
    before, after = step[e].equity_before, step[e].equity
    if step[e].ruined or after <= 0.0 or before <= 0.0:
        return log(floor)
    return log(after / before)


@kernel
def pay_log_returns(step: np.ndarray, floor: float, paid: np.ndarray) -> None:
    """Pay every environment: `paid` float64 (E,) is written."""
    for e in range(step.shape[0]):
        paid[e] = log_return(e, step, floor)


@dataclass(frozen=True, kw_only=True)
class LogReturnSettings:
    """`log_return` has no settings."""


class LogReturn(Reward):
    """ln(E'/E) of the equity at two closes, net of all costs; at ruin ln(floor), floor = `ruin_equity_fraction` of the costs."""

    settings_class = LogReturnSettings

    def __init__(self, settings: LogReturnSettings, costs: CostSettings) -> None:
        self.floor = costs.ruin_equity_fraction

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        paid = np.empty(step.shape[0])
        pay_log_returns(step, self.floor, paid)
        return paid
