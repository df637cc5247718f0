"""Buy equal weights once, then hold."""

from dataclasses import dataclass

import numpy as np

from ...encoders.observation import Observation
from ...market.decision import Decision
from ..policy import State
from .rule import Rule, equal_weights

__all__ = ["BuyAndHold", "BuyAndHoldSettings"]


@dataclass(frozen=True, kw_only=True)
class BuyAndHoldSettings:
    """Buy and hold has no settings."""


class BuyAndHold(Rule):
    """Buys equal weights of the assets that can be traded at the first decision, then never trades again."""

    kind = "buy_and_hold"
    settings_class = BuyAndHoldSettings

    def initial_state(self, batch: int) -> State:
        """Return that nothing is bought yet."""
        return {"bought": np.zeros(batch, np.bool_)}

    def act(self, observation: Observation, state: State, deterministic: bool = True) -> tuple[Decision, State]:
        """See `Policy.act`; where nothing can be traded yet it waits."""
        buys = ~state["bought"] & observation.mask.any(axis=1)
        return self.decision(equal_weights(observation.mask), buys), {"bought": state["bought"] | buys}
