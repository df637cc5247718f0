"""`quantgym/LeadLag-v0`: assets on a graph that is drawn anew each episode; last returns predict those of the neighbours."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...encoders.column import Column
from ...encoders.layout import Layout
from ...market.desk import Books, Desk
from ...market.errors import ConfigError
from ...market.instrument import Instrument
from ..optimum.lead_lag import LeadLag
from ..rewards.price import costs_of
from ..rewards.reward import Reward
from ..world import Features
from .drawn import FREE, DrawnVectorEnv, Paths
from .known_answer import KnownAnswer, require_numbers
from .single import KnownAnswerEnv

__all__ = ["LeadLagEnv", "LeadLagVectorEnv", "RingReward"]

PRICE, UNITS = 100.0, 10.0
REACH = 20.0  # returns are shown up to so many standard deviations of a shock
ACTION = {"kind": "holding", "max_units": UNITS}
OWN = {"action": ACTION, "private": (), "window": 1, "cash": 100_000.0}


class RingReward(Reward):
    """The sum over assets of w r - scale / 2 w^2, less costs: w the units held / `units`, r the simple return of the bar.

    Costs count in units of the mean price of the assets at the decision.

    Attributes:
        units: Of a whole position.
        scale: Risk aversion times the known variance of a bar, the return for which the best w is 1.
    """

    def __init__(self, units: float, scale: float) -> None:
        self.units, self.scale = units, scale

    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """See `Reward.pay`."""
        assert isinstance(books, Desk)
        before, weights = books.bars["close"][step["row"] - 1], books.position["units"] / self.units
        returns = books.position["mark"] / before - 1.0
        spent = costs_of(step) / (self.units * before.mean(axis=1))
        return np.asarray((weights * returns - 0.5 * self.scale * weights * weights).sum(axis=1) - spent)


class LeadLagVectorEnv(DrawnVectorEnv, KnownAnswer):
    """E accounts that hold up to ten units, long or short, of each of A assets on a ring in random order.

    The next return of an asset is `beta` x the mean of the last returns of the `n_leaders` assets before it on the ring +
    `volatility` x a standard normal; without costs. The reward is mean and variance of one step: the sum of
    w r - risk / 2 volatility^2 w^2 over the assets. An observation holds the last return of each asset and the weights of all
    A (A - 1) edges (`layout.edges`), which are those of the episode's ring: 1 / `n_leaders` from a leader to its follower, else 0.
    """

    name: ClassVar[str] = "LeadLag-v0"
    defaults: ClassVar[Mapping[str, Any]] = {**OWN, "episode_bars": 64}
    citation: ClassVar[str] = "Markowitz 1952, Journal of Finance 7: mean and variance of one step"
    reference: ClassVar[str] = "cash"

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *, n_assets: int = 8, n_leaders: int = 1,
                 beta: float = 0.5, volatility: float = 0.01, risk: float = 175.0, **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: None; this world draws its own paths.
            features: None.
            n_assets: A, 3 or more.
            n_leaders: Assets that each one follows.
            beta: What of the leaders' mean is passed on, in (-1, 1).
            volatility: Standard deviation of a bar's shock, at most 0.02, so that no price comes near 0.
            risk: Aversion, per unit of return.
            settings: As `DrawnVectorEnv`.
        """
        own = {"n_assets": n_assets, "n_leaders": n_leaders, "beta": beta, "volatility": volatility, "risk": risk}
        require_numbers(self.name, own)
        self.market = LeadLag(n_assets, n_leaders, beta, volatility, risk)
        if volatility > 0.02:
            raise ConfigError(f"LeadLag-v0 needs a volatility of at most 0.02, was {volatility}")
        self._own_reward = settings.get("reward") is None
        if self._own_reward:
            settings["reward"] = RingReward(UNITS, risk * volatility**2)
        super().__init__(tape, features, **settings)
        self._given |= own
        if self._own_reward:
            self._given["reward"] = None

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Every (leader, follower), in the order of the edges' weights in an observation."""
        n = self.market.n_assets
        return tuple((source, target) for source in range(n) for target in range(n) if source != target)

    def instruments(self) -> tuple[Instrument, ...]:
        """See `DrawnVectorEnv.instruments`."""
        return tuple(Instrument(symbol=f"S{i}", lot=1e-6, tick=1e-8) for i in range(self.market.n_assets))

    def world_layout(self) -> Layout:
        """See `DrawnVectorEnv.world_layout`."""
        edges = tuple(Column(f"edge_{k}", "edge_weight", 0.0, 1.0) for k in range(len(self.pairs)))
        bound = REACH * 100.0 * self.market.volatility
        returns = (Column("last_return", "percent", -bound, bound),)
        return Layout(tuple(one.symbol for one in self.instruments()), edges, returns, edges=self.pairs)

    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """See `DrawnVectorEnv.draw`."""
        market, n_assets = self.market, self.market.n_assets
        orders = np.stack([generator.permutation(n_assets) for generator in generators])
        shocks = np.stack([generator.standard_normal((n_bars, n_assets)) for generator in generators])
        graphs = np.stack([market.graph(order) for order in orders])
        returns = market.volatility * shocks
        root = np.linalg.cholesky(market.covariance)  # in the order of the ring
        np.put_along_axis(returns[:, 0], orders, shocks[:, 0] @ root.T, axis=1)
        for bar in range(1, n_bars):
            returns[:, bar] += market.next_mean(graphs, returns[:, bar - 1])
        close = PRICE * np.multiply.accumulate(1.0 + returns, axis=1)
        opened = np.concatenate([np.full((len(generators), 1, n_assets), PRICE), close[:, :-1]], axis=1)
        sources, targets = np.array(self.pairs).T
        edges = np.broadcast_to(graphs[:, None, targets, sources], (len(generators), n_bars, len(self.pairs)))
        shown = np.clip(100.0 * returns, -REACH * 100.0 * market.volatility, REACH * 100.0 * market.volatility)
        return Paths(opened, close, np.concatenate([edges, shown], axis=-1).astype(np.float32))

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best weights (B, A): mean / (risk volatility^2), cut to [-1, 1]. See `KnownAnswer.optimal_action`."""
        graphs, last = self._read(observation)
        return self.market.optimal_weights(graphs, last).astype(np.float32)

    def edgeless_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best weights (B, A) of who sees the last returns alone; ConfigError unless each asset has one leader."""
        return self.market.edgeless_weights(self._read(observation)[1]).astype(np.float32)

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return no positions. See `KnownAnswer.reference_action`."""
        return np.zeros((*self.leading(observation), self.market.n_assets), np.float32)

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return seven tenths of the best weights. See `KnownAnswer.perturbed_action`."""
        return np.asarray(np.float32(0.7) * self.optimal_action(observation))

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of one episode under the best weights: bars x value of a step. Cash earns 0.

        Lots of 1e-6 units in positions of 10 change it by less than 1e-6 of itself.

        Raises:
            ConfigError: Costs, action, reward, parts, window or cash are not the world's own.
        """
        self._require_own()
        return self.bars * self.market.value_per_step

    def edgeless_value(self) -> float:
        """Return the same for who sees the last returns alone; ConfigError also unless each asset has one leader."""
        self._require_own()
        return self.bars * self.market.edgeless_value_per_step

    def reference_value(self) -> float:
        """Return what cash earns."""
        return 0.0

    def _require_own(self) -> None:
        asked = {name: getattr(self.settings, name) for name in OWN}
        asked |= {"costs": self.costs, "reward": "own" if self._own_reward else self.settings.reward}
        self.require_own(asked, OWN | {"costs": FREE, "reward": "own"})

    def _read(self, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return graphs (..., A, A) and last returns (..., A) of the newest row of observations."""
        self.leading(observation)
        given, layout = np.asarray(observation, np.float64), self.layout
        newest = given[..., (layout.window - 1) * layout.n_market :][..., : layout.n_market]
        graphs = np.zeros((*given.shape[:-1], layout.n_assets, layout.n_assets))
        sources, targets = layout.edge_index
        graphs[..., targets, sources] = newest[..., layout.edge_positions]
        return graphs, newest[..., layout.positions_of("last_return")] / 100.0


class LeadLagEnv(KnownAnswerEnv):
    """`quantgym/LeadLag-v0`: see `LeadLagVectorEnv`."""

    batch_class = LeadLagVectorEnv
