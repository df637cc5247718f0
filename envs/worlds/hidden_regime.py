"""`quantgym/HiddenRegime-v0`: a price whose regime nobody sees; who remembers its returns earns what who does not cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ...data.tape import Tape
from ...encoders.column import Column
from ...encoders.layout import Layout
from ...market.desk import Books
from ...market.errors import ConfigError, ShapeError
from ..optimum.hidden_regime import POSITIONS, HiddenRegime
from ..optimum.memoryless import best_memoryless
from ..parts.part import Part
from ..world import Features
from .drawn import FREE, DrawnVectorEnv, Paths
from .known_answer import KnownAnswer, fill, require_numbers
from .single import KnownAnswerEnv

__all__ = ["HeldPart", "HiddenRegimeEnv", "HiddenRegimeVectorEnv"]

PRICE = 100.0
FLAT = 1
OWN: dict[str, Any] = {
    "action": {"kind": "unit_positions", "units": 1.0}, "reward": {"kind": "mean_variance", "risk_aversion": 0.0},
    "private": (), "window": 1, "cash": 100_000.0,
}  # fmt: skip


class HeldPart(Part):
    """The units held, inside [-1, 1]."""

    columns = (Column("held", "fraction", -1.0, 1.0),)

    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """See `Part.write`."""
        out[active, at] = np.clip(books.position["units"][active, 0], -1.0, 1.0)


class HiddenRegimeVectorEnv(DrawnVectorEnv, KnownAnswer):
    """E accounts that are short, flat or long by one unit of a price with two hidden regimes.

    The price goes up or down by `move` each bar, up with `up_probability` in the rising regime and with 1 - `up_probability` in the
    falling one; a regime stays with probability `stay`. Trading one unit costs `cost_rate` of its price. The reward is P&L less
    costs in units of the price at the decision. An observation holds the last return and the position, nothing else: the belief
    in the rising regime, on which the best policy acts, is in the past alone.
    """

    name: ClassVar[str] = "HiddenRegime-v0"
    defaults: ClassVar[Mapping[str, Any]] = {**OWN, "episode_bars": 128}
    citation: ClassVar[str] = ("Astrom 1965, Journal of Mathematical Analysis and Applications 10; Smallwood & Sondik 1973, "
                               "Operations Research 21: dynamic programming over beliefs")
    reference: ClassVar[str] = "cash"

    def __init__(self, tape: Tape | str | None = None, features: Features = None, *, move: float = 0.01,
                 up_probability: float = 0.7, stay: float = 0.98, cost_rate: float = 0.005, **settings: Any) -> None:
        """Build a batch.

        Args:
            tape: None; this world draws its own paths.
            features: None.
            move: Size of every return, a fraction.
            up_probability: Of an upward move in the rising regime, 0.5 or more.
            stay: Probability that the next bar has the regime of the last.
            cost_rate: Fraction of the notional traded, paid as half a spread.
            settings: As `DrawnVectorEnv`.
        """
        own: dict[str, Any] = {"move": move, "up_probability": up_probability, "stay": stay, "cost_rate": cost_rate}
        require_numbers(self.name, own)
        self._market = HiddenRegime(**own)
        self._charged = replace(FREE, half_spread_rate=cost_rate)
        own |= fill(settings, costs=self._charged)
        super().__init__(tape, features, **settings)
        self._given |= own
        self._seen, self._belief = self._stretch_starts() - 1, np.full(self.num_envs, np.nan)

    @cached_property
    def market(self) -> HiddenRegime:
        """The world's law, and its solution."""
        return replace(self._market, n_bars=self.bars)

    def world_layout(self) -> Layout:
        """See `DrawnVectorEnv.world_layout`."""
        bound = float(np.nextafter(np.float32(100.0 * self._market.move), np.float32(np.inf)))
        return Layout(("S0",), market_asset=(Column("last_return", "percent", -bound, bound),))

    def extra_parts(self) -> Sequence[Part]:
        """See `TradingVectorEnv.extra_parts`."""
        return (HeldPart(),)

    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """See `DrawnVectorEnv.draw`."""
        market = self._market
        drawn = np.stack([generator.random((2, n_bars)) for generator in generators])
        turned = drawn[:, 0] >= market.stay
        turned[:, 0] = drawn[:, 0, 0] < 0.5  # the stationary law
        rising = np.logical_xor.accumulate(turned, axis=1)
        up = drawn[:, 1] < np.where(rising, market.up_probability, 1.0 - market.up_probability)
        returns = np.where(up, market.move, -market.move)
        return Paths.of_returns(returns, 100.0 * returns[..., None], PRICE)

    def on_begin(self, indices: np.ndarray) -> None:
        """See `TradingVectorEnv.on_begin`: nothing of the new path has been seen."""
        self._seen[indices] = self._stretch_starts()[indices] - 1

    def load_own(self, state: dict[str, Any]) -> None:
        """See `TradingVectorEnv.load_own`."""
        super().load_own(state)
        self._seen = self._stretch_starts() - 1

    def _stretch_starts(self) -> np.ndarray:
        return np.arange(self.num_envs, dtype=np.int64) * self.path_rows

    def beliefs(self) -> np.ndarray:
        """Return the probability of the rising regime in the last bar of each running episode, (E,), from its returns so far."""
        assert self._bars is not None
        rows, start = self.simulator.rows, self._stretch_starts()
        while (behind := np.flatnonzero(self._seen < rows)).size:
            row = self._seen[behind] + 1
            bars = self._bars[row, 0]
            rising = np.where(row == start[behind], 0.5, self.market.predict(self._belief[behind]))
            self._belief[behind] = self.market.update(rising, bars["close"] > bars["open"])
            self._seen[behind] = row
        return self._belief.copy()

    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best positions (0 short, 1 flat, 2 long) of the running episodes, int64 (E,).

        They act on beliefs, which no observation holds: the world filters the returns that each running episode has shown. So
        `observation` must be the last one of all E sub-environments.
        """
        held = self._held(observation)
        left = np.clip(self.books.episode["last_row"] - self.simulator.rows, 1, self.market.n_bars)
        wanted = self.market.best_position(left, held, self.beliefs())
        return np.asarray(wanted.astype(np.int64) + FLAT)

    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return flat. See `KnownAnswer.reference_action`."""
        return np.full(self.leading(observation), FLAT)

    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the side that is more likely, whatever the cost of turning. See `KnownAnswer.perturbed_action`."""
        self._held(observation)
        return np.sign(self.beliefs() - 0.5).astype(np.int64) + FLAT

    def optimal_value(self) -> float:
        """Return the expected sum of rewards of one episode under the best policy, to 1e-5 of itself. Cash earns 0.

        Raises:
            ConfigError: Costs, action, reward, parts, window or cash are not the world's own; or the episode is so long that the
                price could outgrow the account.
        """
        self._require_own()
        return self.market.value

    def reference_value(self) -> float:
        """Return what cash earns."""
        return 0.0

    def memoryless(self) -> tuple[np.ndarray, float]:
        """Return the best policy on observations alone, and its value: `optimum.memoryless.best_memoryless`."""
        self._require_own()
        return best_memoryless(self.market)

    def _require_own(self) -> None:
        settings = self.settings
        asked = {name: getattr(settings, name) for name in OWN} | {"costs": self.costs}
        self.require_own(asked, OWN | {"costs": self._charged})
        if 2.0 * PRICE * (1.0 + self._market.move) ** self.market.n_bars > settings.cash:
            raise ConfigError(f"optimal_value of {self.name} needs prices that cannot outgrow the account: {self.market.n_bars} "
                              f"bars of {self._market.move} can; choose fewer episode_bars or a smaller move")

    def _held(self, observation: np.ndarray) -> np.ndarray:
        if np.shape(observation) != (self.num_envs, self.layout.size):
            raise ShapeError(f"{self.name}: the best action of an episode depends on all it has shown; pass the last observations "
                             f"of all sub-environments, ({self.num_envs}, {self.layout.size}), was {np.shape(observation)}")
        return np.asarray(POSITIONS[np.rint(self.seen(observation, "held")).astype(np.int64) + FLAT])


class HiddenRegimeEnv(KnownAnswerEnv):
    """`quantgym/HiddenRegime-v0`: see `HiddenRegimeVectorEnv`."""

    batch_class = HiddenRegimeVectorEnv
