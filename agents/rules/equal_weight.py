"""Equal weights, restored at a fixed pace."""

from dataclasses import dataclass

import numpy as np

from ...encoders.observation import Observation
from ...market.decision import Decision
from ...market.errors import ConfigError
from ..policy import State
from .rule import Rule, equal_weights

__all__ = ["EqualWeight", "EqualWeightSettings"]


@dataclass(frozen=True, kw_only=True)
class EqualWeightSettings:
    """Settings of `equal_weight`.

    Attributes:
        every_bars: Bars from one rebalancing to the next; 21 is a month of days.
    """

    every_bars: int = 21

    def __post_init__(self) -> None:
        if self.every_bars < 1:
            raise ConfigError(f"equal_weight.every_bars must be at least 1, was {self.every_bars}")


class EqualWeight(Rule):
    """Gives every asset that can be traded the same weight, and does so again every `every_bars` bars."""

    kind = "equal_weight"
    settings_class = EqualWeightSettings

    def initial_state(self, batch: int) -> State:
        """Return that the first rebalancing is due."""
        return {"due_in": np.zeros(batch, np.int64)}

    def act(self, observation: Observation, state: State, deterministic: bool = True) -> tuple[Decision, State]:
        """See `Policy.act`; where nothing can be traded a rebalancing waits for the next bar."""
        trades = (state["due_in"] <= 0) & observation.mask.any(axis=1)
        due_in = np.where(trades, self.settings.every_bars - 1, state["due_in"] - 1)
        return self.decision(equal_weights(observation.mask), trades), {"due_in": due_in}
