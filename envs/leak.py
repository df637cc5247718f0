"""`quantgym/Leak-v0`: a world whose observation holds what the next fill will earn, so that the best policy is known."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ..data.synthetic import leak_tape, next_open_return
from ..data.tape import Tape
from ..encoders.column import Column
from ..encoders.layout import Layout
from ..encoders.table import FeatureTable
from ..market.cost import CostSettings
from ..market.errors import ConfigError
from .batch import TradingVectorEnv
from .world import Features, Rows, World, build_world

__all__ = ["LeakVectorEnv", "leak_features"]

VOLATILITY = 0.01  # of a bar's log return; a policy that knows the sign earns about 0.8 % a bar
PRICE = 100.0
EPISODE_BARS = 128
LIMIT = 5.0
SHORT, FLAT, LONG = 0, 1, 2
POSITIONS = {"kind": "positions", "short": True, "rebalance": True}
FREE = CostSettings(sizing_margin=0.0, allow_short=True).without_costs()


def leak_features(tape: Tape) -> FeatureTable:
    """Return what the next fill of each row earns until the one after it, percent inside [-5, 5]: the future, on purpose."""
    values = np.clip(next_open_return(tape) / VOLATILITY, -LIMIT, LIMIT).astype(np.float32)
    return FeatureTable(np.ascontiguousarray(values), _layout(tape.symbols))


class LeakVectorEnv(TradingVectorEnv):
    """E accounts that are short, flat or long in a martingale, without costs, and are told the return of the next bar.

    Every sub-environment has a path of its own, drawn anew at each reset from its own stream: closes are P x exp(s z - s^2 / 2)
    with s = 1 %, every bar opens at the last close. The reward is the log return of equity, so the best action is the sign of what
    is leaked, whatever the past (log utility without costs is myopic. Source: Merton 1969, Rev. Econ. Stat. 51, section 6).
    """

    metadata: dict[str, Any] = {**TradingVectorEnv.metadata, "leaks": True}  # noqa: RUF012
    name: ClassVar[str] = "Leak-v0"
    defaults: ClassVar[Mapping[str, Any]] = {"action": POSITIONS, "episode_bars": EPISODE_BARS}

    def __init__(self, tape: Tape | str | None = None, features: Features = None, **settings: Any) -> None:
        """Build a batch; without a `tape` paths are drawn anew, without `costs` there are none. Else as `TradingVectorEnv`."""
        self._paths: np.ndarray | None = None
        if settings.get("costs") is None:
            settings["costs"] = FREE
        super().__init__(tape, features, **settings)

    @staticmethod
    def encode(tape: Tape) -> FeatureTable:
        """Return `leak_features` of a tape."""
        return leak_features(tape)

    def build_world(self, tape: Tape | str | None, features: Features, rows: Rows, asset: str | None) -> World:
        """Return the world of a tape that was given, or one with a stretch of rows for each sub-environment."""
        if tape is not None:
            return build_world(tape, features, self.encode, rows, asset)
        if features is not None or rows is not None or asset is not None:
            raise ConfigError("Leak-v0 draws its own paths; features, rows and asset need a tape")
        if self.settings.episode_bars is None:
            raise ConfigError("Leak-v0 needs episode_bars to draw its own paths, was None")
        self._stretch = self.settings.episode_bars + self.settings.window
        blank = leak_tape(0, max(self._stretch * self.num_envs, 3), volatility=VOLATILITY, price=PRICE)
        self._paths = blank.bars.copy()
        shown = self._paths.view()
        shown.flags.writeable = False
        self._leaked = np.zeros((blank.n_rows, 1), np.float32)
        table = FeatureTable(self._leaked, _layout(blank.symbols))
        return World(replace(blank, bars=shown), table, (0, blank.n_rows), self.encode, None)

    def draw_episodes(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Draw new paths for the sub-environments `indices` (n,); return first decision rows and last rows, int64 (n,)."""
        if self._paths is None:
            return super().draw_episodes(indices)
        n_bars = self._stretch
        if not len(indices):
            return indices, indices
        drawn = np.stack([self.streams.generator(int(index)).standard_normal(n_bars) for index in indices])
        close = PRICE * np.exp(np.cumsum(VOLATILITY * drawn - 0.5 * VOLATILITY**2, axis=1))
        opened = np.concatenate([np.full((len(indices), 1), PRICE), close[:, :-1]], axis=1)
        first = indices * n_bars
        rows = first[:, None] + np.arange(n_bars)
        bars = self._paths[:, 0]
        bars["open"][rows], bars["close"][rows] = opened, close
        bars["high"][rows], bars["low"][rows] = np.maximum(opened, close), np.minimum(opened, close)
        earned = close[:, 1:] / opened[:, 1:] - 1.0
        self._leaked[rows[:, :-1], 0] = np.clip(earned / VOLATILITY, -LIMIT, LIMIT)
        self._leaked[rows[:, -1], 0] = 0.0  # no bar follows
        return first + self.settings.window - 1, first + n_bars - 1

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best positions (0 short, 1 flat, 2 long), int64 (B,), for flat observations (B, D); (D,) gives a scalar."""
        newest = (self.settings.window - 1) * self.layout.n_market
        return np.asarray(np.sign(observation[..., newest]).astype(np.int64) + FLAT)

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of one episode under the best policy: n E[ln(1 + |r|)], r = exp(s z - s^2 / 2) - 1.

        The expectation is over z normal, by the trapezoidal rule, to 1e-9. Cash earns 0.

        Raises:
            ConfigError: The world has a tape, costs or a reward of its own, for which this value is not the optimum.
        """
        if self._paths is None or self.costs != FREE or self.settings.reward != "log_return" or self.settings.action != POSITIONS:
            raise ConfigError("optimal_value holds for Leak-v0 with its own paths, actions, log_return and no costs alone")
        z = np.linspace(-10.0, 10.0, 200_001)
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
        gain = np.log1p(np.abs(np.expm1(VOLATILITY * z - 0.5 * VOLATILITY**2)))
        return float((self._stretch - self.settings.window) * np.trapezoid(density * gain, z))


def _layout(symbols: tuple[str, ...]) -> Layout:
    return Layout(assets=symbols, market_asset=(Column("next_return", "percent", -LIMIT, LIMIT),))
