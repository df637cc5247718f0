"""`quantgym/CarteaJaimungal-v0`: market making with bounded inventory and penalties on it, the market maker's certificate."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...market.errors import ConfigError
from ..optimum.cartea_jaimungal import CarteaJaimungal
from ..rewards.quoting_profit import QuotingProfit, QuotingProfitSettings
from ..rewards.registry import Reward
from ..world import Features
from .known_answer import require_numbers
from .quoting import QuotingVectorEnv
from .single import KnownAnswerEnv

__all__ = ["CarteaJaimungalEnv", "CarteaJaimungalVectorEnv"]


class CarteaJaimungalVectorEnv(QuotingVectorEnv):
    """E market makers who earn their offsets, pay for inventory while they hold it, and again for what is left at the end.

    Prices are in ticks, times in seconds. The mid is a random walk with normal steps; in each step of dt the orders that reach the
    mid on either side are Poisson of mean rate dt, thinned by exp(-decay x offset). The reward is the change of equity, less
    running_penalty dt q^2 for the inventory q that was held through the step, less terminal_penalty q^2 at the end. The best
    policy in steps is known by backward induction, to 1e-12 of its value; as dt goes to 0 it becomes that of the book.
    """

    name: ClassVar[str] = "CarteaJaimungal-v0"
    citation: ClassVar[str] = ("Cartea, Jaimungal & Penalva 2015, Algorithmic and High-Frequency Trading, chapter 10.2; "
                               "backward induction in steps")
    reference: ClassVar[str] = "fixed spread: both quotes 1 / decay from the mid"
    defaults: ClassVar[Mapping[str, Any]] = {**QuotingVectorEnv.defaults, "episode_bars": 120}
    price: ClassVar[float] = 10_000.0
    narrowest: ClassVar[float] = -0.5
    widest: ClassVar[float] = 3.0

    def __init__(
        self, tape: Tape | str | None = None, features: Features = None, *, rate: float = 1.0, decay: float = 1.0,
        volatility: float = 1.0, running_penalty: float = 0.1, terminal_penalty: float = 0.01, largest: int = 3,
        step_s: float = 0.25, **settings: Any,
    ) -> None:  # fmt: skip
        """Build a batch; the defaults are the book's section 10.2.1 in ticks of 0.01, in steps of a quarter of a second.

        Args:
            tape: None; this world draws its own paths.
            features: None.
            rate: Orders a second that reach the mid, on each side.
            decay: By how much an offset of one tick thins them.
            volatility: Of the mid, ticks per square root of a second.
            running_penalty: Ticks per squared lot and second.
            terminal_penalty: Ticks per squared lot.
            largest: Inventory in lots beyond which nothing more is quoted on its side.
            step_s: dt, seconds between decisions.
            settings: As `DrawnVectorEnv`.

        Raises:
            ConfigError: A number is out of its range.
        """
        own: dict[str, Any] = {
            "rate": rate, "decay": decay, "volatility": volatility, "running_penalty": running_penalty,
            "terminal_penalty": terminal_penalty, "largest": largest, "step_s": step_s,
        }  # fmt: skip
        require_numbers(self.name, own)
        self._own = own
        super().__init__(tape, features, **settings)
        self._given |= own

    def quoted_market(self, n_steps: int) -> CarteaJaimungal:
        """See `QuotingVectorEnv.quoted_market`."""
        own = {name: value for name, value in self._own.items() if name not in ("volatility", "step_s")}
        volatility = self._own["volatility"]
        if volatility < 0.0:
            raise ConfigError(f"volatility of {self.name} must not be negative, was {volatility}")
        if self._own["step_s"] > 0.0 and 8.0 * self.deviation * np.sqrt(n_steps) >= self.price:
            raise ConfigError(f"{self.name}: the mid of {self.price:g} could fall to 0 in {n_steps} steps of {self.deviation:g}; "
                              "lower volatility, step_s or episode_bars")
        return CarteaJaimungal(
            **own, horizon=n_steps * self._own["step_s"], n_steps=n_steps, lowest=self.narrowest, highest=self.widest
        )  # fmt: skip

    def own_reward(self) -> Reward:
        """See `QuotingVectorEnv.own_reward`."""
        running = self._own["running_penalty"] * self._own["step_s"]
        return QuotingProfit(
            QuotingProfitSettings(running_penalty=running, terminal_penalty=self._own["terminal_penalty"]), self.costs
        )  # fmt: skip

    def moves(self, generator: np.random.Generator, n_bars: int) -> np.ndarray:
        """See `QuotingVectorEnv.moves`."""
        return generator.standard_normal(n_bars)

    @property
    def deviation(self) -> float:
        """See `QuotingVectorEnv.deviation`."""
        return float(self._own["volatility"] * np.sqrt(self._own["step_s"]))

    @property
    def reference_offset(self) -> float:
        """1 / decay: the best offset where inventory costs nothing."""
        return 1.0 / float(self._own["decay"])

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best quotes, a third of a tick further out. See `KnownAnswer.perturbed_action`."""
        return self.actions_of(self.best_offsets[self.places(observation)] + 1.0 / 3.0)

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of one episode under the best policy, ticks, from no inventory.

        Raises:
            ConfigError: The world has costs, actions or a reward of its own.
        """
        self.require_own_world()
        return float(self._solved.solution[0][0, self.market.largest])

    def reference_value(self) -> float:
        """Return that of the fixed spread.

        Raises:
            ConfigError: See `optimal_value`.
        """
        self.require_own_world()
        offset = min(max(self.reference_offset, self.narrowest), self.widest)
        return float(self._solved.values_of(self.market.fixed(offset))[0, self.market.largest])

    @property
    def _solved(self) -> CarteaJaimungal:
        assert isinstance(self.market, CarteaJaimungal)
        return self.market


class CarteaJaimungalEnv(KnownAnswerEnv):
    """`quantgym/CarteaJaimungal-v0`: see `CarteaJaimungalVectorEnv`."""

    batch_class = CarteaJaimungalVectorEnv
