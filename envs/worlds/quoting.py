"""Worlds of a market maker whose best quotes are known: a mid that nobody can foretell, and orders that reach out from it."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ...encoders.column import Column
from ...encoders.layout import Layout
from ...market.actions.quotes import Quotes
from ...market.errors import ConfigError
from ...market.instrument import Instrument
from ...simulator.intensity import IntensitySimulator, reach_of
from ...simulator.simulator import Simulator
from ..optimum.quoting import QuotedMarket
from ..rewards.registry import Reward
from ..world import Features, Rows, Tapes, World
from .drawn import DrawnVectorEnv, Paths
from .known_answer import KnownAnswer

__all__ = ["QuotingVectorEnv"]

MOVE_LIMIT = 6.0  # standard deviations that are observed
LEAST_DRAW = 1e-300  # a generator may give 0


class QuotingVectorEnv(DrawnVectorEnv, KnownAnswer):
    """E market makers who quote one lot on each side in every step, matched by intensity (docs/simulator.md).

    The price is in units of the world, a lot is one unit. An episode is a task that ends: `terminated` at its last step. The action
    `quotes` gives both offsets, exactly but for ticks of 1e-8 (5e-9 of price at most). A subclass says what the market is
    (`quoted_market`), what is paid (`own_reward`), how the mid moves (`moves`), and what is best.
    """

    bar_ns: ClassVar[int] = 1_000_000_000
    price: ClassVar[float]
    narrowest: ClassVar[float]
    widest: ClassVar[float]
    defaults: ClassVar[Mapping[str, Any]] = {"private": ("inventory", "time_left"), "cash": 1_000_000.0}

    @abstractmethod
    def quoted_market(self, n_steps: int) -> QuotedMarket:
        """Return the market of an episode of `n_steps` decisions."""

    @abstractmethod
    def own_reward(self) -> Reward:
        """Return what the world pays unless it was given another reward."""

    @abstractmethod
    def moves(self, generator: np.random.Generator, n_bars: int) -> np.ndarray:
        """Return how the mid moves in each of `n_bars` rows, in its standard deviations of a step."""

    @property
    @abstractmethod
    def deviation(self) -> float:
        """Standard deviation of the mid's move in a step, price."""

    @property
    def best_offsets(self) -> np.ndarray:
        """Best offsets, price, (n_steps, 2 Q + 1, 2): bid, ask."""
        solution: tuple[np.ndarray, np.ndarray] = self.market.solution  # type: ignore[attr-defined]
        return solution[1]

    @property
    @abstractmethod
    def reference_offset(self) -> float:
        """Offset of both quotes of the reference, price."""

    def build_world(self, tape: Tapes | None, features: Features, rows: Rows, asset: str | None) -> World:
        """See `DrawnVectorEnv.build_world`; the market, the actions and the reward follow from the episode's length."""
        if tape is not None:
            raise ConfigError(f"{self.name} draws its own paths and orders and cannot play on a tape; leave tape out, or use "
                              "MarketMaking-v0 with matching='intensity'")
        world = super().build_world(tape, features, rows, asset)
        assert self.settings.episode_bars is not None
        self.market = self.quoted_market(self.settings.episode_bars)
        self.own_action = Quotes(narrowest=self.narrowest, widest=self.widest, relative=False, lots=1, largest=self.market.largest)
        self.own_choices = {name for name in ("action", "reward") if self._given.get(name) is None}
        if "action" in self.own_choices:
            self.settings = replace(self.settings, action=self.own_action)
        if "reward" in self.own_choices:
            self.settings = replace(self.settings, reward=self.own_reward())
        return world

    def instruments(self) -> tuple[Instrument, ...]:
        """See `DrawnVectorEnv.instruments`: a lot is one unit."""
        return (Instrument(symbol="S0", lot=1.0, tick=1e-8),)

    def world_layout(self) -> Layout:
        """See `DrawnVectorEnv.world_layout`: the last move of the mid, which says nothing about the next."""
        return Layout(("S0",), market_asset=(Column("mid_move", "deviations", -MOVE_LIMIT, MOVE_LIMIT),))

    def build_simulator(self) -> Simulator:
        """See `TradingVectorEnv.build_simulator`."""
        settings = self.settings
        if self.frictions is not None:
            self.frictions.require_intensity("leave it out")
        return IntensitySimulator(
            self.tape, self.costs, np.zeros((self.tape.n_rows, 2)), n_envs=self.num_envs, max_orders=settings.max_orders,
            max_tickets=self.scheme.n_tickets, threads=settings.threads,
            record_fills=settings.record_fills or self.render_mode is not None,
        )  # fmt: skip

    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """See `DrawnVectorEnv.draw`; the reach is drawn with the mids."""
        market, moves, reach = self.market, np.empty((len(generators), n_bars)), np.empty((len(generators), n_bars, 2))
        for at, generator in enumerate(generators):
            moves[at] = self.moves(generator, n_bars)
            poisson = market.fills == "poisson"
            draws = generator.standard_exponential((n_bars, 2)) if poisson else 1.0 - generator.random((n_bars, 2))
            reach[at] = reach_of(np.maximum(draws, LEAST_DRAW), market.rate * market.step, market.decay)
        self._reach = reach
        close = self.price + self.deviation * np.add.accumulate(moves, 1)
        opened = np.concatenate([np.full((len(generators), 1), self.price), close[:, :-1]], axis=1)
        seen = np.clip(moves, -MOVE_LIMIT, MOVE_LIMIT).astype(np.float32)
        return Paths(opened[..., None], close[..., None], seen[..., None])

    def draw_episodes(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `DrawnVectorEnv.draw_episodes`."""
        first, last = super().draw_episodes(indices)
        if len(indices):
            self.exchange.reach[indices[:, None] * self.path_rows + np.arange(self.path_rows), 0] = self._reach
        return first, last

    @property
    def exchange(self) -> IntensitySimulator:
        """The simulator, as what it is."""
        assert isinstance(self.simulator, IntensitySimulator)
        return self.simulator

    def task_done(self, step: np.ndarray) -> np.ndarray | None:
        """See `TradingVectorEnv.task_done`: the horizon is part of the problem."""
        return np.asarray(self.books.rows >= self.books.episode["last_row"])

    def own_state(self) -> dict[str, Any]:
        """See `TradingVectorEnv.own_state`."""
        return {**super().own_state(), "reach": self.exchange.reach.copy()}

    def load_own(self, state: dict[str, Any]) -> None:
        """See `TradingVectorEnv.load_own`."""
        super().load_own(state)
        self.exchange.reach[...] = state["reach"]

    def places(self, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return decisions since the episode began, and indices of the state of inventory, int64 (...), of flat observations.

        Raises:
            ConfigError: The observation lacks inventory or time_left.
        """
        self.leading(observation)
        names = [column.name for column in self.layout.private]
        for name in ("inventory", "time_left"):
            if name not in names:
                raise ConfigError(f"{self.name} knows the best quotes from the private parts inventory and time_left, {name} was "
                                  "left out of private")
        start, market = self.layout.window * self.layout.n_market, self.market
        left = np.rint(observation[..., start + names.index("time_left")].astype(np.float64) * market.n_steps)
        held = np.rint(observation[..., start + names.index("inventory")].astype(np.float64) * market.largest)
        step = np.clip(market.n_steps - left.astype(np.int64), 0, market.n_steps - 1)
        return step, held.astype(np.int64) + market.largest

    def actions_of(self, offsets: np.ndarray) -> np.ndarray:
        """Return the actions for offsets (..., 2), price; the nearest pairs of a `quote_grid`."""
        if not isinstance(self.scheme, Quotes) or self.scheme.sizes:
            raise ConfigError(f"{self.name} knows the best quotes for the actions quotes and quote_grid, was {self.scheme.name}"
                              f"{' with sizes' if isinstance(self.scheme, Quotes) else ''}")
        actions = self.scheme.actions_for(offsets)
        return actions if self.scheme.discrete else actions.astype(np.float32)

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best quotes, float32 (..., 2). See `KnownAnswer.optimal_action`."""
        return self.actions_of(self.best_offsets[self.places(observation)])

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the fixed spread. See `KnownAnswer.reference_action`."""
        return self.actions_of(np.full((*self.leading(observation), 2), self.reference_offset))

    def require_own_world(self) -> None:
        """Raise ConfigError where an option was changed so that values of policies do not hold."""
        self.require_own({"costs": self.costs}, {"costs": self.own_costs})
        for name in ("action", "reward"):
            if name not in self.own_choices:
                raise ConfigError(f"optimal_value of {self.name} holds for its own {name} alone; leave {name} out")
        needed, cash = 2.0 * self.price * self.market.largest, self.settings.cash
        if cash < needed:
            raise ConfigError(f"optimal_value of {self.name} holds where cash is at least {needed:g}, twice what the largest "
                              f"inventory costs, was {cash:g}; raise cash or lower largest")
        if self.settings.max_orders < 2:
            raise ConfigError(f"optimal_value of {self.name} holds where two quotes can work at once; set max_orders to 2 or more, "
                              f"was {self.settings.max_orders}")
