"""`quantgym/MarketMaking-v0`: quotes on any tape, met by its bars or by orders that come at random."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from ...market.actions.setting import is_number
from ...market.cost import CostSettings
from ...market.errors import ConfigError, DataError, UnknownNameError
from ...simulator.intensity import IntensitySimulator, reach_of
from ...simulator.simulator import Simulator
from ..batch import TradingVectorEnv
from ..single import SingleEnv
from ..world import Features, Tapes, pool_venue

__all__ = ["MarketMakingEnv", "MarketMakingVectorEnv", "Matching"]

Matching = Literal["bars", "intensity"]
LEAST_DRAW = 1e-300


class MarketMakingVectorEnv(TradingVectorEnv):
    """E market makers on one asset of a tape: each decision puts a bid and an ask in place of those before.

    With `matching="bars"` they are limit orders of the ordinary exchange: they fill where the bar goes through them, and what fills
    tends to be what the price then runs over. With `matching="intensity"` the tape's closes are mids and orders of others come at
    random, Poisson of mean `arrivals` a bar on each side, thinned by e where an offset is `depth` of the mid: nothing is selected
    against the quote, so that this is the kinder world.
    """

    name: ClassVar[str] = "MarketMaking-v0"
    own_costs: ClassVar[CostSettings] = CostSettings(maker_fee_rate=0.0001, allow_short=True, max_leverage=3.0)
    defaults: ClassVar[Mapping[str, Any]] = {
        "action": {"kind": "quotes", "sizes": True},
        "reward": ["gross_minus_cost", {"kind": "inventory_penalty", "weight": 1e-4, "power": 2.0}],
        "private": ("inventory", "time_left", "account"),
    }

    def __init__(
        self, tape: Tapes | None = None, features: Features = None, *, matching: Matching = "bars", arrivals: float = 1.0,
        depth: float = 0.0005, **settings: Any,
    ) -> None:  # fmt: skip
        """Build a batch.

        Args:
            tape: A tape, its name, or several of these; None: the sample.
            features: As `TradingVectorEnv`.
            matching: `bars` or `intensity`.
            arrivals: Orders a bar that reach the mid on each side, in the mean; by intensity.
            depth: Offset, as a fraction of the mid, at which a factor of 1 / e of them is left; by intensity.
            settings: As `TradingVectorEnv`; without `costs` makers pay 0.01 %, takers 0.05 %, and shorts are allowed.

        Raises:
            ConfigError: A number is out of its range, or matching by intensity has no `episode_bars`.
            UnknownNameError: `matching` is neither.
        """
        if matching not in get_args(Matching):
            raise UnknownNameError("matching", str(matching), get_args(Matching))
        for name, value in (("arrivals", arrivals), ("depth", depth)):
            if not (is_number(value) and value > 0.0):
                raise ConfigError(f"{name} must be positive and finite, was {value!r}")
        self.matching, self.arrivals, self.depth = matching, float(arrivals), float(depth)
        if settings.get("costs") is None:
            settings["costs"] = self.own_costs
        super().__init__(tape, features, **settings)
        self._given |= {"matching": matching, "arrivals": arrivals, "depth": depth}

    def build_simulator(self) -> Simulator:
        """See `TradingVectorEnv.build_simulator`; by intensity each sub-environment has rows of the reach of its own."""
        if self.matching == "bars":
            if self.tape.close_only:
                raise DataError(f"tape {self.tape.name} holds closes only: its bars meet no quote; choose matching='intensity'")
            return super().build_simulator()
        if self.frictions is not None:
            self.frictions.require_intensity("leave it out, or choose matching='bars'")
        if self.settings.episode_bars is None:
            raise ConfigError("MarketMaking-v0 draws the orders of an episode when it begins; by intensity it needs episode_bars, "
                              "was None")
        settings, n_rows = self.settings, self.num_envs * self.settings.episode_bars
        tape, costs = pool_venue(self.world, self.costs)
        return IntensitySimulator(
            tape, costs, np.full((n_rows, 2), -np.inf), n_envs=self.num_envs, max_orders=settings.max_orders,
            max_tickets=self.scheme.n_tickets, threads=settings.threads,
            record_fills=settings.record_fills or self.render_mode is not None,
        )  # fmt: skip

    def on_begin(self, indices: np.ndarray) -> None:
        """See `TradingVectorEnv.on_begin`: the reach of each step of the episodes is drawn, as prices of its mid."""
        simulator, n_bars = self.simulator, self.settings.episode_bars
        if not isinstance(simulator, IntensitySimulator) or n_bars is None:
            return
        for index in indices:
            drawn = np.maximum(self.streams.generator(int(index)).standard_exponential((n_bars, 2)), LEAST_DRAW)
            first = int(self.books.rows[index])
            mids = simulator.bars["close"][np.minimum(first + np.arange(n_bars), simulator.n_rows - 1), 0]
            own = slice(int(index) * n_bars, (int(index) + 1) * n_bars)
            simulator.reach[own, 0] = reach_of(drawn, self.arrivals, 1.0 / self.depth) * mids[:, None]
            simulator.reach_rows[index] = own.start

    def own_state(self) -> dict[str, Any]:
        """See `TradingVectorEnv.own_state`: the orders that will come."""
        reach = {"reach": self.simulator.reach.copy()} if isinstance(self.simulator, IntensitySimulator) else {}
        return {**super().own_state(), **reach}

    def load_own(self, state: dict[str, Any]) -> None:
        """See `TradingVectorEnv.load_own`."""
        super().load_own(state)
        if isinstance(self.simulator, IntensitySimulator):
            self.simulator.reach[...] = state["reach"]


class MarketMakingEnv(SingleEnv):
    """`quantgym/MarketMaking-v0`: see `MarketMakingVectorEnv`."""

    batch_class = MarketMakingVectorEnv
