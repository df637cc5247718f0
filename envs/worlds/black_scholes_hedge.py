"""`quantgym/BlackScholesHedge-v0`: hedging a written call on a lognormal price, with and without costs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...encoders.column import Column
from ...encoders.layout import Layout
from ...market.errors import ConfigError
from ..optimum.black_scholes import call_delta
from ..optimum.hedge_band import HedgeBand
from ..tasks.hedging import Hedging
from ..tasks.written_option import HedgeReward, WrittenOption
from ..world import Features, World
from .drawn import FREE, DrawnVectorEnv, Paths
from .known_answer import KnownAnswer, fill, require_numbers
from .single import KnownAnswerEnv

__all__ = ["BlackScholesHedgeEnv", "BlackScholesHedgeVectorEnv"]

PRICE, SHARE, LIMIT = 100.0, 0.05, 100.0
OWN = {"action": "hedge", "private": (), "window": 1}


class BlackScholesHedgeVectorEnv(Hedging, DrawnVectorEnv, KnownAnswer):
    """E writers of a call, at the money when an episode begins, that matures when it ends; the action is the hedge ratio.

    Closes are P x exp(s z - s^2 / 2) with s = `volatility`, every bar opens at the last close, and the option is worth what Black
    and Scholes say. Trading one unit costs `cost_rate` of its price. The reward is g - risk / 2 g^2 - costs, g the P&L of hedge
    and option per unit of the option, in units of the price at the decision. Without costs the hedge of least variance is best,
    which tends to delta with the length of a bar; with costs a band around it in which nothing is traded.
    """

    name: ClassVar[str] = "BlackScholesHedge-v0"
    defaults: ClassVar[Mapping[str, Any]] = {**OWN, "episode_bars": 32}
    citation: ClassVar[str] = ("Black & Scholes 1973, Journal of Political Economy 81, eq. 14 (delta); Davis, Panas & "
                               "Zariphopoulou 1993, SIAM Journal on Control and Optimization 31 (the band)")
    reference: ClassVar[str] = "no hedge"

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *, volatility: float = 0.02, risk: float = 100.0,
                 cost_rate: float = 0.0, **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: None; this world draws its own paths.
            features: None.
            volatility: Standard deviation of a bar's log return, at most 0.1.
            risk: Aversion, per unit of return.
            cost_rate: Fraction of the notional traded, paid as half a spread.
            settings: As `DrawnVectorEnv`; `action` and `reward` are the world's own.
        """
        own = {"volatility": volatility, "risk": risk, "cost_rate": cost_rate}
        require_numbers(self.name, own)
        if not 0.0 < volatility <= 0.1:
            raise ConfigError(f"BlackScholesHedge-v0 needs a volatility in (0, 0.1], was {volatility}")
        self._volatility, self._risk, self._cost_rate = volatility, risk, cost_rate
        self._charged = replace(FREE, half_spread_rate=cost_rate)
        filled = fill(settings, costs=self._charged)
        if settings.get("reward") is None:
            settings["reward"] = HedgeReward(risk)
        super().__init__(tape, features, **settings)
        self._given |= {**own, **filled, "reward": None}

    @cached_property
    def band(self) -> HedgeBand:
        """The solution."""
        return HedgeBand(self.bars, self._volatility, self._risk, self._cost_rate)

    def world_layout(self) -> Layout:
        """See `DrawnVectorEnv.world_layout`."""
        return Layout(("S0",), market_asset=(Column("last_return", "percent", -LIMIT, LIMIT),))

    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """See `DrawnVectorEnv.draw`."""
        drawn = np.stack([generator.standard_normal(n_bars) for generator in generators])
        simple = np.expm1(self._volatility * drawn - 0.5 * self._volatility**2)
        return Paths.of_returns(simple, np.clip(100.0 * simple, -LIMIT, LIMIT)[..., None], PRICE)

    def write_option(self, world: World) -> WrittenOption:
        """See `Hedging.write_option`."""
        close = world.tape.bars["close"][:, 0]  # a view: it follows what is drawn
        ones = np.ones(world.tape.n_rows)
        return WrittenOption(close, ones, close, self._volatility * ones, SHARE)

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best hedge ratios (B, 1): what is nearest to the one held in the band. See `KnownAnswer.optimal_action`."""
        left, moneyness, held = self._read(observation)
        return np.asarray(np.clip(self.band.hedge(left, moneyness, held), 0.0, 1.0)[..., None], np.float32)

    def delta_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the delta of Black and Scholes, (B, 1)."""
        left, moneyness, _ = self._read(observation)
        return np.asarray(call_delta(moneyness, 1.0, self._volatility * np.sqrt(left))[..., None], np.float32)

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return no hedge. See `KnownAnswer.reference_action`."""
        return np.zeros((*self.leading(observation), 1), np.float32)

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best hedge ratios and 0.05 more. See `KnownAnswer.perturbed_action`."""
        return np.asarray(np.clip(self.optimal_action(observation) + np.float32(0.05), 0.0, 1.0))

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of one episode under the best hedge, to 5e-4 of itself.

        Lots of 1e-6 units in options on 50 and ratios in float32 change it by less than that.

        Raises:
            ConfigError: Costs, parts or window are not the world's own.
        """
        self._require_own()
        return self.band.value

    def reference_value(self) -> float:
        """Return the same where nothing is hedged."""
        self._require_own()
        return self.band.unhedged_value

    def _require_own(self) -> None:
        asked = {name: getattr(self.settings, name) for name in OWN} | {"costs": self.costs}
        self.require_own(asked, OWN | {"costs": self._charged})
        self.require_units(SHARE * self.settings.cash / PRICE, self.bars)

    def _read(self, observation: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return bars left, price over strike, and the ratio held, (...), of observations."""
        left = np.maximum(np.rint(self.seen(observation, "time_left") * self.bars), 1.0).astype(np.int64)
        return left, np.exp(self.seen(observation, "moneyness") / 100.0), self.seen(observation, "held")


class BlackScholesHedgeEnv(KnownAnswerEnv):
    """`quantgym/BlackScholesHedge-v0`: see `BlackScholesHedgeVectorEnv`."""

    batch_class = BlackScholesHedgeVectorEnv
