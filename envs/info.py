"""What `info` carries: arrays over the batch, each only where it was asked for."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..market.account import STEP
from ..market.errors import UnknownNameError
from ..market.kernel import kernel
from .private import Books, value_of
from .rewards import COSTS

__all__ = ["INFOS", "InfoWriter"]

Records = Any


@kernel
def gross_exposure(instruments: Records, account: Records, position: Records, out: np.ndarray) -> None:
    """Write the sum of |position values| / equity of every environment into `out` (E,); 0 where ruined."""
    for e in range(account.shape[0]):
        total = 0.0
        for asset in range(position.shape[1]):
            total += abs(value_of(e, asset, instruments, position))
        out[e] = total / account[e].equity if account[e].equity > 0.0 else 0.0


def _exposure(step: np.ndarray, refused: np.ndarray, books: Books) -> np.ndarray:
    out = np.empty(step.shape[0])
    gross_exposure(books.instruments, books.account, books.position, out)
    return out


def _turnover(step: np.ndarray, refused: np.ndarray, books: Books) -> np.ndarray:
    before, out = step["equity_before"], np.zeros(step.shape[0])
    np.divide(step["traded_notional"], before, out=out, where=before > 0.0)
    return out


def _costs(step: np.ndarray, refused: np.ndarray, books: Books) -> np.ndarray:
    spent: np.ndarray = step[COSTS[0]].copy()
    for line in COSTS[1:]:
        spent += step[line]
    return spent


def _refused(step: np.ndarray, refused: np.ndarray, books: Books) -> np.ndarray:
    return refused.copy()


INFOS: dict[str, Callable[[np.ndarray, np.ndarray, Books], np.ndarray]] = {
    "exposure": _exposure,  # sum of |position values| / equity
    "turnover": _turnover,  # notional traded in this step / equity before it
    "costs": _costs,  # all cost lines of this step, account currency
    "refused": _refused,  # int64 (E, len(Refusal)), by reason, in this step
}
"""Every array that `info` can carry besides the fields of the STEP record; called with (step, refused, books)."""


class InfoWriter:
    """Makes the `info` of a batch: for each name an array over E and, as Gymnasium has it, a mask `_name`."""

    def __init__(self, names: Sequence[str], n_envs: int) -> None:
        """Check the names; UnknownNameError with a suggestion where one is neither in `INFOS` nor a field of STEP."""
        fields = STEP.names or ()
        for name in names:
            if name not in INFOS and name not in fields:
                raise UnknownNameError("info", name, (*INFOS, *fields))
        self.names = tuple(names)
        self._everywhere = np.ones(n_envs, np.bool_)

    def write(self, step: np.ndarray, refused: np.ndarray, books: Books, envs: np.ndarray | None = None) -> dict[str, Any]:
        """Return the info after a step; `envs` (E,) says for whom it is meant, None: for all."""
        mask = self._everywhere if envs is None else envs
        info: dict[str, Any] = {}
        for name in self.names:
            compute = INFOS.get(name)
            info[name] = step[name].copy() if compute is None else compute(step, refused, books)
            info[f"_{name}"] = mask.copy()
        return info
