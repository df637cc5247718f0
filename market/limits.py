"""Limits on orders: settings, records and one kernel, for environments and the live guard alike."""

import math
from dataclasses import dataclass, fields

import numpy as np

from .errors import ConfigError
from .grid import on_grid
from .kernel import constant, kernel
from .order import Refusal

__all__ = [
    "LIMITS", "LIMIT_USE", "LimitSettings", "limit_intent", "limit_records", "new_limit_use", "new_pending", "note_order",
    "order_price", "suppose", "watch_equity",
]  # fmt: skip

DAY_NS, MINUTE_NS = 86_400_000_000_000, 60_000_000_000
NONE, LEVERAGE = constant(Refusal.NONE), constant(Refusal.LEVERAGE)
LIMIT_POSITION, LIMIT_GROSS, LIMIT_NET = (
    constant(Refusal.LIMIT_POSITION), constant(Refusal.LIMIT_GROSS), constant(Refusal.LIMIT_NET)
)  # fmt: skip
LIMIT_ORDER_SIZE, LIMIT_ORDER_RATE = constant(Refusal.LIMIT_ORDER_SIZE), constant(Refusal.LIMIT_ORDER_RATE)
LIMIT_DAILY_LOSS, LIMIT_DRAWDOWN = constant(Refusal.LIMIT_DAILY_LOSS), constant(Refusal.LIMIT_DRAWDOWN)

LIMITS = np.dtype(
    [
        ("max_position", "f8"),  # account currency; inf: off, as in every field
        ("max_gross", "f8"),
        ("max_net", "f8"),
        ("max_leverage", "f8"),  # multiple of equity
        ("max_order", "f8"),
        ("max_orders_per_minute", "f8"),
        ("max_daily_loss", "f8"),  # fraction of the day's first equity
        ("max_drawdown", "f8"),  # fraction of the highest equity
    ]
)
"""Limits of one account; shape (E,)."""

LIMIT_USE = np.dtype([("day", "i8"), ("day_equity", "f8"), ("minute", "i8"), ("n_orders", "i8")])
"""What the limits on rate and daily loss remember; shape (E,). Days and minutes are counted in UTC since 1970."""


@dataclass(frozen=True, kw_only=True)
class LimitSettings:
    """What an account may not exceed; None switches a limit off. Orders that only reduce a position are held back by none
    but the order rate, so that a limit never keeps anyone from getting out. What may still be filled counts: sales beyond what is
    held are no way out, unless they are reduce-only. Closing one side of a hedge is one, though the net value grows.

    Attributes:
        max_position: Largest value of one position, account currency.
        max_gross: Largest sum of absolute position values.
        max_net: Largest absolute sum of signed position values.
        max_leverage: Largest gross value as a multiple of equity.
        max_order: Largest value of one order.
        max_orders_per_minute: Orders in one minute of UTC.
        max_daily_loss: Loss since the first mark of the UTC day, as a fraction of equity then, in (0, 1].
        max_drawdown: Loss since the highest equity, as a fraction of it, in (0, 1].
    """

    max_position: float | None = None
    max_gross: float | None = None
    max_net: float | None = None
    max_leverage: float | None = None
    max_order: float | None = None
    max_orders_per_minute: int | None = None
    max_daily_loss: float | None = None
    max_drawdown: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if not (math.isfinite(value) and value > 0.0):
                raise ConfigError(f"limits.{field.name} must be positive and finite, or null to switch it off, was {value}")
            if field.name in ("max_daily_loss", "max_drawdown") and value > 1.0:
                raise ConfigError(f"limits.{field.name} is a fraction in (0, 1], was {value}")


def limit_records(settings: LimitSettings, n_envs: int = 1) -> np.ndarray:
    """Return the kernel's records of `settings`, one an account, shape (E,)."""
    records = np.zeros(n_envs, LIMITS)
    for name in LIMITS.names or ():
        value = getattr(settings, name)
        records[name] = math.inf if value is None else value
    return records


def new_limit_use(n_envs: int = 1) -> np.ndarray:
    """Return LIMIT_USE records that remember nothing, shape (E,)."""
    records = np.zeros(n_envs, LIMIT_USE)
    records["day"] = records["minute"] = -1
    return records


def new_pending(n_envs: int, n_assets: int) -> np.ndarray:
    """Return the lots of pending orders where there are none, int64 (E, A, 2): sold (-), bought (+)."""
    return np.zeros((n_envs, n_assets, 2), np.int64)


@kernel
def watch_equity(e: int, now: int, account: np.ndarray, use: np.ndarray) -> None:
    """At a mark at `now` (ns UTC): the first one of a day is what the daily loss is measured from."""
    if now // DAY_NS != use[e].day:
        use[e].day = now // DAY_NS
        use[e].day_equity = account[e].equity


@kernel
def note_order(e: int, now: int, use: np.ndarray) -> None:
    """Count an order that was sent at `now` (ns UTC)."""
    if now // MINUTE_NS != use[e].minute:
        use[e].minute = now // MINUTE_NS
        use[e].n_orders = 0
    use[e].n_orders += 1


@kernel(inline=True)
def order_price(mark: float, price_ticks: int, stop_ticks: int, tick: float) -> float:
    """The highest price that an order names, its mark included: what it is valued at."""
    price = mark
    limit, stop = on_grid(price_ticks, tick), on_grid(stop_ticks, tick)
    if limit > price:
        price = limit
    if stop > price:
        price = stop
    return price


@kernel(inline=True)
def suppose(e: int, asset: int, lots: int, pending: np.ndarray) -> None:
    """From now on an order of `lots` (signed) may be filled, or not."""
    pending[e, asset, 1 if lots > 0 else 0] += lots


@kernel
def limit_intent(
    e: int,
    asset: int,
    lots: int,  # signed
    adds: int,  # lots that it adds to what is pending; fewer where another order of its group may be filled instead
    price: float,  # at which the order is valued, quote currency
    now: int,  # ns UTC
    instruments: np.ndarray,
    limits: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    pending: np.ndarray,  # int64 (E, A, 2): lots of orders that may still be filled, sold (-) and bought (+)
    use: np.ndarray,
) -> int:
    """The limit that an order would break, by Refusal, or NONE; nothing changes.

    Any of the pending orders may be filled or not, in any order: each asset may come to stand anywhere between held + sold and
    held + bought. An order is judged by the farthest point that it adds to its own asset's reach, with every other asset where
    it weighs most, so that no limit is exceeded whichever orders are filled. One that leads towards zero and not past it, with
    all pending ones of its side before it, is held back by the order rate alone.
    """
    if now // MINUTE_NS == use[e].minute and use[e].n_orders >= limits[e].max_orders_per_minute:
        return LIMIT_ORDER_RATE
    lot = instruments[asset].lot
    value = price * instruments[asset].multiplier * position[e, asset].fx
    held = position[e, asset].units
    after = held + on_grid(pending[e, asset, 1 if lots > 0 else 0] + adds, lot)
    if abs(after) <= abs(held) and after * held >= 0.0:
        return NONE
    if on_grid(abs(lots), lot) * value > limits[e].max_order:
        return LIMIT_ORDER_SIZE
    if abs(after) * value > limits[e].max_position:
        return LIMIT_POSITION
    equity = account[e].equity
    if use[e].day == now // DAY_NS and equity < use[e].day_equity * (1.0 - limits[e].max_daily_loss):
        return LIMIT_DAILY_LOSS
    if equity < account[e].peak_equity * (1.0 - limits[e].max_drawdown):
        return LIMIT_DRAWDOWN
    gross = abs(after * value)
    low, high = after * value, after * value
    for a in range(position.shape[1]):
        if a != asset:
            short = position[e, a].units + on_grid(pending[e, a, 0], instruments[a].lot)
            long = position[e, a].units + on_grid(pending[e, a, 1], instruments[a].lot)
            short = short * instruments[a].multiplier * position[e, a].mark * position[e, a].fx
            long = long * instruments[a].multiplier * position[e, a].mark * position[e, a].fx
            gross += abs(short) if abs(short) > abs(long) else abs(long)
            low += short
            high += long
    if gross > limits[e].max_gross:
        return LIMIT_GROSS
    if abs(low) > limits[e].max_net or abs(high) > limits[e].max_net:
        return LIMIT_NET
    if gross > limits[e].max_leverage * equity:
        return LEVERAGE
    return NONE
