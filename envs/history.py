"""What happened since each episode began, kept for pictures alone."""

import numpy as np

from ..market.desk import Books

__all__ = ["History"]


class History:
    """Rows, equities and exposures of the episodes that are running; memory ends with the episode."""

    def __init__(self, n_envs: int) -> None:
        self._rows: list[np.ndarray] = []
        self._equity: list[np.ndarray] = []
        self._began = np.zeros(n_envs, np.int64)

    def begin(self, envs: np.ndarray, books: Books) -> None:
        """Start anew for the sub-environments in `envs` (E,)."""
        self._began[envs] = len(self._rows)
        self.add(books)
        forgotten = int(self._began.min())
        del self._rows[:forgotten], self._equity[:forgotten]
        self._began -= forgotten

    def add(self, books: Books) -> None:
        """Note where every account stands."""
        self._rows.append(books.rows.copy())
        self._equity.append(books.account["equity"].copy())

    def of(self, env: int) -> tuple[np.ndarray, np.ndarray]:
        """Return tape rows int64 (n,) and equities float64 (n,) of one running episode."""
        start = int(self._began[env])
        rows = np.array([at[env] for at in self._rows[start:]], np.int64)
        equity = np.array([at[env] for at in self._equity[start:]])
        newest = np.append(rows[1:] != rows[:-1], True)  # a row noted twice counts once, as it was last
        return rows[newest], equity[newest]
