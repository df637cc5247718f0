"""`quantgym/Kelly-v0`: a coin that is known to be loaded; how much of the equity to stake."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...encoders.column import Column
from ...encoders.layout import Layout
from ...market.actions.exposure import Exposure
from ...market.actions.levels import Levels
from ...market.cost import CostSettings
from ...market.errors import ConfigError
from ..optimum.kelly import BinomialMarket
from ..world import Features
from .drawn import FREE, DrawnVectorEnv, Paths
from .known_answer import KnownAnswer, require_numbers
from .single import KnownAnswerEnv

__all__ = ["KellyEnv", "KellyVectorEnv"]

PRICE = 100.0
LARGEST = 10.0  # exposure that the account allows
LEVELS = {"kind": "levels", "levels": (0.0, 1.0, 2.0, 3.0, 4.0)}
USUAL, DAILY = BinomialMarket(), BinomialMarket(move=0.01, up_probability=0.515)


class KellyVectorEnv(DrawnVectorEnv, KnownAnswer):
    """E accounts on an asset that gains or loses a fraction `move` in each bar, the first with `up_probability`; no costs.

    The reward is the log return of equity. Actions are a menu of exposures (`levels`) or continuous (`exposure` with a scale); the
    best one never changes. What is observed of the market is the last move, which tells nothing.
    """

    name: ClassVar[str] = "Kelly-v0"
    defaults: ClassVar[Mapping[str, Any]] = {"action": LEVELS, "episode_bars": 128}
    own_costs: ClassVar[CostSettings] = replace(FREE, max_leverage=LARGEST)
    citation: ClassVar[str] = "Kelly 1956, A New Interpretation of Information Rate, Bell System Technical Journal 35"
    reference: ClassVar[str] = "cash"

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *, move: float | None = None,
                 up_probability: float | None = None, daily: bool = False, **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: None: paths are drawn.
            features: None.
            move: m; None: 0.1, or 0.01 where `daily`.
            up_probability: p; None: 0.6 (a Sharpe ratio of 0.2 a bar), or 0.515 where `daily` (0.03).
            daily: Whether to take moves of the size of days.
            settings: See `TradingVectorEnv`.
        """
        require_numbers(self.name, {"move": move, "up_probability": up_probability})
        usual = DAILY if daily else USUAL
        self.market = BinomialMarket(move=usual.move if move is None else move,
                                     up_probability=usual.up_probability if up_probability is None else up_probability)
        super().__init__(tape, features, **settings)
        if isinstance(self.scheme, Levels) and max(map(abs, self.scheme.levels)) > LARGEST:
            raise ConfigError(f"levels of Kelly-v0 must lie inside [-{LARGEST:g}, {LARGEST:g}], which the account allows, was "
                              f"{self.scheme.levels}")
        self._given |= {"move": move, "up_probability": up_probability, "daily": daily}

    def world_layout(self) -> Layout:
        """See `DrawnVectorEnv.world_layout`."""
        return Layout(assets=("S0",), market_asset=(Column("last_move", "score", -1.0, 1.0),))

    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """See `DrawnVectorEnv.draw`."""
        uniform = np.stack([generator.random(n_bars) for generator in generators])
        side = np.where(uniform < self.market.up_probability, 1.0, -1.0)
        return Paths.of_returns(self.market.move * side, side[..., None], PRICE)

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the growth-optimal action: one level, or one exposure inside the scale. See `KnownAnswer.optimal_action`."""
        if isinstance(self.scheme, Levels):
            return np.full(self.leading(observation), self.market.best_level(self.scheme.levels))
        return np.full((*self.leading(observation), 1), self._fraction() / self._scale(), np.float32)

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return cash, or the level nearest to it. See `KnownAnswer.reference_action`."""
        if isinstance(self.scheme, Levels):
            return np.full(self.leading(observation), int(np.argmin(np.abs(self.scheme.levels))))
        return np.zeros((*self.leading(observation), 1), np.float32)

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return another level beside the best, or half of the best exposure. See `KnownAnswer.perturbed_action`."""
        best = self.optimal_action(observation)
        if isinstance(self.scheme, Levels):
            return np.where(best + 1 < self.scheme.n, best + 1, best - 1)
        return np.asarray(0.5 * best)

    def optimal_value(self) -> float:
        """Return the expected log growth of an episode at the best action there is. See `KnownAnswer.optimal_value`."""
        return self._growth(self._fraction())

    def reference_value(self) -> float:
        """Return the expected log growth of an episode of the reference."""
        levels = self.scheme.levels if isinstance(self.scheme, Levels) else (0.0,)
        return self._growth(min(levels, key=abs))

    def certainty_equivalent(self, value: float) -> float:
        """Return N times the sure return of a bar whose log is J / N."""
        return self.bars * float(np.expm1(value / self.bars))

    def _growth(self, fraction: float) -> float:
        self.require_own({"costs": self.costs, "reward": self.settings.reward}, {"costs": self.own_costs, "reward": "log_return"})
        growth, moved = float(self.market.growth(fraction)), np.array([1.0, -1.0]) * self.market.move
        if np.isfinite(growth):
            chance = np.array([self.market.up_probability, 1.0 - self.market.up_probability])
            units = np.log1p(fraction * moved) - np.log1p(moved)  # what the logarithm of a position's units moves by in a bar
            drift = float(chance @ units)
            deviation = float(np.sqrt(chance @ (units - drift) ** 2))
            self.require_units(fraction * self.settings.cash / PRICE, self.bars, drift, deviation)
        return self.bars * growth

    def _fraction(self) -> float:
        if isinstance(self.scheme, Levels):
            return self.scheme.levels[self.market.best_level(self.scheme.levels)]
        return self.market.clipped(min(self._scale(), LARGEST))

    def _scale(self) -> float:
        if not isinstance(self.scheme, Exposure):
            raise ConfigError(f"what is best in Kelly-v0 is known for the actions levels and exposure, was {self.scheme.name}")
        return self.scheme.scale


class KellyEnv(KnownAnswerEnv):
    """`quantgym/Kelly-v0`: see `KellyVectorEnv`."""

    batch_class = KellyVectorEnv
