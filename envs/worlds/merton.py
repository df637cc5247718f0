"""`quantgym/Merton-v0`: a premium for risk, without costs or with proportional ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...encoders.column import Column
from ...encoders.layout import Layout
from ...market.actions.exposure import Exposure
from ...market.cost import CostSettings
from ...market.errors import ConfigError
from ..optimum.merton import MertonMarket, crra_inverse
from ..optimum.no_trade_band import NoTradeBand
from ..world import Features
from .drawn import FREE, DrawnVectorEnv, Paths
from .known_answer import KnownAnswer, fill, require_numbers
from .single import KnownAnswerEnv

__all__ = ["MertonEnv", "MertonVectorEnv"]

PRICE = 100.0
LARGEST = 3.0  # exposure that the account allows
USUAL, DAILY = MertonMarket(), MertonMarket(mean=0.0004, volatility=0.01, risk_aversion=8.0)
COST_RATE, DAILY_COST_RATE = 0.005, 0.001


class MertonVectorEnv(DrawnVectorEnv, KnownAnswer):
    """E accounts on an asset of independent returns, normal inside three standard deviations, whose mean is positive.

    The reward is the CRRA utility of a bar's growth of equity (`crra`). Without costs the best exposure is a constant; with costs a
    trade pays half a spread of `cost_rate`, and the best is to do nothing inside a band of weights, wider near the end of the
    episode, where what is held is worth its mark. So an episode is a task that ends.
    """

    name: ClassVar[str] = "Merton-v0"
    defaults: ClassVar[Mapping[str, Any]] = {"action": "exposure", "private": ("account", "time_left"), "episode_bars": 128}
    citation: ClassVar[str] = ("Merton 1969 and Samuelson 1969, Review of Economics and Statistics 51(3); with costs the band of "
                               "Davis & Norman 1990, Mathematics of Operations Research 15(4), by dynamic programming")
    reference: ClassVar[str] = "cash"

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *, costs: CostSettings | bool | None = None,
                 cost_rate: float | None = None, mean: float | None = None, volatility: float | None = None,
                 risk_aversion: float | None = None, daily: bool = False, **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: None: paths are drawn.
            features: None.
            costs: True: the world with costs; None or False: without, unless there is a `cost_rate`.
            cost_rate: Half spread, a fraction of the value traded; None: 0.005 (0.001 where `daily`) with costs, else 0.
            mean: mu of a bar; None: 0.02, or 0.0004 where `daily`.
            volatility: sigma of a bar; None: 0.1 (a Sharpe ratio of 0.2 a bar), or 0.01 where `daily` (0.04).
            risk_aversion: gamma; None: 4, or 8 where `daily`.
            daily: Whether to take returns of the size of days.
            settings: See `TradingVectorEnv`; a `reward` of one's own has no known answer.
        """
        usual = DAILY if daily else USUAL
        given = {"mean": mean, "volatility": volatility, "risk_aversion": risk_aversion}
        require_numbers(self.name, {**given, "cost_rate": cost_rate})
        self.market = replace(usual, **{name: value for name, value in given.items() if value is not None})
        asked = cost_rate
        if cost_rate is None:
            cost_rate = (DAILY_COST_RATE if daily else COST_RATE) if costs is True else 0.0
        self.cost_rate = cost_rate
        self.own = replace(FREE, max_leverage=LARGEST, half_spread_rate=cost_rate)
        self.own_reward = {"kind": "crra", "risk_aversion": self.market.risk_aversion}
        filled = fill(settings, reward=self.own_reward)
        super().__init__(tape, features, costs=self.own if costs is None or isinstance(costs, bool) else costs, **settings)
        self._given |= {"costs": costs, "cost_rate": asked, **given, "daily": daily, **filled}

    def world_layout(self) -> Layout:
        """See `DrawnVectorEnv.world_layout`."""
        return Layout(assets=("S0",), market_asset=(Column("last_return", "score", -20.0, 20.0),))

    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """See `DrawnVectorEnv.draw`."""
        returns = np.stack([self.market.draw(generator, n_bars) for generator in generators])
        seen = np.clip(returns / self.market.volatility, -20.0, 20.0)
        return Paths.of_returns(returns, seen[..., None], PRICE)

    def task_done(self, step: np.ndarray) -> np.ndarray | None:
        """Return where the last bar was played: the end is part of the problem."""
        return np.asarray(self.books.rows >= self.books.episode["last_row"])

    @cached_property
    def best(self) -> float:
        """The best fraction without costs."""
        return self.market.best_fraction()

    @cached_property
    def band(self) -> NoTradeBand:
        """The best policy with costs, solved when it is first asked for (half a second)."""
        return NoTradeBand(self.market, self.cost_rate, self.bars)

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best exposures: constant, or by the band from weight and time left. See `KnownAnswer.optimal_action`."""
        return self._as_action(self._fraction(observation))

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return cash. See `KnownAnswer.reference_action`."""
        return np.zeros((*self.leading(observation), 1), np.float32)

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return 1.3 times the best fraction; with costs the fraction that is best without. See `KnownAnswer.perturbed_action`."""
        worse = self.best if self.cost_rate > 0.0 else 1.3 * self.best
        return self._as_action(np.full(self.leading(observation), worse))

    def optimal_value(self) -> float:
        """Return the expected sum of utilities of the best policy from cash. See `KnownAnswer.optimal_value`."""
        self.require_own({"costs": self.costs, "reward": self.settings.reward}, {"costs": self.own, "reward": self.own_reward})
        self._scale()
        fraction, mean, volatility = self.best, self.market.mean, self.market.volatility
        drift = (fraction - 1.0) * mean - 0.5 * (fraction**2 - 1.0) * volatility**2  # of the logarithm of a position's units
        self.require_units(fraction * self.settings.cash / PRICE, self.bars, drift, abs(fraction - 1.0) * volatility)
        return self.band.value() if self.cost_rate > 0.0 else self.market.optimal_value(self.bars)

    def reference_value(self) -> float:
        """Return 0: cash earns nothing."""
        return 0.0

    def certainty_equivalent(self, value: float) -> float:
        """Return N times the sure return of a bar whose utility is J / N."""
        return self.bars * crra_inverse(value / self.bars, self.market.risk_aversion)

    def _fraction(self, observation: np.ndarray) -> np.ndarray:
        if self.cost_rate == 0.0:
            return np.full(self.leading(observation), self.best)
        left = np.rint(self.seen(observation, "time_left") * self.bars).astype(np.int64)
        return self.band.target(self.seen(observation, "exposure"), left)

    def _as_action(self, fraction: np.ndarray) -> np.ndarray:
        wanted = fraction * (1.0 + self.costs.sizing_buffer) / self._scale()
        return np.clip(wanted, -1.0, 1.0)[..., None].astype(np.float32)

    @cached_property
    def _reach(self) -> float:
        """Largest exposure, in size, of the best policy."""
        if self.cost_rate == 0.0:
            return abs(self.best)
        return max(map(abs, self.band.reach)) * (1.0 + self.own.sizing_buffer)

    def _scale(self) -> float:
        """Return the exposure at action 1; ConfigError where the best policy cannot be played."""
        if not isinstance(self.scheme, Exposure):
            raise ConfigError(f"what is best in Merton-v0 is known for the action scheme exposure, was {self.scheme.name}")
        if self._reach > min(self.scheme.scale, LARGEST):
            raise ConfigError(f"Merton-v0 needs exposures up to {self._reach:.3f} for its best policy, the actions reach "
                              f"{min(self.scheme.scale, LARGEST)}; set action={{'kind': 'exposure', 'scale': ...}}")
        return self.scheme.scale


class MertonEnv(KnownAnswerEnv):
    """`quantgym/Merton-v0`: see `MertonVectorEnv`."""

    batch_class = MertonVectorEnv
