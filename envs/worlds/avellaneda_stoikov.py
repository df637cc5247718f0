"""`quantgym/AvellanedaStoikov-v0`: market making with exponential utility, on the numbers of the paper."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...market.errors import ConfigError
from ..optimum.avellaneda_stoikov import AvellanedaStoikov
from ..optimum.quoting import FillLaw
from ..rewards.exponential_utility import ExponentialUtility, ExponentialUtilitySettings
from ..rewards.registry import Reward
from ..world import Features
from .known_answer import require_numbers
from .quoting import QuotingVectorEnv
from .single import KnownAnswerEnv

__all__ = ["AvellanedaStoikovEnv", "AvellanedaStoikovVectorEnv"]


class AvellanedaStoikovVectorEnv(QuotingVectorEnv):
    """E market makers with exponential utility of their profit at the end, in the simulation of the paper's section 3.3.

    The mid moves by +-volatility sqrt(dt) in each step, a quote is filled with the chance min(1, rate dt exp(-decay x offset)).
    Rewards add up to U(profit - b), U(x) = (1 - exp(-g x)) / g, with b what the paper's formula is worth (its certainty
    equivalent): positive is better than the formula. `optimal_action` is the exact optimum of these steps, by backward induction;
    the paper's formula, an approximation, is `formula_action`, and falls short of it.
    """

    name: ClassVar[str] = "AvellanedaStoikov-v0"
    citation: ClassVar[str] = ("Avellaneda & Stoikov 2008, High-frequency trading in a limit order book, Quantitative Finance "
                               "8(3), section 3.3; eqs. 29 and 30 approximate the optimum found here by backward induction")
    reference: ClassVar[str] = "fixed spread: the average spread of the formula around the mid (the paper's symmetric strategy)"
    defaults: ClassVar[Mapping[str, Any]] = {**QuotingVectorEnv.defaults, "episode_bars": 200}
    price: ClassVar[float] = 100.0
    narrowest: ClassVar[float] = -1.0
    widest: ClassVar[float] = 3.0

    def __init__(
        self, tape: Tape | str | None = None, features: Features = None, *, risk_aversion: float = 0.1, volatility: float = 2.0,
        rate: float = 140.0, decay: float = 1.5, step: float = 0.005, largest: int = 30, fills: FillLaw = "linear", **settings: Any,
    ) -> None:  # fmt: skip
        """Build a batch; the defaults are the paper's, but for bounds of inventory and offsets.

        Args:
            tape: None; this world draws its own paths.
            features: None.
            risk_aversion: g, per unit of price.
            volatility: Of the mid, price per square root of a unit of time.
            rate: Orders a unit of time that reach the mid, on each side.
            decay: By how much an offset thins them, per unit of price.
            step: dt, units of time.
            largest: Inventory in lots beyond which nothing more is quoted on its side.
            fills: `linear`, the paper's chances, or `poisson`, 1 - exp(-...).
            settings: As `DrawnVectorEnv`.

        Raises:
            ConfigError: A number is out of its range.
        """
        own: dict[str, Any] = {
            "risk_aversion": risk_aversion, "volatility": volatility, "rate": rate, "decay": decay, "step": step,
            "largest": largest, "fills": fills,
        }  # fmt: skip
        require_numbers(self.name, {name: value for name, value in own.items() if name != "fills"})
        self._own = own
        super().__init__(tape, features, **settings)
        self._given |= own

    def quoted_market(self, n_steps: int) -> AvellanedaStoikov:
        """See `QuotingVectorEnv.quoted_market`."""
        own = {name: value for name, value in self._own.items() if name != "step"}
        market = AvellanedaStoikov(
            **own, horizon=n_steps * self._own["step"], n_steps=n_steps, lowest=self.narrowest, highest=self.widest
        )  # fmt: skip
        if market.move * n_steps >= self.price:
            raise ConfigError(f"{self.name}: the mid of {self.price} could fall to 0 in {n_steps} steps of {market.move:g}; lower "
                              "volatility, step or episode_bars")
        return market

    def own_reward(self) -> Reward:
        """See `QuotingVectorEnv.own_reward`."""
        return ExponentialUtility(
            ExponentialUtilitySettings(risk_aversion=self._own["risk_aversion"], benchmark=self.formula_equivalent()), self.costs
        )  # fmt: skip

    def moves(self, generator: np.random.Generator, n_bars: int) -> np.ndarray:
        """See `QuotingVectorEnv.moves`."""
        return np.where(generator.random(n_bars) < 0.5, 1.0, -1.0)

    @property
    def deviation(self) -> float:
        """See `QuotingVectorEnv.deviation`."""
        return self._solved.move

    @property
    def reference_offset(self) -> float:
        """Half of the formula's average spread."""
        return float(0.5 * self._solved.spread(self.market.times_left()).mean())

    def formula_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the quotes of the paper's eqs. 29 and 30, in the shape of `optimal_action`."""
        return self.actions_of(self._solved.formula()[self.places(observation)])

    def formula_equivalent(self) -> float:
        """Return the certainty equivalent of the formula's profit, price; exact."""
        return self._formula_equivalent

    @cached_property
    def _formula_equivalent(self) -> float:
        return self._solved.certainty_equivalent_of(self._solved.formula())

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best quotes, 0.1 further out. See `KnownAnswer.perturbed_action`."""
        return self.actions_of(self.best_offsets[self.places(observation)] + 0.1)

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of one episode under the best policy: (1 - exp(-g (c - b))) / g; exact.

        c and b are the certainty equivalents of the best policy and of the formula.

        Raises:
            ConfigError: The world has costs, actions or a reward of its own.
        """
        self.require_own_world()
        return self._value_of(float(self._solved.solution[0][0, self.market.largest]))

    def reference_value(self) -> float:
        """Return that of the fixed spread.

        Raises:
            ConfigError: See `optimal_value`.
        """
        self.require_own_world()
        return self._value_of(self._solved.certainty_equivalent_of(self._solved.symmetric()))

    def certainty_equivalent(self, value: float) -> float:
        """Return the sure profit whose utility is `value`, price; infinite at 1 / g, which no profit reaches."""
        gamma = float(self._own["risk_aversion"])
        left = 1.0 - gamma * value
        return self.formula_equivalent() - math.log(left) / gamma if left > 0.0 else math.inf

    def _value_of(self, equivalent: float) -> float:
        gamma = float(self._own["risk_aversion"])
        return -math.expm1(-gamma * (equivalent - self.formula_equivalent())) / gamma

    @property
    def _solved(self) -> AvellanedaStoikov:
        assert isinstance(self.market, AvellanedaStoikov)
        return self.market


class AvellanedaStoikovEnv(KnownAnswerEnv):
    """`quantgym/AvellanedaStoikov-v0`: see `AvellanedaStoikovVectorEnv`."""

    batch_class = AvellanedaStoikovVectorEnv
