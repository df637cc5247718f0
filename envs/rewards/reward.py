"""`Reward`: what a step pays."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ...encoders.column import Column
from ...market.desk import Books
from ...market.errors import ShapeError

__all__ = ["Reward"]


class Reward(ABC):
    """What a step pays. One object serves one batch of E sub-environments and may carry state for each.

    A reward of your own: subclass it, write `pay` in NumPy, put the class into `registry.REWARDS` under a name (or pass an
    instance as `reward=`). It is built as `Class(settings, costs)`. One that remembers anything also writes `clear`, `state` and
    `load`.
    """

    columns: tuple[Column, ...] = ()
    """Columns that it adds to the private observation, because the next reward depends on them."""

    def check_world(self, n_assets: int) -> None:  # noqa: B027 (most rewards suit every world)
        """Raise ConfigError where a world of `n_assets` assets lacks what the reward needs; asked when one is made."""

    def start(self, n_envs: int) -> None:  # noqa: B027 (a reward without state needs no memory)
        """Make room for E = `n_envs` sub-environments."""

    def clear(self, envs: np.ndarray) -> None:  # noqa: B027
        """Forget the past of the sub-environments in the mask `envs`, bool (E,): their episodes begin."""

    @abstractmethod
    def pay(self, step: np.ndarray, books: Books) -> np.ndarray:
        """Return the rewards of one step, float64 (E,), a new array, from STEP records (E,) and the books at the close."""

    def paid(self, step: np.ndarray, books: Books) -> np.ndarray:
        """Return what `pay` returns as float64 (E,); ShapeError where it is something else."""
        paid = self.pay(step, books)
        if not isinstance(paid, np.ndarray) or paid.shape != (len(step),) or paid.dtype.kind not in "fiu":
            was = f"{paid.dtype} {paid.shape}" if isinstance(paid, np.ndarray) else repr(paid)
            raise ShapeError(f"reward {type(self).__name__}: pay must return numbers of shape ({len(step)},), returned {was}")
        if paid.dtype == np.float64 and paid.flags.writeable and paid.flags.c_contiguous and paid.base is None:
            return paid
        return np.array(paid, np.float64)

    def write(self, out: np.ndarray, at: int) -> None:  # noqa: B027
        """Write `columns` into `out` (E, D) from column `at` on."""

    def state(self) -> dict[str, Any]:
        """Return copies of what it remembers; `load` takes them back."""
        return {}

    def load(self, state: dict[str, Any]) -> None:  # noqa: B027
        """Go on from what `state` returned."""
