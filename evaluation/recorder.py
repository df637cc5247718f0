"""Writes a session one decision at a time: the same class for a backtest and for live trading."""

from typing import Any

import numpy as np

from ..market.account import FILL, STEP
from ..market.errors import DataError, ShapeError
from ..market.order import Refusal
from .session import Session

__all__ = ["Recorder", "value_weights"]


class Recorder:
    """Collects what a session consists of.

    Args:
        facts: JSON values that say what it was.
        first_close: Close of the row of the first decision, ns UTC.
        multiplier: Quote currency per unit and point of price, float64 (A,).
        capacity: Decisions that are expected; more are taken.
    """

    def __init__(self, facts: dict[str, Any], first_close: int, multiplier: np.ndarray, capacity: int = 1024) -> None:
        self.facts = facts
        self._multiplier = np.asarray(multiplier, np.float64)
        self._closes = [int(first_close)]
        self._size = 0
        self._arrays: dict[str, np.ndarray] = {}
        self._capacity = max(capacity, 1)
        self._fills: list[np.ndarray] = []

    def record(
        self,
        *,
        row: int,
        observation: np.ndarray,
        action: np.ndarray | int,
        lots: np.ndarray,
        step: np.void,
        fills: np.ndarray,
        position: np.ndarray,
        refused: np.ndarray,
        closed_at: int,
    ) -> None:
        """Add one decision and what it led to; everything is copied.

        Args:
            row: Tape row of the decision.
            observation: Flat float32 (D,), what was seen.
            action: What was decided: an index, or float64 (n,).
            lots: Signed lots asked for, int64 (A,), as decoded and before anything was filled.
            step: The STEP record of the bar that followed.
            fills: Its FILL records, in order.
            position: POSITION records (A,) after it.
            refused: Refusals of decision and bar by reason, int64 (len(Refusal),).
            closed_at: Close of the bar that followed, ns UTC.
        """
        if observation.dtype != np.float32 or observation.ndim != 1:
            raise ShapeError(f"an observation must be flat float32, was {observation.dtype} {observation.shape}")
        self._put("rows", np.int64(row))
        self._put("observations", observation)
        discrete = np.ndim(action) == 0
        self._put("actions", np.int64(action) if discrete else np.asarray(action, np.float64))
        self._put("lots", np.asarray(lots, np.int64))
        self._put("steps", np.asarray(step, STEP))
        self._put("units", np.asarray(position["units"], np.float64))
        self._put("weights", value_weights(position, self._multiplier, float(step["equity"])))
        self._put("refused", np.asarray(refused, np.int64)[: len(Refusal)])
        self._fills.append(np.array(fills, FILL))
        self._closes.append(int(closed_at))
        self._size += 1

    def finish(self) -> Session:
        """Return the session; the recorder may go on afterwards.

        Raises:
            DataError: Nothing was recorded.
        """
        if not self._size:
            raise DataError("the session holds no decision; a stretch of a tape needs at least 2 rows")
        arrays = {name: array[: self._size].copy() for name, array in self._arrays.items()}
        return Session(dict(self.facts), closes=np.array(self._closes, np.int64), fills=np.concatenate(self._fills), **arrays)

    def _put(self, name: str, value: np.ndarray | np.generic) -> None:
        if name not in self._arrays:
            self._arrays[name] = np.zeros((self._capacity, *np.shape(value)), value.dtype)
        array = self._arrays[name]
        if self._size == len(array):
            array = self._arrays[name] = np.concatenate([array, np.zeros_like(array)])
        array[self._size] = value


def value_weights(position: np.ndarray, multiplier: np.ndarray, equity: float | np.ndarray) -> np.ndarray:
    """Return the signed value of each position over equity, same shape as `position`, (A,) or (E, A); 0 where nothing is left."""
    value = position["units"] * multiplier * position["mark"] * position["fx"]
    equity = np.asarray(equity, np.float64)[..., None]
    weights = np.zeros(value.shape)
    np.divide(value, equity, out=weights, where=np.broadcast_to(equity > 0.0, value.shape))
    return weights
