"""`quantgym/AlmgrenChriss-v0`: a large order, executed slice by slice."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...encoders.column import Column
from ...encoders.layout import Layout
from ...market.actions.slice import Slice
from ...market.errors import ConfigError
from ..optimum.almgren_chriss import AlmgrenChriss
from ..world import Features
from .drawn import FREE, DrawnVectorEnv, Paths
from .known_answer import KnownAnswer, fill, require_numbers
from .single import KnownAnswerEnv

__all__ = ["AlmgrenChrissEnv", "AlmgrenChrissVectorEnv"]

LEAST_RETURN = -0.9  # prices stay positive
LEAST_ORDER, MOST_ORDER = 1e-2, 1e5  # units
CASH = 1e7  # so much that equity plays no part
RETURN_LIMIT = 10.0  # in standard deviations, of what is observed


class AlmgrenChrissVectorEnv(DrawnVectorEnv, KnownAnswer):
    """E accounts that buy a parent order of `units` in `episode_bars` slices, in a market without drift.

    An action sends a share of what is left (`slice`); the last decision sends all of it. Each slice pays half the spread, linear
    temporary impact and the lasting impact of the slices before it. The reward (`execution_cost`), in units of price, is minus
    that, minus the price's move on what waits, minus risk_aversion volatility^2 x^2, x what waits. So the best schedule is static,
    and what is observed of the market, the last return, tells nothing.
    """

    name: ClassVar[str] = "AlmgrenChriss-v0"
    defaults: ClassVar[Mapping[str, Any]] = {"cash": CASH, "private": ("remaining", "time_left"), "episode_bars": 16}
    citation: ClassVar[str] = ("Almgren & Chriss 2000, Optimal Execution of Portfolio Transactions, Journal of Risk 3(2), "
                               "eqs. 8 and 17")
    reference: ClassVar[str] = "twap"

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *, units: float = 10.0, volatility: float = 0.002,
                 temporary: float = 0.01, permanent: float = 0.004, half_spread: float = 0.0, risk_aversion: float = 100.0,
                 **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: None: paths are drawn.
            features: None.
            units: X, bought; positive.
            volatility: sigma of a bar's return.
            temporary: eta, fraction of price given up per unit in a slice.
            permanent: gamma, fraction by which a unit moves the price for good; X gamma must be under 1.
            half_spread: epsilon, a fraction of price.
            risk_aversion: lambda.
            settings: See `TradingVectorEnv`; `episode_bars` is the number of slices, 16.
        """
        given = {"units": units, "volatility": volatility, "temporary": temporary, "permanent": permanent,
                 "half_spread": half_spread, "risk_aversion": risk_aversion}
        require_numbers(self.name, given)
        self._order = AlmgrenChriss(slices=1, **given)
        if units * permanent >= 1.0:
            raise ConfigError(f"units x permanent of AlmgrenChriss-v0 must be under 1, since the price may at most double, was "
                              f"{units * permanent}")
        self.own = replace(FREE, max_leverage=10.0, half_spread_rate=half_spread, impact="almgren_chriss", impact_volume=1.0,
                           impact_temporary=temporary, impact_permanent=permanent)
        self.own_reward = {"kind": "execution_cost", "units": units, "risk_aversion": risk_aversion, "volatility": volatility}
        self.own_action = {"kind": "slice", "units": units}
        filled = fill(settings, reward=self.own_reward, action=self.own_action, costs=self.own)
        super().__init__(tape, features, **settings)
        self._given |= {**given, **filled}

    def world_layout(self) -> Layout:
        """See `DrawnVectorEnv.world_layout`."""
        return Layout(assets=("S0",), market_asset=(Column("last_return", "score", -RETURN_LIMIT, RETURN_LIMIT),))

    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """See `DrawnVectorEnv.draw`."""
        drawn = np.clip(np.stack([generator.standard_normal(n_bars) for generator in generators]), -RETURN_LIMIT, RETURN_LIMIT)
        returns = np.maximum(self._order.volatility * drawn, LEAST_RETURN)
        return Paths.of_returns(returns, drawn[..., None])

    def task_done(self, step: np.ndarray) -> np.ndarray | None:
        """Return where the last slice was sent."""
        return np.asarray(self.books.rows >= self.books.episode["last_row"])

    @cached_property
    def order(self) -> AlmgrenChriss:
        """The order and its market, with as many slices as an episode has bars."""
        return replace(self._order, slices=self.bars)

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best share of what is left, by the bars left alone. See `KnownAnswer.optimal_action`."""
        return _as_action(self.order.share(self._left(observation)))

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return an equal part of what is left for each slice left. See `KnownAnswer.reference_action`."""
        return _as_action(1.0 / self._left(observation))

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return 1.3 times the best share. See `KnownAnswer.perturbed_action`."""
        return _as_action(1.3 * self.order.share(self._left(observation)))

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of the best schedule. See `KnownAnswer.optimal_value`."""
        self._require()
        return self.order.optimal_value()

    def reference_value(self) -> float:
        """Return the expected sum of rewards of equal slices."""
        self._require()
        return self.order.value(self.order.even())

    def _require(self) -> None:
        own = {"costs": self.own, "reward": self.own_reward, "action": self.own_action, "cash": CASH}
        settings = self.settings
        self.require_own({"costs": self.costs, "reward": settings.reward, "action": settings.action, "cash": settings.cash}, own)
        if not LEAST_ORDER <= self._order.units <= MOST_ORDER:
            raise ConfigError(f"optimal_value of AlmgrenChriss-v0 holds for orders of {LEAST_ORDER:g} to {MOST_ORDER:g} units, "
                              f"whose lots do not tell and which the account can pay for, was {self._order.units}")

    def _left(self, observation: np.ndarray) -> np.ndarray:
        if not isinstance(self.scheme, Slice):
            raise ConfigError(f"what is best in AlmgrenChriss-v0 is known for the action scheme slice, was {self.scheme.name}")
        return np.asarray(np.maximum(np.rint(self.seen(observation, "time_left") * self.order.slices), 1.0))


class AlmgrenChrissEnv(KnownAnswerEnv):
    """`quantgym/AlmgrenChriss-v0`: see `AlmgrenChrissVectorEnv`."""

    batch_class = AlmgrenChrissVectorEnv


def _as_action(share: np.ndarray) -> np.ndarray:
    return np.clip(2.0 * share - 1.0, -1.0, 1.0)[..., None].astype(np.float32)
