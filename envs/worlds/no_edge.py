"""`quantgym/NoEdge-v0`: a market in which nothing can be earned and trading costs: do not trade."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...encoders.column import Column
from ...encoders.layout import Layout
from ...market.errors import ConfigError
from ...market.seeding import generator
from ..optimum.no_edge import random_value
from ..world import Features
from .drawn import FREE, DrawnVectorEnv, Paths
from .known_answer import KnownAnswer, fill, require_numbers
from .single import KnownAnswerEnv

__all__ = ["NoEdgeEnv", "NoEdgeVectorEnv"]

SHORT, FLAT, LONG = 0, 1, 2
POSITIONS = {"kind": "positions", "short": True, "rebalance": True}
PRICE = 100.0
TRUNCATION = 4.0  # of returns, in standard deviations, on both sides alike: the mean stays 0
RANDOM_SEED = 77


class NoEdgeVectorEnv(DrawnVectorEnv, KnownAnswer):
    """E accounts that are short, flat or long in a martingale: simple returns are independent, symmetric around 0.

    The reward is profit less costs over initial equity (`gross_minus_cost`): what a position gains is 0 on average whatever it
    depends on, what a trade costs never comes back. So every policy earns minus what it spends, and the best stays flat. Features
    are ones that look like an edge: the last return and a moving average of returns.
    """

    name: ClassVar[str] = "NoEdge-v0"
    defaults: ClassVar[Mapping[str, Any]] = {"action": POSITIONS, "reward": "gross_minus_cost", "episode_bars": 128}
    citation: ClassVar[str] = "Doob 1953, Stochastic Processes, chapter VII: no system of stakes beats a martingale"
    reference: ClassVar[str] = "random"

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *, cost_rate: float = 0.001,
                 volatility: float = 0.01, **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: None: paths are drawn.
            features: None.
            cost_rate: Half spread, a fraction of the value traded, positive.
            volatility: Standard deviation of a bar's return, before truncation at four; under 0.2.
            settings: See `TradingVectorEnv`.
        """
        require_numbers(self.name, {"cost_rate": cost_rate, "volatility": volatility})
        for name, value, most in (("cost_rate", cost_rate, 0.1), ("volatility", volatility, 0.2)):
            if not 0.0 < value < most:
                raise ConfigError(f"{name} of NoEdge-v0 must lie in (0, {most}), was {value}")
        self.cost_rate, self.volatility = cost_rate, volatility
        self.own = replace(FREE, half_spread_rate=cost_rate)
        filled = fill(settings, costs=self.own)
        super().__init__(tape, features, **settings)
        self._given |= {"cost_rate": cost_rate, "volatility": volatility, **filled}
        self._random = generator(RANDOM_SEED)

    def world_layout(self) -> Layout:
        """See `DrawnVectorEnv.world_layout`."""
        columns = (Column("last_return", "score", -TRUNCATION, TRUNCATION), Column("mean_return", "score", -TRUNCATION, TRUNCATION))
        return Layout(assets=("S0",), market_asset=columns)

    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """See `DrawnVectorEnv.draw`."""
        drawn = np.clip(np.stack([one.standard_normal(n_bars) for one in generators]), -TRUNCATION, TRUNCATION)
        average = np.empty_like(drawn)
        average[:, 0] = drawn[:, 0]
        for row in range(1, n_bars):
            average[:, row] = 0.8 * average[:, row - 1] + 0.2 * drawn[:, row]
        return Paths.of_returns(self.volatility * drawn, np.stack([drawn, average], axis=-1), PRICE)

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return flat. See `KnownAnswer.optimal_action`."""
        return self._actions(observation, np.zeros(self.leading(observation)))

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return random actions, from a stream of their own. See `KnownAnswer.reference_action`."""
        if self.scheme.discrete:
            return self._random.integers(0, self.scheme.n, self.leading(observation))
        return self._random.uniform(-1.0, 1.0, (*self.leading(observation), self.scheme.size)).astype(np.float32)

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return flat, but long where the last return was large. See `KnownAnswer.perturbed_action`."""
        return self._actions(observation, (self.seen(observation, "S0.last_return") > 2.0).astype(np.float64))

    def optimal_value(self) -> float:
        """Return 0. See `KnownAnswer.optimal_value`."""
        self._require()
        return 0.0

    def reference_value(self) -> float:
        """Return what an episode of random positions is expected to lose."""
        self._require()
        self.require_units(self.settings.cash / PRICE, self.bars, deviation=2.0 * self.volatility)
        return self._random_value

    @cached_property
    def _random_value(self) -> float:
        levels = np.array([-1.0, 0.0, 1.0]) / (1.0 + self.costs.sizing_buffer)
        return random_value(levels, self.cost_rate, self.volatility, TRUNCATION, self.bars)

    def _require(self) -> None:
        own = {"costs": self.own, "reward": "gross_minus_cost", "action": POSITIONS}
        self.require_own({"costs": self.costs, "reward": self.settings.reward, "action": self.settings.action}, own)

    def _actions(self, observation: np.ndarray, side: np.ndarray) -> np.ndarray:
        if self.scheme.discrete:
            if self.settings.action != POSITIONS:
                raise ConfigError(f"what is best in NoEdge-v0 is known for the action {POSITIONS} and for exposure, was "
                                  f"{self.settings.action!r}")
            return side.astype(np.int64) + FLAT
        return np.repeat(side[..., None], self.scheme.size, axis=-1).astype(np.float32)


class NoEdgeEnv(KnownAnswerEnv):
    """`quantgym/NoEdge-v0`: see `NoEdgeVectorEnv`."""

    batch_class = NoEdgeVectorEnv
