"""From orders in units and prices to tickets in lots and ticks: checked and rounded once, at the border."""

import math
from datetime import date
from typing import Literal, get_args

import numpy as np

from ..data.instant import to_ns
from ..data.tape import Tape
from ..market.errors import ConfigError, DataError, UnknownNameError
from ..market.grid import LARGEST_COUNT
from ..market.order import TICKET, TimeInForce
from .order import KINDS, Leg, Order
from .stream import GRID_HAIR

__all__ = ["Rounding", "asset_of", "free_slots", "whole_count", "write_tickets"]

FIELDS = TICKET.names or ()
LARGEST_FLOAT = float(np.finfo(np.float64).max)
Rounding = Literal["refuse", "conservative"]


def asset_of(tape: Tape, symbol: str | int) -> int:
    """Return the index of an asset, given by name or index.

    Raises:
        UnknownNameError: No asset has the name.
        DataError: The index is beyond axis A.
    """
    if isinstance(symbol, str):
        return tape.index_of(symbol)
    if isinstance(symbol, bool) or not isinstance(symbol, (int, np.integer)) or not 0 <= symbol < tape.n_assets:
        raise DataError(f"{tape.name}: an asset is a symbol or an index in [0, {tape.n_assets}), was {symbol!r}")
    return int(symbol)


def whole_count(amount: float, step: float, what: str, rounding: Rounding, up: bool = False) -> int:
    """Return `amount` as a count of `step`.

    Args:
        amount: Units or a price.
        step: Lot or tick.
        what: How an error names it.
        rounding: `refuse` what lies off the grid, or round it. A quotient within 1e-9 of a whole number is on the grid, and of
            counts so large that floats cannot tell, one within 2^-48 of its own size.
        up: Away from zero instead of towards it.

    Raises:
        ConfigError: Not a finite number, off the grid, or more than 1e15 steps.
    """
    if isinstance(amount, bool) or not isinstance(amount, (int, float, np.integer, np.floating)) or amount != amount:
        raise ConfigError(f"{what} must be a finite number, was {amount!r}")
    if not -LARGEST_FLOAT <= amount <= LARGEST_FLOAT:
        raise ConfigError(f"{what} must be a finite number, was {amount if isinstance(amount, float) else 'beyond floats'}")
    ratio = float(amount) / step
    if abs(ratio) > LARGEST_COUNT:
        raise ConfigError(f"{what} must be at most {LARGEST_COUNT:g} steps of {step:g}, was {amount!r}")
    nearest = round(ratio)
    if abs(ratio - nearest) <= max(1e-9, GRID_HAIR * abs(nearest)):
        return nearest
    if rounding == "refuse":
        raise ConfigError(f"{what} must be a multiple of {step:g}, was {amount!r}; round it, or place with rounding conservative")
    size = math.ceil(abs(ratio)) if up else math.floor(abs(ratio))
    return int(math.copysign(size, ratio))


def free_slots(tickets: np.ndarray, count: int, env: int) -> np.ndarray:
    """Return the next `count` free slots of tickets (R,), int64: tickets stand in the first ones.

    Raises:
        ConfigError: A decision holds no more.
    """
    taken = int(((tickets["lots"] != 0) | (tickets["cancels"] != 0)).sum())
    if taken + count > len(tickets):
        raise ConfigError(
            f"a decision of environment {env} holds at most max_tickets = {len(tickets)} orders and cancels, {taken} are taken, "
            f"{count} more were placed; make the simulator with max_tickets={taken + count}"
        )
    return np.arange(taken, taken + count)


def write_tickets(
    tape: Tape, legs: tuple[Leg, ...], tickets: np.ndarray, env: int, first_group: int, rounding: Rounding
) -> np.ndarray:
    """Write the legs of a group into free slots of tickets (R,) and return the slots, int64; all of them or none.

    Raises:
        ConfigError, DataError, UnknownNameError: See `Simulator.place`.
    """
    if rounding not in get_args(Rounding):
        raise UnknownNameError("rounding", str(rounding), get_args(Rounding))
    slots = free_slots(tickets, len(legs), env)
    values = [_values(tape, leg.order, rounding) for leg in legs]
    first = int(slots[0])
    for leg, slot, fields in zip(legs, slots, values, strict=True):
        if leg.parent is not None:
            fields["parent"], fields["arm_delay"] = first + leg.parent + 1, leg.arm_delay
        fields["group"] = leg.group + first_group if leg.group else 0
        tickets[slot] = tuple(fields.get(name, 0) for name in FIELDS)
    return slots


def _values(tape: Tape, order: Order, rounding: Rounding) -> dict[str, int | float]:
    """Return the fields of a ticket."""
    asset = asset_of(tape, order.symbol)
    instrument = tape.instruments[asset]
    where = f"order for {instrument.symbol}"
    if order.units is not None:
        lots = whole_count(order.units, instrument.lot, f"{where}: units", rounding)
    elif isinstance(order.lots, bool) or not isinstance(order.lots, (int, np.integer)):
        raise ConfigError(f"{where}: lots must be a whole number, was {order.lots!r}")
    else:
        lots = whole_count(int(order.lots), 1.0, f"{where}: lots", rounding)
    if lots == 0:
        raise ConfigError(f"{where}: units must be at least one lot of {instrument.lot:g}, was {order.units or 0.0:g}")
    buys, ticks = lots > 0, {}
    # rounded so that a limit is no more generous, a stop no earlier and a trail no shorter
    for name, field, up in (("limit", "price_ticks", not buys), ("stop", "stop_ticks", buys), ("trail", "trail_ticks", True)):
        price = getattr(order, name)
        if price is None:
            continue
        if isinstance(price, (int, float, np.number)) and not price > 0.0:
            raise ConfigError(f"{where}: {name} must be a positive price, was {price!r}")
        ticks[field] = whole_count(price, instrument.tick, f"{where}: {name}", rounding, up)
        if ticks[field] == 0:
            raise ConfigError(f"{where}: {name} must be at least one tick of {instrument.tick:g}, was {price!r}")
    rate = 0.0 if order.trail_rate is None else order.trail_rate
    if order.trail_rate is not None and not 0.0 < rate < 1.0:
        raise ConfigError(f"{where}: trail_rate is a fraction of the best price in (0, 1), was {rate!r}")
    expires_at = 0
    if order.expires_at is not None:
        if isinstance(order.expires_at, bool) or not isinstance(order.expires_at, (int, np.integer, str, date)):
            raise ConfigError(f"{where}: expires_at must be ns UTC, ISO text, a date or a time, was {order.expires_at!r}")
        expires_at = to_ns(order.expires_at)
    if expires_at < 0 or expires_at > np.iinfo(np.int64).max:
        raise ConfigError(f"{where}: expires_at must lie between 1970 and 2262, was {order.expires_at}")
    return {
        "lots": lots, "asset": asset, "kind": KINDS[order.kind], "tif": TimeInForce[order.time_in_force], "trail_rate": rate,
        "expires_at": expires_at, "reduce_only": order.reduce_only, "post_only": order.post_only, **ticks,
    }  # fmt: skip
