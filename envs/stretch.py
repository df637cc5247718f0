"""The rows of a tape, or of a pool of tapes, in which whole episodes lie."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..market.errors import DataError, ShapeError

__all__ = ["Stretches"]


@dataclass(frozen=True, eq=False)
class Stretches:
    """Consecutive rows, in order and apart from each other; an episode never leaves the one that it starts in.

    Possible starts are counted through all of them: position 0 is the first row of the first stretch.

    Attributes:
        first: First possible decision row of each stretch, int64 (K,).
        last: Its last row, int64 (K,).
        count: Rows at which an episode can start, int64 (K,), 1 or more.
        segment: Which tape of the pool it lies on, int64 (K,).
        n_segments: Tapes, S.
    """

    first: np.ndarray
    last: np.ndarray
    count: np.ndarray
    segment: np.ndarray
    n_segments: int

    @classmethod
    def of(cls, rows: tuple[int, int] | np.ndarray, *, segments: np.ndarray | None, history: int, needed: int) -> "Stretches":
        """Return the stretches of `rows` that leave room for an episode; shorter ones are left out.

        Args:
            rows: (start, stop), or int64 (K, 2) of them: what episodes may touch.
            segments: First row of each tape and the row after its last, int64 (S, 2), rising; None: one tape.
            history: Rows of its own tape that an observation needs, its own included, 1 or more.
            needed: Bars that an episode plays at least.

        Raises:
            DataError: No stretch has room, or one of several tapes has none; stretches overlap or cross a tape's end.
            ShapeError: The rows are not (K, 2).
        """
        given = np.atleast_2d(np.asarray(rows, np.int64))
        if given.ndim != 2 or given.shape[1] != 2 or len(given) == 0:
            raise ShapeError(f"rows must be (start, stop), or several of them, of shape (K, 2), were of shape {given.shape}")
        given = given[np.argsort(given[:, 0], kind="stable")]
        if (given[1:, 0] < given[:-1, 1]).any() or (given[:, 0] >= given[:, 1]).any():
            bad = int(np.flatnonzero((given[:, 0] >= given[:, 1]) | np.append(given[1:, 0] < given[:-1, 1], False))[0])
            raise DataError(f"rows must be stretches [start, stop) with start < stop that do not overlap, was {given[bad].tolist()}"
                            + (f" before {given[bad + 1].tolist()}" if bad + 1 < len(given) else ""))
        bounds = np.array([[0, given[-1, 1]]]) if segments is None else np.asarray(segments, np.int64)
        segment = np.searchsorted(bounds[:, 0], given[:, 0], side="right") - 1
        outside = np.flatnonzero((segment < 0) | (given[:, 1] > bounds[segment, 1]))
        if len(outside):
            raise DataError(f"rows {given[outside[0]].tolist()} cross the end of a tape; give stretches that lie on one tape each")
        first = np.maximum(given[:, 0], bounds[segment, 0] + history - 1)
        last = given[:, 1] - 1
        bars = np.maximum(last - first, 0)
        fits = bars >= needed
        if not fits.any():
            longest = int(bars.argmax())
            which = "rows" if len(given) == 1 else f"the longest of {len(given)} stretches, rows"
            raise DataError(f"tape too short: {which} {given[longest, 0]} to {given[longest, 1]} hold {bars[longest]} bars after "
                            f"the {history} rows an observation needs, an episode needs {needed}; use more rows, a shorter window "
                            "or fewer episode_bars")
        missing = np.setdiff1d(np.arange(len(bounds)), segment[fits])
        if len(missing):
            raise DataError(f"tape {missing[0]} of the pool has no room for an episode of {needed} bars after the {history} rows "
                            "an observation needs; leave it out, use more of its rows, a shorter window or fewer episode_bars")
        return cls(first[fits], last[fits], (bars - needed + 1)[fits], segment[fits], len(bounds))

    @cached_property
    def before(self) -> np.ndarray:
        """Possible starts in the stretches before each one, int64 (K,)."""
        total: np.ndarray = np.cumsum(self.count) - self.count
        return total

    @property
    def size(self) -> int:
        """Possible starts in all."""
        return int(self.count.sum())

    @property
    def per_segment(self) -> np.ndarray:
        """Possible starts on each tape, int64 (S,)."""
        return np.bincount(self.segment, self.count, self.n_segments).astype(np.int64)

    def at(self, row: np.ndarray) -> np.ndarray:
        """Return the stretch of each row, int64 (n,): the last one that begins at it or before."""
        found: np.ndarray = self.first.searchsorted(row, side="right") - 1
        return found

    def row(self, position: np.ndarray) -> np.ndarray:
        """Return the rows of positions in [0, size), int64 (n,)."""
        if len(self.first) == 1:
            only: np.ndarray = self.first[0] + position
            return only
        stretch = self.before.searchsorted(position, side="right") - 1
        found: np.ndarray = self.first[stretch] + position - self.before[stretch]
        return found

    def can_start(self, row: np.ndarray) -> np.ndarray:
        """Return whether an episode can start at each row, bool (n,)."""
        stretch = self.at(row)
        fits: np.ndarray = (stretch >= 0) & (row < self.first[stretch] + self.count[stretch])
        return fits
