"""Random weights at a chosen turnover: what trading as much, but without a reason, would have brought."""

from dataclasses import dataclass

import numpy as np

from ...encoders.observation import Observation
from ...market.decision import Decision
from ...market.errors import ConfigError
from ..noise import first_stream, next_stream, uniforms
from ..policy import State
from .rule import Rule

__all__ = ["RandomWeights", "RandomWeightsSettings", "turnover_of_a_draw"]


@dataclass(frozen=True, kw_only=True)
class RandomWeightsSettings:
    """Settings of `random`.

    Attributes:
        turnover: Mean notional traded a bar over equity, 0 or more; set it to that of the agent to compare with.
        seed: Of all draws; account i of a batch has a stream of its own.
    """

    turnover: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.turnover >= 0.0:
            raise ConfigError(f"random.turnover must be 0 or more, was {self.turnover}")


def turnover_of_a_draw(n_assets: int) -> float:
    """Return the mean of sum |w' - w| over A assets for two independent uniform draws from weights and cash that sum to 1.

    Each weight is Beta(1, A), for which the mean difference of two draws is 2 (1/(A+1) - 1/(2A+1)).
    """
    return 2.0 * n_assets * (1.0 / (n_assets + 1) - 1.0 / (2 * n_assets + 1))


class RandomWeights(Rule):
    """Draws weights and cash uniformly from the simplex, at random bars, as often as the wanted turnover needs.

    A turnover above that of a draw at every bar cannot be reached: it then draws at every bar.
    """

    kind = "random"
    settings_class = RandomWeightsSettings

    @property
    def redraw_probability(self) -> float:
        """Chance of a new draw at a bar."""
        return float(min(1.0, self.settings.turnover / turnover_of_a_draw(self.layout.n_assets)))

    def initial_state(self, batch: int) -> State:
        """Return the streams of `batch` accounts."""
        return first_stream(batch)

    def act(self, observation: Observation, state: State, deterministic: bool = True) -> tuple[Decision, State]:
        """See `Policy.act`. The first decision always draws."""
        n_assets = self.layout.n_assets
        drawn = uniforms(self.settings.seed, state["stream"], state["draw"], n_assets + 2)
        exponential = -np.log(drawn[:, 1:])  # normalised exponentials are uniform on the simplex
        weights = exponential[:, :n_assets] / exponential.sum(axis=1, keepdims=True) * observation.mask
        trades = ((drawn[:, 0] < self.redraw_probability) | (state["draw"] == 0)) & observation.mask.any(axis=1)
        return self.decision(weights, trades), next_stream(dict(state))
