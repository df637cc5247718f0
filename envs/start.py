"""Where episodes start and end on the tape."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from ..data.pool import Pool
from ..encoders.table import FeatureTable
from ..market.errors import ConfigError, ShapeError
from .start_law import STARTS, StartLaw, StartSettings
from .stream import Streams
from .stretch import Stretches

__all__ = ["STARTS", "EpisodeStarts", "StartSettings", "tape_weights"]


def tape_weights(given: Sequence[float] | Mapping[str, float] | None, pool: Pool | None) -> np.ndarray | None:
    """Return a weight for each tape of a pool, float64 (S,), from numbers in their order or by name; None where none were given.

    Raises:
        ConfigError: There is one tape, or a weight is no number; UnknownNameError where no tape has the name.
        ShapeError: There is not one weight a tape.
    """
    if given is None:
        return None
    if pool is None:
        raise ConfigError("tape_weights need several tapes, tape=[...]; there is one")
    if isinstance(given, Mapping):
        for name in given:
            pool.member(name)
        given = [given.get(name, 1.0) for name in pool.names]
    if isinstance(given, str) or not isinstance(given, (Sequence, np.ndarray)):
        raise ConfigError(f"tape_weights must be a list of numbers, or map names of tapes to numbers, was {given!r}")
    real = [isinstance(weight, Real) and not isinstance(weight, bool) for weight in given]
    if not all(real):
        raise ConfigError(f"tape_weights must be numbers, was {list(given)!r}")
    return np.array(given, np.float64)


class EpisodeStarts:
    """First decision rows and last rows of episodes, always inside `rows` and on one tape.

    An episode of L bars that starts at row s decides at the closes of rows s .. s+L-1 and is marked for the last time at the close
    of row s+L. Without a length it runs to the last row of its stretch of rows. Starts:

    - `random`: uniform over all rows that leave room for the whole episode (without a length: for one bar); with weights of
      tapes: a tape by weight, then uniform over its rows;
    - `first`: always the earliest row;
    - `sequential`: each sub-environment goes through consecutive episodes, stretch by stretch, then begins again;
    - `regime`: a regime by weight, then uniform over its rows (with weights of tapes: a tape by weight before that);
    - `rows`: uniform over rows that were named.

    Attributes:
        stretches: Where episodes lie.
        weights: How often each tape is drawn, float64 (S,); None: in proportion to its possible starts.
    """

    def __init__(
        self,
        n_envs: int,
        rows: tuple[int, int] | np.ndarray,
        *,
        start: str | Mapping[str, Any] | StartSettings,
        episode_bars: int | None,
        history: int,
        segments: np.ndarray | None = None,
        weights: np.ndarray | None = None,
        table: FeatureTable | None = None,
    ) -> None:
        """Check that an episode fits.

        Args:
            n_envs: E.
            rows: First row and the row after the last that episodes may touch; or several such stretches, int64 (K, 2).
            start: One of `STARTS`, or a mapping with `kind` and its settings.
            episode_bars: L, decisions in an episode; None: to the end of the stretch.
            history: Rows that an observation needs before and including its own (window, warm-up), 1 or more.
            segments: Rows of each tape of a pool, int64 (S, 2); None: one tape.
            weights: How often each tape is drawn, (S,); None: in proportion to its possible starts.
            table: Features of every row; needed for `regime`.

        Raises:
            DataError: The rows are too few.
            ConfigError: `start`, `episode_bars` or the weights are wrong.
            ShapeError: There is not one weight a tape.
        """
        settings = StartSettings.of(start)
        if episode_bars is not None and episode_bars < 1:
            raise ConfigError(f"episode_bars must be 1 or more, or None, was {episode_bars}")
        needed = 1 if episode_bars is None else episode_bars
        self.stretches = Stretches.of(rows, segments=segments, history=history, needed=needed)
        self.start, self.episode_bars = settings.kind, episode_bars
        self.weights = checked = None if weights is None else self._checked(weights)
        drawn = settings.kind not in ("first", "sequential")
        if checked is not None and not drawn:
            raise ConfigError(f"tape_weights go with random and regime starts, start was {settings.kind}; leave them out")
        self._law = StartLaw(settings, self.stretches, weights=checked, table=table) if drawn else None
        self._next = np.full(n_envs, self.first, np.int64)

    def _checked(self, weights: np.ndarray) -> np.ndarray:
        given, n_tapes = np.asarray(weights, np.float64), self.stretches.n_segments
        if given.shape != (n_tapes,):
            raise ShapeError(f"tape_weights must be one for each of {n_tapes} tapes, had shape {given.shape}")
        if not (np.isfinite(given).all() and (given >= 0.0).all() and 0.0 < sum(given.tolist()) < math.inf):
            raise ConfigError("tape_weights must be finite and not negative, and one of them positive, and add up to a finite "
                              f"number, was {given.tolist()}")
        return given

    @property
    def first(self) -> int:
        """The earliest row at which an episode starts."""
        return int(self.stretches.first[0])

    def segment(self, row: np.ndarray) -> np.ndarray:
        """Return the tape of the pool on which the episodes that start at each row are played, int64 (n,)."""
        found: np.ndarray = self.stretches.segment[self.stretches.at(row)]
        return found

    def rewind(self, envs: np.ndarray) -> None:
        """Let sequential starts begin again in the sub-environments of the mask `envs` (E,)."""
        self._next[envs] = self.first

    def draw(self, indices: np.ndarray, streams: Streams) -> tuple[np.ndarray, np.ndarray]:
        """Return first decision rows and last rows of new episodes, int64 (n,) each, for the sub-environments `indices` (n,).

        A law draws one uniform number from each one's own stream; `first` and `sequential` draw none.
        """
        if self._law is not None:
            first = self._law.rows(streams.uniform(indices))
        elif self.start == "first":
            first = np.full(indices.shape, self.first, np.int64)
        else:
            first = self._next[indices]
        if self.episode_bars is not None and self.start != "sequential":
            return first, first + self.episode_bars
        stretch = self.stretches.at(first)
        end = self.stretches.last[stretch]
        last = end if self.episode_bars is None else first + self.episode_bars
        if self.start == "sequential":
            room = 1 if self.episode_bars is None else self.episode_bars
            following = self.stretches.first[(stretch + 1) % len(self.stretches.first)]
            self._next[indices] = np.where(last + room <= end, last, following)
        return first, last

    def state(self) -> dict[str, np.ndarray]:
        """Return the sequential cursors, (E,)."""
        return {"next": self._next.copy()}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go on from what `state` returned."""
        self._next[:] = state["next"]
