"""What `info` carries: arrays over the batch, each only where it was asked for."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..market.account import COSTS, INCOME, STEP
from ..market.errors import UnknownNameError
from ..market.kernel import kernel
from .parts.account import value_of

if TYPE_CHECKING:
    from .batch import TradingVectorEnv

__all__ = ["ATTRIBUTION", "INFOS", "InfoWriter", "gross_exposure"]

Records = Any
ATTRIBUTION = (*INCOME, *COSTS)
"""The lines of `info["attribution"]`: income first, then costs (positive numbers that reduce equity)."""


@kernel
def gross_exposure(instruments: Records, account: Records, position: Records, out: np.ndarray) -> None:
    """Write the sum of |position values| / equity of every environment into `out` (E,); 0 where ruined."""
    for e in range(account.shape[0]):
        total = 0.0
        for asset in range(position.shape[1]):
            total += abs(value_of(e, asset, instruments, position))
        out[e] = total / account[e].equity if account[e].equity > 0.0 else 0.0


def _exposure(env: "TradingVectorEnv") -> np.ndarray:
    books, out = env.books, np.empty(env.num_envs)
    gross_exposure(books.instruments, books.account, books.position, out)
    return out


def _turnover(env: "TradingVectorEnv") -> np.ndarray:
    step, out = env.simulator.record, np.zeros(env.num_envs)
    np.divide(step["traded_notional"], step["equity_before"], out=out, where=step["equity_before"] > 0.0)
    return out


def _costs(env: "TradingVectorEnv") -> np.ndarray:
    step = env.simulator.record
    spent: np.ndarray = step[COSTS[0]].copy()
    for line in COSTS[1:]:
        spent += step[line]
    return spent


def _attribution(env: "TradingVectorEnv") -> np.ndarray:
    return np.stack([env.simulator.record[line] for line in ATTRIBUTION], axis=1)


def _refused(env: "TradingVectorEnv") -> np.ndarray:
    return np.array(env.simulator.refused)


def _path_exposure(env: "TradingVectorEnv") -> np.ndarray:
    return np.array(env.simulator.record["path_gap"])


def _action_mask(env: "TradingVectorEnv") -> np.ndarray:
    return env.scheme.mask(env.books).astype(np.int8)


def _frictions(env: "TradingVectorEnv") -> np.ndarray:
    return np.zeros((env.num_envs, 0)) if env.frictions is None else env.frictions.drawn.copy()


def _segment(env: "TradingVectorEnv") -> np.ndarray:
    return np.array(env.books.episode["segment"])


INFOS: dict[str, "Callable[[TradingVectorEnv], np.ndarray]"] = {
    "exposure": _exposure,  # sum of |position values| / equity
    "turnover": _turnover,  # notional traded in this step / equity before it
    "costs": _costs,  # all cost lines of this step, account currency
    "attribution": _attribution,  # float64 (E, 11): what this step adds to each line of `ATTRIBUTION`, account currency
    "refused": _refused,  # int64 (E, len(Refusal)), by reason, in this step
    "path_exposure": _path_exposure,  # by how much equity differs between the two paths inside the bar, account currency
    "frictions": _frictions,  # float64 (E, K): what was drawn for this episode, in the order of `env.frictions.names`
    "segment": _segment,  # int64 (E,): which tape of a pool is played
    "action_mask": _action_mask,  # int8 (E, n): 1 where an action of a discrete scheme can do anything at the next decision
}
"""Every array that `info` can carry besides the fields of the STEP record: a function from the batch to a new array (E, ...)."""


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

    def write(self, env: "TradingVectorEnv") -> dict[str, Any]:
        """Return the info of `env` after a step or a reset."""
        info: dict[str, Any] = {}
        for name in self.names:
            compute = INFOS.get(name)
            info[name] = env.simulator.record[name].copy() if compute is None else compute(env)
            info[f"_{name}"] = self._everywhere.copy()
        return info
