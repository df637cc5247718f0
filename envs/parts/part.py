"""`Part`: some columns of the private observation."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...encoders.column import Column
from ...market.actions.scheme import ActionScheme
from ...market.desk import Books

__all__ = ["NoSettings", "Part", "PartContext"]


@dataclass(frozen=True, kw_only=True)
class NoSettings:
    """Settings of a part that has none."""


@dataclass(frozen=True)
class PartContext:
    """What a part is built for.

    Attributes:
        assets: Symbols, in the order of the tape.
        scheme: The action scheme; None where nobody acts in one (a layout alone).
    """

    assets: tuple[str, ...]
    scheme: ActionScheme | None = None


class Part(ABC):
    """Some columns of the private observation. One object serves one batch and may carry state for each sub-environment.

    A part of your own: subclass it, give it `columns` and `write`, put the class into `registry.PARTS` under a name. It is built as
    `Class(settings, context)`. One that remembers anything also writes `begin`, `after`, `state` and `load`.
    """

    columns: tuple[Column, ...]
    """What it writes; every number must lie inside its column's bounds."""

    reads_market: ClassVar[bool] = False
    """Whether `write` reads prices: then it is given a `Desk`, whose `rows` point into its `bars`."""

    def start(self, n_envs: int) -> None:  # noqa: B027 (a part without state needs no memory)
        """Make room for E = `n_envs` sub-environments."""

    def begin(self, envs: np.ndarray, books: Books) -> None:  # noqa: B027
        """Forget the past of the sub-environments in the mask `envs`, bool (E,): their episodes begin."""

    def after(self, step: np.ndarray, books: Books) -> None:  # noqa: B027
        """Take note of a step, STEP records (E,), before it is observed."""

    @abstractmethod
    def write(self, active: np.ndarray, books: Books, out: np.ndarray, at: int) -> None:
        """Write the columns of the environments in `active` (E,) into `out` (E, D) float32 from column `at` on."""

    def state(self) -> dict[str, Any]:
        """Return copies of what it remembers; `load` takes them back."""
        return {}

    def load(self, state: dict[str, Any]) -> None:  # noqa: B027
        """Go on from what `state` returned."""
