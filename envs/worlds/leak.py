"""`quantgym/Leak-v0`: a world whose observation holds what the next fill will earn, so that the best policy is known."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from ...data.synthetic import next_open_return
from ...data.tape import Tape
from ...encoders.column import Column
from ...encoders.layout import Layout
from ...encoders.table import FeatureTable
from ..batch import TradingVectorEnv
from .drawn import DrawnVectorEnv, Paths
from .known_answer import KnownAnswer
from .single import KnownAnswerEnv

__all__ = ["LeakEnv", "LeakVectorEnv", "leak_features"]

VOLATILITY = 0.01  # of a bar's log return; a policy that knows the sign earns about 0.8 % a bar
PRICE = 100.0
EPISODE_BARS = 128
LIMIT = 5.0
SHORT, FLAT, LONG = 0, 1, 2
POSITIONS = {"kind": "positions", "short": True, "rebalance": True}


def leak_features(tape: Tape) -> FeatureTable:
    """Return what the next fill of each row earns until the one after it, percent inside [-5, 5]: the future, on purpose."""
    values = np.clip(next_open_return(tape) / VOLATILITY, -LIMIT, LIMIT).astype(np.float32)
    return FeatureTable(np.ascontiguousarray(values), _layout(tape.symbols))


class LeakVectorEnv(DrawnVectorEnv, KnownAnswer):
    """E accounts that are short, flat or long in a martingale, without costs, and are told the return of the next bar.

    Closes are P x exp(s z - s^2 / 2) with s = 1 %, every bar opens at the last close. The reward is the log return of equity, so
    the best action is the sign of what is leaked, whatever the past: log utility without costs is myopic.
    """

    metadata: dict[str, Any] = {**TradingVectorEnv.metadata, "leaks": True}  # noqa: RUF012
    name: ClassVar[str] = "Leak-v0"
    defaults: ClassVar[Mapping[str, Any]] = {"action": POSITIONS, "episode_bars": EPISODE_BARS}
    citation: ClassVar[str] = "Merton 1969, Review of Economics and Statistics 51, section 6: log utility is myopic"
    reference: ClassVar[str] = "cash"

    @staticmethod
    def encode(tape: Tape) -> FeatureTable:
        """Return `leak_features` of a tape."""
        return leak_features(tape)

    def encoder(self) -> Any:
        """See `DrawnVectorEnv.encoder`."""
        return self.encode

    def world_layout(self) -> Layout:
        """See `DrawnVectorEnv.world_layout`."""
        return _layout(tuple(instrument.symbol for instrument in self.instruments()))

    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """See `DrawnVectorEnv.draw`."""
        drawn = np.stack([generator.standard_normal(n_bars) for generator in generators])
        close = PRICE * np.exp(np.cumsum(VOLATILITY * drawn - 0.5 * VOLATILITY**2, axis=1))
        opened = np.concatenate([np.full((len(generators), 1), PRICE), close[:, :-1]], axis=1)
        leaked = np.zeros((len(generators), n_bars), np.float32)  # no bar follows the last
        leaked[:, :-1] = np.clip((close[:, 1:] / opened[:, 1:] - 1.0) / VOLATILITY, -LIMIT, LIMIT)
        return Paths(opened[..., None], close[..., None], leaked[..., None])

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best positions (0 short, 1 flat, 2 long): the sign of what is leaked. See `KnownAnswer.optimal_action`."""
        return np.asarray(np.sign(self.seen(observation, f"{self.layout.assets[0]}.next_return")).astype(np.int64) + FLAT)

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return flat. See `KnownAnswer.reference_action`."""
        return np.full(self.leading(observation), FLAT)

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best positions, but flat where little is to be gained. See `KnownAnswer.perturbed_action`."""
        leaked = self.seen(observation, f"{self.layout.assets[0]}.next_return")
        return np.where(np.abs(leaked) < 0.3, FLAT, self.optimal_action(observation))

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of one episode under the best policy: n E[ln(1 + |r|)], r = exp(s z - s^2 / 2) - 1.

        The expectation is over z normal, by the trapezoidal rule, to 1e-9. Cash earns 0.

        Raises:
            ConfigError: The world has a tape, costs or a reward of its own, for which this value is not the optimum.
        """
        asked = {"paths": "drawn" if self.draws else "given", "costs": self.costs, "reward": self.settings.reward,
                 "action": self.settings.action}
        self.require_own(asked, {"paths": "drawn", "costs": self.own_costs, "reward": "log_return", "action": POSITIONS})
        z = np.linspace(-10.0, 10.0, 200_001)
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
        gain = np.log1p(np.abs(np.expm1(VOLATILITY * z - 0.5 * VOLATILITY**2)))
        units = gain - (VOLATILITY * z - 0.5 * VOLATILITY**2)  # what the logarithm of a position's units moves by in a bar
        drift = float(np.trapezoid(density * units, z))
        deviation = float(np.sqrt(np.trapezoid(density * (units - drift) ** 2, z)))
        self.require_units(self.settings.cash / PRICE, self.bars, drift, deviation)
        return float(self.bars * np.trapezoid(density * gain, z))

    def reference_value(self) -> float:
        """Return 0: cash earns nothing."""
        return 0.0


class LeakEnv(KnownAnswerEnv):
    """`quantgym/Leak-v0`: see `LeakVectorEnv`."""

    batch_class = LeakVectorEnv


def _layout(symbols: tuple[str, ...]) -> Layout:
    return Layout(assets=symbols, market_asset=(Column("next_return", "percent", -LIMIT, LIMIT),))
