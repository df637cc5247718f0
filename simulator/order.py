"""Orders as people write them: one order, or several that know of each other (bracket, OCO, OTO)."""

from dataclasses import dataclass, replace

import numpy as np

from ..data.instant import Instant
from ..market.errors import ConfigError, UnknownNameError
from ..market.order import OrderKind, TimeInForce

__all__ = ["KINDS", "Leg", "Order", "OrderGroup", "bracket", "oco", "oto"]

KINDS = {kind.name.lower(): kind for kind in OrderKind if kind <= OrderKind.TRAILING_STOP}
LONGEST_DELAY = 1_000_000_000  # bars
PRICES = {"market": (), "limit": ("limit",), "stop": ("stop",), "stop_limit": ("limit", "stop"), "trailing_stop": ()}


@dataclass(frozen=True)
class Order:
    """One order; `Simulator.place` puts it on the grid of its instrument.

    Attributes:
        symbol: Name of the asset, or its index on axis A.
        units: Bought (> 0) or sold (< 0), a multiple of the instrument's lot; or say `lots`.
        lots: The same in whole lots.
        kind: `market`, `limit`, `stop`, `stop_limit` or `trailing_stop`.
        limit: Limit price of a `limit` or `stop_limit`, quote currency, a multiple of the tick.
        stop: Trigger of a `stop` or `stop_limit`.
        trail: Distance of a `trailing_stop` in price; or say `trail_rate`.
        trail_rate: The same as a fraction of the best price, in (0, 1).
        time_in_force: `GTC`, `DAY`, `IOC`, `FOK`, `GTD`, `AT_OPEN` or `AT_CLOSE`.
        expires_at: For `GTD`: until when it works (ns UTC, ISO text, date or time).
        reduce_only: It never opens or turns a position.
        post_only: A limit order that is refused where it would fill at its arrival.

    Raises:
        UnknownNameError: No such kind or time in force.
        ConfigError: A field is missing, is no number where it must be one, or means nothing for this kind.
    """

    symbol: str | int
    units: float | None = None
    kind: str = "market"
    lots: int | None = None
    limit: float | None = None
    stop: float | None = None
    trail: float | None = None
    trail_rate: float | None = None
    time_in_force: str = "GTC"
    expires_at: Instant | None = None
    reduce_only: bool = False
    post_only: bool = False

    def __post_init__(self) -> None:
        where = f"order for {self.symbol}"
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise UnknownNameError("order kind", str(self.kind), KINDS, where)
        if not isinstance(self.time_in_force, str) or self.time_in_force not in TimeInForce.__members__:
            raise UnknownNameError("time in force", str(self.time_in_force), TimeInForce.__members__, where)
        if (self.units is None) == (self.lots is None):
            raise ConfigError(f"{where}: give units or lots, one of the two, was units {self.units}, lots {self.lots}")
        for name in ("reduce_only", "post_only"):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise ConfigError(f"{where}: {name} must be true or false, was {getattr(self, name)!r}")
        for name in ("units", "lots", "limit", "stop", "trail", "trail_rate"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating))):
                raise ConfigError(f"{where}: {name} must be a finite number, was {value!r}")
        for name in ("limit", "stop"):
            if name in PRICES[self.kind] and getattr(self, name) is None:
                raise ConfigError(f"{where}: a {self.kind} order needs its {name} price, was None")
            if name not in PRICES[self.kind] and getattr(self, name) is not None:
                raise ConfigError(f"{where}: {name} means nothing in a {self.kind} order, was {getattr(self, name)}")
        trails = (self.trail is not None) + (self.trail_rate is not None)
        if trails != (self.kind == "trailing_stop"):
            given = f"trail {self.trail}, trail_rate {self.trail_rate}"
            raise ConfigError(f"{where}: a trailing_stop has trail or trail_rate, one of the two, other kinds none; was {given}")
        if (self.time_in_force == "GTD") != (self.expires_at is not None):
            raise ConfigError(
                f"{where}: expires_at goes with time_in_force GTD, with no other, was {self.expires_at} with {self.time_in_force}"
            )
        if self.time_in_force in ("AT_OPEN", "AT_CLOSE") and self.kind not in ("market", "limit"):
            raise ConfigError(f"{where}: {self.time_in_force} goes with market and limit orders, was {self.kind}")
        if self.post_only and (self.kind != "limit" or self.time_in_force not in ("GTC", "DAY", "GTD")):
            raise ConfigError(
                f"{where}: post_only goes with limit orders that may wait (GTC, DAY, GTD), was {self.kind} {self.time_in_force}"
            )


@dataclass(frozen=True)
class Leg:
    """One order of a group: `parent` is the position of the leg whose fill arms it, `group` the OCO label it shares, 0 none."""

    order: Order
    parent: int | None = None
    group: int = 0
    arm_delay: int = 1


@dataclass(frozen=True)
class OrderGroup:
    """Orders that know of each other, in the order of their ids; made by `bracket`, `oco` and `oto`."""

    legs: tuple[Leg, ...]


def legs_of(order: Order | OrderGroup) -> tuple[Leg, ...]:
    """Return the legs of a group; an order alone is a group of one."""
    if isinstance(order, OrderGroup):
        return order.legs
    if isinstance(order, Order):
        return (Leg(order),)
    raise ConfigError(f"an order must be an Order, or a group made by bracket, oco or oto, was {order!r}")


def oco(*orders: Order) -> OrderGroup:
    """Return orders of which each takes from the others what it fills (one cancels the other).

    Raises:
        ConfigError: Fewer than two, or one is no `Order`.
    """
    if len(orders) < 2 or not all(isinstance(order, Order) for order in orders):
        raise ConfigError(f"oco needs two or more orders, each an Order, was {orders!r}")
    return OrderGroup(tuple(Leg(order, group=1) for order in orders))


def oto(first: Order, *then: Order | OrderGroup, arm_delay: int = 1) -> OrderGroup:
    """Return an order whose fill arms the others (one triggers the other); a group among them keeps its own ties.

    Args:
        first: The parent.
        then: What waits for it: orders, or groups whose first ranks wait.
        arm_delay: Bars from the parent's first fill until they work; 0: from the next point of the path on.

    Raises:
        ConfigError: Nothing waits, or `arm_delay` is no whole number in [0, 1e9].
    """
    if isinstance(arm_delay, bool) or not isinstance(arm_delay, (int, np.integer)) or not 0 <= arm_delay <= LONGEST_DELAY:
        raise ConfigError(f"arm_delay must be a whole number of bars, at least 0 and at most {LONGEST_DELAY}, was {arm_delay!r}")
    if not isinstance(first, Order) or not then:
        raise ConfigError(f"oto needs an Order and what it triggers, was {first!r} and {len(then)} more")
    legs, labels = [Leg(first)], 0
    for item in then:
        base, parts = len(legs), legs_of(item)
        for leg in parts:
            if leg.parent is None:
                placed = replace(leg, parent=0, arm_delay=arm_delay)
            else:
                placed = replace(leg, parent=base + leg.parent)
            legs.append(replace(placed, group=leg.group + labels if leg.group else 0))
        labels += max(leg.group for leg in parts)
    for leg in legs:
        if leg.parent is not None and leg.arm_delay == 0 and leg.order.kind == "market":
            raise ConfigError(f"order for {leg.order.symbol}: a market order that waits for another needs arm_delay 1 or more")
    return OrderGroup(tuple(legs))


def bracket(
    entry: Order, *, stop: float | Order | None = None, target: float | Order | None = None, arm_delay: int = 1
) -> OrderGroup:
    """Return an entry with a protective stop, a profit target, or both as one-cancels-the-other.

    Args:
        entry: The order that opens the position.
        stop: Trigger price of a stop order as large as the entry and opposite, or an `Order` (a trailing stop, say).
        target: Limit price of the order that takes the profit, or an `Order`.
        arm_delay: Bars from the entry's first fill until both work; 0: from the next point of the path on.

    Raises:
        ConfigError: Neither stop nor target, a side or size that does not close the entry, or stop and target exchanged: both
            would act at once.
    """
    if not isinstance(entry, Order) or (stop is None and target is None):
        raise ConfigError(f"bracket needs an entry, and a stop, a target or both, was {entry!r}, stop {stop}, target {target}")
    children, prices = [], {}
    for name, kind, price, child in (("stop", "stop", "stop", stop), ("target", "limit", "limit", target)):
        if child is None:
            continue
        made = child if isinstance(child, Order) else _opposite(entry, kind, price, child)
        if made.symbol != entry.symbol or (made.units, made.lots) != (_negative(entry.units), _negative(entry.lots)):
            raise ConfigError(
                f"order for {entry.symbol}: the {name} of a bracket must be opposite to its entry and as large, was "
                f"{made.units if made.lots is None else made.lots} of {made.symbol}"
            )
        children.append(made)
        prices[name] = made.stop if name == "stop" else made.limit
    _check_sides(entry, prices.get("stop"), prices.get("target"))
    return oto(entry, *([oco(*children)] if len(children) == 2 else children), arm_delay=arm_delay)


def _check_sides(entry: Order, stop: float | None, target: float | None) -> None:
    """Refuse a bracket of a purchase whose stop lies above its target, or of a sale whose stop lies below it."""
    buys = (entry.units if entry.lots is None else entry.lots or 0) > 0  # type: ignore[operator]
    if stop is not None and target is not None and (stop > target if buys else stop < target):
        side, way = ("buys", "below") if buys else ("sells", "above")
        raise ConfigError(
            f"order for {entry.symbol}: a bracket that {side} needs its stop {way} its target, was stop {stop}, target {target}"
        )


def _opposite(entry: Order, kind: str, price: str, at: float) -> Order:
    return Order(entry.symbol, _negative(entry.units), kind, _negative(entry.lots), **{price: at})  # type: ignore[arg-type]


def _negative(amount: float | None) -> float | None:
    return None if amount is None else -amount
