"""Orders as actions: a catalogue of market, limit and stop orders for one asset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..errors import ConfigError, DataError
from ..order import OrderKind, TimeInForce
from .one_asset import OneAsset
from .order_choice import CHOICE, decode_choice_batch, judge_choices
from .setting import count_of, names_of, numbers_of
from .trial import tried

__all__ = ["Orders"]

KINDS = {"market": OrderKind.MARKET, "limit": OrderKind.LIMIT, "stop": OrderKind.STOP}
TIMES = {name: TimeInForce[name] for name in ("GTC", "DAY", "IOC", "FOK")}
SIDES = {"buy": 1, "sell": -1}
BELOW_ONE = float(np.nextafter(1.0, 0.0))


@dataclass(frozen=True, kw_only=True)
class Orders(OneAsset):
    """0 holds, 1 cancels every working order of the asset, each further action places one order; one asset, long-only.

    Buys are a share of free cash at the order's own price, sales a share of the units held, and reduce-only. Prices stand at an
    offset from the close: buy limits and sell stops below it, sell limits and buy stops above it, on the tick there or the next one
    away from the close, so that a limit is no more generous and a stop no earlier. Market orders are immediate or cancel. Cash and
    units of orders that work already are not set aside.

    Attributes:
        kinds: Out of `market`, `limit` and `stop`.
        offsets: Of limits and stops, fractions of the close, in [0, 1).
        sizes: Shares of free cash or of the holding, in (0, 1].
        time_in_force: Of limits and stops, out of `GTC`, `DAY`, `IOC` and `FOK`.
        max_working: Orders that may work at once; beyond it limits and stops are declined (`POOL_FULL`).
    """

    kinds: Sequence[str] = ("market", "limit", "stop")
    offsets: Sequence[float] = (0.001, 0.005)
    sizes: Sequence[float] = (0.25, 1.0)
    time_in_force: Sequence[str] = ("GTC",)
    max_working: int = 4

    name: ClassVar[str] = "orders"
    discrete: ClassVar[bool] = True
    several: ClassVar[str | None] = "weights"

    def __post_init__(self) -> None:
        super().__post_init__()
        checked = {
            "kinds": names_of(self.name, "kinds", self.kinds, "order kind", KINDS),
            "offsets": numbers_of(self.name, "offsets", self.offsets, "different fractions of the close in [0, 1)", 0.0, BELOW_ONE),
            "sizes": numbers_of(self.name, "sizes", self.sizes, "different shares in (0, 1]", float(np.nextafter(0.0, 1.0)), 1.0),
            "time_in_force": names_of(self.name, "time_in_force", self.time_in_force, "time in force", TIMES),
            "max_working": count_of(self.name, "max_working", self.max_working),
        }
        for setting, value in checked.items():
            object.__setattr__(self, setting, value)
        choices, labels = np.zeros(2, CHOICE).tolist(), ["hold", "cancel all"]
        for kind in self.kinds:
            offsets, times = ((0.0,), ("IOC",)) if kind == "market" else (self.offsets, self.time_in_force)
            for side, sign in SIDES.items():
                for offset in offsets:
                    for time in times:
                        for size in self.sizes:
                            choices.append((offset, size, sign, KINDS[kind], TIMES[time]))
                            away = sign if kind == "stop" else -sign
                            place = "" if kind == "market" else f" at {100.0 * away * offset:+g} % {time}"
                            labels.append(f"{side} {kind} {100.0 * size:g} %{place}")
        object.__setattr__(self, "_choices", np.array(choices, CHOICE))
        object.__setattr__(self, "_labels", tuple(labels))

    @property
    def choices(self) -> np.ndarray:
        """What each action asks for, CHOICE records (n,)."""
        choices: np.ndarray = self.__dict__["_choices"]
        return choices

    @property
    def n(self) -> int:
        """Two, and one an order of the catalogue: kinds, then sides, offsets, times in force, sizes."""
        return len(self.choices)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the actions, in their order."""
        labels: tuple[str, ...] = self.__dict__["_labels"]
        return labels

    def check_market(self, market: str, close_only: bool, max_orders: int) -> None:
        """See `ActionScheme.check_market`.

        Raises:
            DataError: The tape holds closes only, and an action is a limit or a stop.
            ConfigError: More orders may work than the account has room for.
        """
        resting = [kind for kind in self.kinds if kind != "market"]
        if close_only and resting:
            kinds = " and ".join(resting)
            raise DataError(f"tape {market} holds closes only, action orders needs highs and lows for {kinds} orders; "
                            "use a tape with bars, or kinds [market]")
        if resting and self.max_working > max_orders:
            raise ConfigError(f"action orders: max_working must be at most max_orders, {max_orders}, was {self.max_working}; raise "
                              "max_orders")

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        decode_choice_batch(actions, self.choices, self.max_working, *desk.sheets)

    def legal(self, desk: Desk) -> np.ndarray:
        """Return where actions are legal, bool (E, n): orders of a lot at least that have room, cancels of something, to hold."""
        return tried(judge_choices, desk, self.n, self.choices, self.max_working)
