"""Worlds that draw their own paths: each sub-environment has rows of its own, drawn anew whenever its episode begins."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ...data.instant import HOUR, Instant, to_ns
from ...data.record import bar_records, clock_records
from ...data.tape import Tape
from ...encoders.layout import Layout
from ...encoders.table import FeatureTable
from ...market.cost import CostSettings
from ...market.errors import ConfigError, ShapeError
from ...market.instrument import Instrument
from ..batch import TradingVectorEnv
from ..start import StartSettings
from ..world import Features, Rows, Tapes, World, build_world

__all__ = ["FREE", "DrawnVectorEnv", "Paths"]

FREE = CostSettings(sizing_margin=0.0, allow_short=True).without_costs()
"""No costs, shorts allowed, orders sized at the close itself: what a world without frictions trades under."""

START: Instant = "2000-01-01"


@dataclass(frozen=True)
class Paths:
    """What happens in n episodes of L rows each.

    Attributes:
        open: First price of each bar, (n, L, A).
        close: Last price of each bar, (n, L, A).
        features: What is observed at the close of each row, float32 (n, L, F).
        high: Highest price; None: the higher of open and close.
        low: Lowest price; None: the lower of open and close.
    """

    open: np.ndarray
    close: np.ndarray
    features: np.ndarray
    high: np.ndarray | None = None
    low: np.ndarray | None = None

    @classmethod
    def of_returns(cls, returns: np.ndarray, features: np.ndarray, price: float = 100.0) -> "Paths":
        """Return paths of one asset whose bars open at the last close.

        Args:
            returns: Simple returns of the bars, above -1, (n, L).
            features: (n, L, F).
            price: First open.
        """
        close = price * np.multiply.accumulate(1.0 + returns, axis=1)  # np.cumprod keeps a string a call until a cache is full
        opened = np.concatenate([np.full((len(returns), 1), price), close[:, :-1]], axis=1)
        return cls(opened[..., None], close[..., None], np.ascontiguousarray(features, np.float32))


class DrawnVectorEnv(TradingVectorEnv):
    """E accounts, each on a path of its own, drawn from its own stream at each reset, so that nothing can be memorised.

    Rows i x L .. (i + 1) x L - 1 of the tape belong to sub-environment i, L = episode bars + window. A subclass says what assets
    there are, what is observed (`world_layout`) and how episodes are drawn (`draw`); everything else is the base's: actions,
    accounts, rewards. A tape may be given instead where `encode` can make features from one.
    """

    volume: ClassVar[float] = 1e9
    bar_ns: ClassVar[int] = HOUR
    own_costs: ClassVar[CostSettings] = FREE

    def __init__(self, tape: Tape | str | None = None, features: Features = None, **settings: Any) -> None:
        """Build a batch; without a `tape` paths are drawn anew, without `costs` the world's own hold. Else as the base."""
        self._bars: np.ndarray | None = None
        if settings.get("costs") is None:
            settings["costs"] = self.own_costs
        super().__init__(tape, features, **settings)

    @property
    def draws(self) -> bool:
        """Whether paths are drawn; False on a tape that was given."""
        return self._bars is not None

    @property
    def path_rows(self) -> int:
        """L, rows of one sub-environment."""
        assert self.settings.episode_bars is not None
        return self.settings.episode_bars + self.settings.window

    def instruments(self) -> tuple[Instrument, ...]:
        """Return the assets; here one, S0, in lots so small that rounding is negligible (1e-6 units, ticks of 1e-8)."""
        return (Instrument(symbol="S0", lot=1e-6, tick=1e-8),)

    @property
    def bars(self) -> int:
        """N, decisions of an episode whose paths are drawn."""
        return self.path_rows - self.settings.window

    @abstractmethod
    def world_layout(self) -> Layout:
        """Return what is observed of the market; assets are those of `instruments`, private part and window are set later."""

    @abstractmethod
    def draw(self, generators: Sequence[np.random.Generator], n_bars: int) -> Paths:
        """Return an episode of `n_bars` rows from each generator. What one generator gives must not depend on the others."""

    @staticmethod
    def encode(tape: Tape) -> FeatureTable:
        """Return the features of a tape that was given; a world that cannot make any refuses tapes."""
        raise ConfigError(f"this world draws its own paths and cannot play on tape {tape.name}; leave tape out")

    def build_world(self, tape: Tapes | None, features: Features, rows: Rows, asset: str | None) -> World:
        """Return the world of a tape that was given, or one with a stretch of rows for each sub-environment."""
        if tape is not None:
            return build_world(tape, features, self.encode, rows, asset)
        if features is not None or rows is not None or asset is not None:
            raise ConfigError(f"{self.name} draws its own paths; features, rows and asset need a tape")
        if StartSettings.of(self.settings.start).kind not in ("random", "first"):
            raise ConfigError(f"{self.name} draws each episode from its first row; start needs a tape, was {self.settings.start!r}")
        if self.settings.observation == "reference":
            raise ConfigError(f"{self.name} draws its rows anew, so that a reference to one would soon point to another; use "
                              "observation flat or dict")
        if self.settings.episode_bars is None:
            raise ConfigError(f"{self.name} needs episode_bars to draw its own paths, was None")
        blank, layout = self._blank_tape(), self.world_layout()
        n_rows = max(self.path_rows * self.num_envs, blank.n_rows)
        place = np.arange(n_rows) % self.path_rows  # every stretch lives in the same hours: a clock would not hold them in a row
        clock, self._bars = blank.clock[place], blank.bars[place]
        clock.flags.writeable = False
        shown = self._bars.view()
        shown.flags.writeable = False
        self._features = np.zeros((n_rows, layout.n_market), np.float32)
        tape = replace(blank, clock=clock, bars=shown)
        return World(tape, FeatureTable(self._features, layout), (0, n_rows), self.encoder(), None)

    def _blank_tape(self) -> Tape:
        """Return the rows of one sub-environment before anything is drawn."""
        n_rows, made = max(self.path_rows, 3), self.instruments()
        ones = np.ones((n_rows, len(made)))
        opened = to_ns(START) + self.bar_ns * np.arange(n_rows, dtype=np.int64)
        clock, bars = clock_records(opened, opened + self.bar_ns), bar_records(ones, ones, ones, ones, self.volume * ones)
        return Tape.build(self.name, made, clock, bars, notes=("drawn anew for every episode",))

    def leading(self, observation: np.ndarray) -> tuple[int, ...]:
        """Return the shape (...) of flat observations (..., D): () for one, (B,) for a batch.

        Raises:
            ShapeError: They are not flat arrays of D numbers.
        """
        given = observation.shape if isinstance(observation, np.ndarray) else None
        if not given or given[-1] != self.layout.size:
            raise ShapeError(f"{self.name} says what is best for flat observations, arrays (..., {self.layout.size}), was "
                             f"{type(observation).__name__ if given is None else given}; make it with observation='flat'")
        return given[:-1]

    def seen(self, observation: np.ndarray, column: str) -> np.ndarray:
        """Return one number of flat observations (..., D), float64 (...): of the newest row where it is of the market.

        Raises:
            ConfigError: They have no such column, since the world was asked for other private parts.
            ShapeError: They are not flat.
        """
        self.leading(observation)
        layout = self.layout
        private = [one.name for one in layout.private]
        if column in private:
            return np.asarray(observation[..., layout.window * layout.n_market + private.index(column)], np.float64)
        if column not in layout.names:
            raise ConfigError(f"{self.name} needs {column} in its observation to say what is best; private was {private}")
        return np.asarray(observation[..., (layout.window - 1) * layout.n_market + layout.position(column)], np.float64)

    def encoder(self) -> Any:
        """Return the function that makes features of a tape, for the checker of lookahead; None where features are drawn."""
        return None

    def draw_episodes(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Draw new paths for the sub-environments `indices` (n,); return first decision rows and last rows, int64 (n,)."""
        if self._bars is None:
            return super().draw_episodes(indices)
        if not len(indices):
            return indices, indices
        n_bars = self.path_rows
        paths = self.draw([self.streams.generator(int(index)) for index in indices], n_bars)
        first = indices * n_bars
        rows, bars = first[:, None] + np.arange(n_bars), self._bars
        bars["open"][rows], bars["close"][rows] = paths.open, paths.close
        bars["high"][rows] = np.maximum(paths.open, paths.close) if paths.high is None else paths.high
        bars["low"][rows] = np.minimum(paths.open, paths.close) if paths.low is None else paths.low
        self._features[rows] = paths.features
        return first + self.settings.window - 1, first + n_bars - 1

    def own_state(self) -> dict[str, Any]:
        """See `TradingVectorEnv.own_state`: the paths that are being played."""
        return {} if self._bars is None else {"bars": self._bars.copy(), "features": self._features.copy()}

    def load_own(self, state: dict[str, Any]) -> None:
        """See `TradingVectorEnv.load_own`."""
        if self._bars is not None:
            self._bars[...], self._features[...] = state["bars"], state["features"]
