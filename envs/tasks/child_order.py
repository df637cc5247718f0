"""What an execution decides: how much of the rest to send now, and how passively."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from ...market.actions.one_asset import OneAsset
from ...market.actions.setting import is_number, numbers_of
from ...market.desk import Desk
from ...market.errors import ConfigError
from .parent_order import ParentOrders

__all__ = ["CHILD_SCHEMES", "MARKET", "ChildOrderGrid", "ChildOrders", "ChildScheme"]

MARKET = -1.0
"""The offset that stands for a market order."""


@dataclass(frozen=True, kw_only=True)
class ChildScheme(OneAsset):
    """Base of both: an action is a share of what is left and an offset; the task writes the orders.

    Attributes:
        task: Whose parent orders are executed; the environment sets it.
    """

    n_tickets: ClassVar[int] = 1

    task: ParentOrders | None = field(default=None, repr=False, compare=False)

    @abstractmethod
    def split(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return share of the rest in [0, 1] and offset of a limit order (negative: a market order), float64 (E,) each."""

    @abstractmethod
    def action_of(self, share: np.ndarray) -> np.ndarray:
        """Return the actions that send this share (E,) of the rest to the market, or come nearest to it."""

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the child orders; see `ActionScheme.decode`."""
        if self.task is None:
            raise ConfigError(f"action {self.name} executes the parent order of quantgym/Execution-v0; it has none elsewhere")
        self.task.send(*self.split(actions), desk)


@dataclass(frozen=True, kw_only=True)
class ChildOrders(ChildScheme):
    """Two numbers in [-1, 1]. First: -1 nothing to 1 all of what is left. Second: up to 0 a market order, above 0 a limit order
    at that part of `max_offset` from the mark.

    Attributes:
        max_offset: Largest distance of a limit order from the mark, as a fraction of it.
    """

    max_offset: float = 0.002

    name: ClassVar[str] = "child_orders"
    discrete: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (is_number(self.max_offset) and 0.0 <= self.max_offset < 1.0):
            raise ConfigError(f"child_orders.max_offset must lie in [0, 1), was {self.max_offset!r}")

    @property
    def size(self) -> int:
        """Share and passiveness."""
        return 2

    @property
    def labels(self) -> tuple[str, ...]:
        """What the two numbers are."""
        return ("share", "passiveness")

    def split(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `ChildScheme.split`."""
        return 0.5 * (actions[:, 0] + 1.0), np.where(actions[:, 1] > 0.0, actions[:, 1] * self.max_offset, MARKET)

    def action_of(self, share: np.ndarray) -> np.ndarray:
        """See `ChildScheme.action_of`."""
        return np.stack([np.clip(2.0 * share - 1.0, -1.0, 1.0), np.full(share.shape, -1.0)], axis=-1)


@dataclass(frozen=True, kw_only=True)
class ChildOrderGrid(ChildScheme):
    """0 waits; then every share of what is left as a market order, then every share at the first offset, at the second, ...

    Attributes:
        shares: Shares of what is left, in (0, 1].
        offsets: Distances of limit orders from the mark, as fractions of it.
    """

    shares: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0)
    offsets: tuple[float, ...] = (0.0005, 0.002)

    name: ClassVar[str] = "child_order_grid"
    discrete: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        least, below_one = float(np.nextafter(0.0, 1.0)), float(np.nextafter(1.0, 0.0))
        shares = numbers_of(self.name, "shares", self.shares, "different numbers in (0, 1]", least, 1.0)
        offsets = () if isinstance(self.offsets, (tuple, list)) and not self.offsets else numbers_of(
            self.name, "offsets", self.offsets, "different numbers in [0, 1), or none", 0.0, below_one)  # fmt: skip
        object.__setattr__(self, "shares", shares)
        object.__setattr__(self, "offsets", offsets)

    @property
    def n(self) -> int:
        """Waiting, and every share in every way."""
        return 1 + len(self.shares) * (1 + len(self.offsets))

    @property
    def labels(self) -> tuple[str, ...]:
        """What every action does."""
        ways = ("at market", *(f"at {offset * 1e4:g} bp" for offset in self.offsets))
        return ("wait", *(f"{share:.0%} {way}" for way in ways for share in self.shares))

    def split(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `ChildScheme.split`."""
        shares = np.array([0.0, *(self.shares * (1 + len(self.offsets)))])
        offsets = np.array([MARKET, *(way for way in (MARKET, *self.offsets) for _ in self.shares)])
        return shares[actions], offsets[actions]

    def action_of(self, share: np.ndarray) -> np.ndarray:
        """See `ChildScheme.action_of`."""
        known = np.array([0.0, *self.shares])
        nearest: np.ndarray = np.abs(known - np.asarray(share)[..., None]).argmin(axis=-1)
        return nearest


CHILD_SCHEMES: dict[str, type[ChildScheme]] = {scheme.name: scheme for scheme in (ChildOrders, ChildOrderGrid)}
"""Every scheme of an execution by name."""
