"""What happened since each episode began, kept for pictures alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..market.account import COSTS, FILL
from ..market.record import joined

if TYPE_CHECKING:
    from .batch import TradingVectorEnv

__all__ = ["Episode", "History"]


@dataclass(frozen=True)
class Episode:
    """One running episode at the closes that it has reached.

    Attributes:
        rows: Tape rows, int64 (n,).
        equity: Account currency, (n,).
        weights: Worth of each position / equity, signed, (n, A).
        costs: All cost lines since the account was opened, account currency, (n,).
        fills: FILL records of the episode, (m,).
    """

    rows: np.ndarray
    equity: np.ndarray
    weights: np.ndarray
    costs: np.ndarray
    fills: np.ndarray


class History:
    """Where the accounts of the running episodes stood at every close, and their fills; memory ends with the episode."""

    def __init__(self, n_envs: int) -> None:
        self._notes: list[tuple[np.ndarray, ...]] = []
        self._fills: list[list[np.ndarray]] = [[] for _ in range(n_envs)]
        self._began = np.zeros(n_envs, np.int64)

    def begin(self, envs: np.ndarray, env: "TradingVectorEnv") -> None:
        """Start anew for the sub-environments in `envs` (E,)."""
        self._began[envs] = len(self._notes)
        for index in np.flatnonzero(envs):
            self._fills[index] = []
        self._stand(env)
        forgotten = int(self._began.min())
        del self._notes[:forgotten]
        self._began -= forgotten

    def note(self, env: "TradingVectorEnv") -> None:
        """Note where every account stands after a step, and what it has traded."""
        if env.simulator.fills.shape[1]:
            for index in np.flatnonzero(env.simulator.record["n_fills"]):
                self._fills[index].append(env.simulator.fills_of_step(int(index)))
        self._stand(env)

    def observed(self, written: np.ndarray) -> None:
        """Pictures show no observations."""

    def stepped(self, env: "TradingVectorEnv", actions: np.ndarray, written: np.ndarray, rewards: np.ndarray,
                terminated: np.ndarray, truncated: np.ndarray, resetting: np.ndarray | None) -> None:  # fmt: skip
        """Pictures show no actions."""

    def of(self, env: int) -> Episode:
        """Return one running episode."""
        notes = self._notes[int(self._began[env]) :]
        rows, equity, values, costs = (np.array([note[part][env] for note in notes]) for part in range(4))
        newest = np.append(rows[1:] != rows[:-1], True)  # a row noted twice counts once, as it was last
        rows, equity, values, costs = rows[newest], equity[newest], values[newest], costs[newest]
        weights = np.divide(values, equity[:, None], out=np.zeros_like(values), where=equity[:, None] > 0.0)
        fills = joined(self._fills[env], FILL)
        return Episode(rows, equity, weights, costs, fills[fills["row"] >= rows[0]])

    def _stand(self, env: "TradingVectorEnv") -> None:
        books = env.books
        costs = np.zeros(books.n_envs)
        for line in COSTS:
            costs += books.account[line]
        self._notes.append((books.rows.copy(), books.account["equity"].copy(), books.values.copy(), costs))
