"""`quantgym/MeanReversion-v0`: a signal that fades, and costs that grow with the square of a trade."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...encoders.column import Column
from ...encoders.layout import Layout
from ...market.actions.holding import Holding
from ...market.errors import ConfigError
from ..optimum.garleanu_pedersen import SignalMarket, SignalPlan
from ..world import Features
from .drawn import FREE, DrawnVectorEnv, Paths
from .known_answer import KnownAnswer, fill, require_numbers
from .single import KnownAnswerEnv

__all__ = ["MeanReversionEnv", "MeanReversionVectorEnv"]

CASH = 1e7  # so much that equity plays no part
LEAST_RETURN = -0.9  # nine standard deviations below 0: prices stay positive whatever is drawn
SIGNAL_LIMIT = 10.0
USUAL = SignalMarket()
DAILY = SignalMarket(persistence=0.95, signal=0.0005, noise=0.01, risk_aversion=5.0, cost=0.0025)


class MeanReversionVectorEnv(DrawnVectorEnv, KnownAnswer):
    """E accounts that hold units of an asset whose next return is a signal, which they see, plus noise.

    The signal is an AR(1), drawn from its stationary distribution when an episode begins. A trade of dn units pays cost dn^2 / 2 in
    units of price (linear temporary impact). The reward, in the same units, is profit net of that less
    risk_aversion noise^2 n^2 / 2 (`mean_variance`). Actions are positions (`holding`); the episode's end is part of the problem.
    """

    name: ClassVar[str] = "MeanReversion-v0"
    defaults: ClassVar[Mapping[str, Any]] = {"cash": CASH, "action": {"kind": "holding", "max_units": 10.0},
                                             "private": ("holding", "time_left"), "episode_bars": 128}  # fmt: skip
    citation: ClassVar[str] = ("Garleanu & Pedersen 2013, Dynamic Trading with Predictable Returns and Transaction Costs, Journal "
                               "of Finance 68(6), propositions 1 and 2; finite episodes by the Riccati recursion")
    reference: ClassVar[str] = "cash"

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *, persistence: float | None = None,
                 signal: float | None = None, noise: float | None = None, risk_aversion: float | None = None,
                 cost: float | None = None, daily: bool = False, **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: None: paths are drawn.
            features: None.
            persistence: phi of the signal; None: 0.9, or 0.95 where `daily`.
            signal: Standard deviation of the signal, a fraction of price; None: 0.02 (0.2 of the noise), or 0.0005.
            noise: sigma; None: 0.1, or 0.01.
            risk_aversion: gamma; None: 1, or 5.
            cost: lambda; None: 0.05, or 0.0025.
            daily: Whether to take returns of the size of days.
            settings: See `TradingVectorEnv`.
        """
        given = {"persistence": persistence, "signal": signal, "noise": noise, "risk_aversion": risk_aversion, "cost": cost}
        require_numbers(self.name, given)
        self.market = replace(DAILY if daily else USUAL, **{name: value for name, value in given.items() if value is not None})
        self.own = replace(FREE, max_leverage=10.0, impact="almgren_chriss", impact_volume=1.0,
                           impact_temporary=0.5 * self.market.cost)
        self.own_reward = {"kind": "mean_variance", "risk_aversion": self.market.risk_aversion, "volatility": self.market.noise}
        given |= fill(settings, reward=self.own_reward, costs=self.own)
        super().__init__(tape, features, **settings)
        self._given |= {**given, "daily": daily}

    def world_layout(self) -> Layout:
        """See `DrawnVectorEnv.world_layout`."""
        return Layout(assets=("S0",), market_asset=(Column("signal", "score", -SIGNAL_LIMIT, SIGNAL_LIMIT),))

    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """See `DrawnVectorEnv.draw`."""
        market = self.market
        drawn = np.stack([generator.standard_normal((2, n_bars)) for generator in generators])
        signal = np.empty((len(generators), n_bars))
        signal[:, 0] = market.signal * drawn[:, 0, 0]
        for row in range(1, n_bars):
            signal[:, row] = market.persistence * signal[:, row - 1] + market.innovation * drawn[:, 0, row]
        returns = market.noise * drawn[:, 1]
        returns[:, 1:] += signal[:, :-1]  # what was seen at a close is earned in the bar that follows it
        scale = market.signal if market.signal > 0.0 else 1.0
        seen = np.clip(signal / scale, -SIGNAL_LIMIT, SIGNAL_LIMIT)
        return Paths.of_returns(np.maximum(returns, LEAST_RETURN), seen[..., None])

    def task_done(self, step: np.ndarray) -> np.ndarray | None:
        """Return where the last bar was played: the end is part of the problem."""
        return np.asarray(self.books.rows >= self.books.episode["last_row"])

    @cached_property
    def plan(self) -> SignalPlan:
        """The best policy of an episode."""
        return self.market.plan(self.bars)

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best positions, from signal, holding and time left. See `KnownAnswer.optimal_action`."""
        held, signal, left = self._state(observation)
        return self._as_action(self.plan.position(held, signal, left))

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return no position. See `KnownAnswer.reference_action`."""
        return np.zeros((*self.leading(observation), 1), np.float32)

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the position that is best without costs, half way. See `KnownAnswer.perturbed_action`."""
        held, signal, left = self._state(observation)
        best = self.plan.position(held, signal, left)
        return self._as_action(0.5 * (best + signal / self.market.fear))

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of the best policy from no position. See `KnownAnswer.optimal_value`."""
        self.require_own({"costs": self.costs, "reward": self.settings.reward, "cash": self.settings.cash},
                         {"costs": self.own, "reward": self.own_reward, "cash": CASH})
        largest = 5.0 * self.market.aim * self.market.signal
        if self._max_units() < largest:
            raise ConfigError(f"MeanReversion-v0 needs max_units of at least {largest:.3g}, five deviations of the best position, "
                              f"was {self._max_units()}")
        return self.plan.value()

    def reference_value(self) -> float:
        """Return 0: no position earns nothing."""
        return 0.0

    def _state(self, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        left = np.rint(self.seen(observation, "time_left") * self.plan.bars).astype(np.int64)
        signal = self.seen(observation, "S0.signal") * self.market.signal
        return self.seen(observation, "holding_S0") * self._max_units(), signal, left

    def _as_action(self, units: np.ndarray) -> np.ndarray:
        return np.clip(units / self._max_units(), -1.0, 1.0)[..., None].astype(np.float32)

    def _max_units(self) -> float:
        if not isinstance(self.scheme, Holding):
            raise ConfigError(f"what is best in MeanReversion-v0 is known for the action scheme holding, was {self.scheme.name}")
        return self.scheme.max_units


class MeanReversionEnv(KnownAnswerEnv):
    """`quantgym/MeanReversion-v0`: see `MeanReversionVectorEnv`."""

    batch_class = MeanReversionVectorEnv
