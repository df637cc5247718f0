"""Where episodes start and end on the tape."""

from typing import Literal

import numpy as np

from ..market.errors import ConfigError, DataError, did_you_mean
from .stream import Streams

__all__ = ["STARTS", "EpisodeStarts", "Start"]

Start = Literal["random", "first", "sequential"]
STARTS: tuple[str, ...] = ("random", "first", "sequential")


class EpisodeStarts:
    """First decision rows and last rows of episodes, always inside `rows`.

    An episode of L bars that starts at row s decides at the closes of rows s .. s+L-1 and is marked for the last time at the close
    of row s+L. Without a length it runs to the last row of `rows`. Starts:

    - `random`: uniform over all rows that leave room for the whole episode (without a length: for one bar);
    - `first`: always the earliest row;
    - `sequential`: each sub-environment goes through consecutive episodes, then begins again.
    """

    def __init__(self, n_envs: int, rows: tuple[int, int], *, start: str, episode_bars: int | None, history: int) -> None:
        """Check that an episode fits.

        Args:
            n_envs: E.
            rows: First row and the row after the last that episodes may touch.
            start: One of `STARTS`.
            episode_bars: L, decisions in an episode; None: to the end of `rows`.
            history: Rows that an observation needs before and including its own (window, warm-up), 1 or more.

        Raises:
            DataError: The rows are too few.
            ConfigError: `start` or `episode_bars` is wrong.
        """
        if start not in STARTS:
            raise ConfigError(f"start must be one of {', '.join(STARTS)}, was {start!r}{did_you_mean(start, STARTS)}")
        if episode_bars is not None and episode_bars < 1:
            raise ConfigError(f"episode_bars must be 1 or more, or None, was {episode_bars}")
        self.first = max(rows[0], history - 1)
        self.last = rows[1] - 1
        bars = self.last - self.first
        needed = 1 if episode_bars is None else episode_bars
        if bars < needed:
            raise DataError(f"tape too short: rows {rows[0]} to {rows[1]} hold {max(bars, 0)} bars after the {history} rows an "
                            f"observation needs, an episode needs {needed}; use more rows, a shorter window or fewer episode_bars")
        self.start, self.episode_bars = start, episode_bars
        self._choices = bars - needed + 1
        self._next = np.full(n_envs, self.first, np.int64)

    def rewind(self, envs: np.ndarray) -> None:
        """Let sequential starts begin again in the sub-environments of the mask `envs` (E,)."""
        self._next[envs] = self.first

    def draw(self, indices: np.ndarray, streams: Streams) -> tuple[np.ndarray, np.ndarray]:
        """Return first decision rows and last rows of new episodes, int64 (n,) each, for the sub-environments `indices` (n,)."""
        if self.start == "random":
            first = self.first + (streams.uniform(indices) * self._choices).astype(np.int64)
        elif self.start == "first":
            first = np.full(indices.shape, self.first, np.int64)
        else:
            first = self._next[indices]
        last = np.full_like(first, self.last) if self.episode_bars is None else first + self.episode_bars
        if self.start == "sequential":
            room = 1 if self.episode_bars is None else self.episode_bars
            self._next[indices] = np.where(last + room <= self.last, last, self.first)
        return first, last

    def state(self) -> dict[str, np.ndarray]:
        """Return the sequential cursors, (E,)."""
        return {"next": self._next.copy()}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Go on from what `state` returned."""
        self._next[:] = state["next"]
