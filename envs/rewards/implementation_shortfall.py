"""`implementation_shortfall`: what a step of an execution has lost against the arrival price."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...market.cost import CostSettings
from ...market.desk import Books
from ...market.errors import ConfigError
from .reward import Reward
from .total import TotalReward

if TYPE_CHECKING:
    from ..tasks.parent_order import ParentOrders

__all__ = ["ImplementationShortfall", "bind_task"]


class ImplementationShortfall(Reward):
    """Minus what the step adds to the implementation shortfall, basis points of the arrival notional.

    Over an episode it sums to minus the shortfall of the order, what was left unfilled valued at the last mark. What is left pays
    for the moves of the market as they happen, so the reward of a step depends on no earlier one. Source: Perold 1988.
    """

    def __init__(self, settings: Mapping[str, Any], costs: CostSettings) -> None:
        if settings:
            raise ConfigError(f"reward implementation_shortfall has no settings but scale, was given {', '.join(settings)}")
        self.task: ParentOrders | None = None

    def check_world(self, n_assets: int) -> None:
        """See `Reward.check_world`."""
        self.order_paid()

    def order_paid(self) -> np.ndarray:
        """Return what the last step has added to the shortfall of each parent order, (E,); ConfigError where there is none."""
        if self.task is None:
            raise ConfigError("reward implementation_shortfall needs a parent order, which quantgym/Execution-v0 has alone")
        return self.task.paid

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        return -self.order_paid()


def bind_task(reward: Reward, task: "ParentOrders") -> None:
    """Let every implementation shortfall in `reward` know its parent orders."""
    for term in reward.terms if isinstance(reward, TotalReward) else (reward,):
        if isinstance(term, ImplementationShortfall):
            term.task = task
        elif isinstance(term, TotalReward):
            bind_task(term, task)
