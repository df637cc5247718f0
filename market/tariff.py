"""Fees of a venue as the kernel reads them: rows by effective date and tier, and what one fill is charged."""

import math

import numpy as np

from .account import DAYS_KEPT
from .kernel import constant, kernel

__all__ = ["DAY_NS", "TARIFF", "charges", "note_turnover", "rounded", "tariff_row", "turnover_of", "volume_at"]

TARIFF = np.dtype(
    [
        ("from_at", "i8"),  # ns UTC: in force from then on
        ("min_volume", "f8"),  # tier: traded in the 30 UTC days before, in the measure below
        ("maker_rate", "f8"),  # commission, fraction of notional
        ("taker_rate", "f8"),
        ("per_unit", "f8"),  # commission per unit, quote currency
        ("min_order", "f8"),  # commission of a whole order, quote currency; 0 none
        ("max_rate", "f8"),  # commission of a whole order as a fraction of its notional; inf none; it goes before the minimum
        ("sell_rate", "f8"),  # fees (exchange, regulator, tax) on sales, fraction of notional
        ("sell_per_unit", "f8"),  # on sales, per unit
        ("sell_cap", "f8"),  # most that `sell_per_unit` takes of one fill, quote currency; inf none
        ("both_per_unit", "f8"),  # on purchases and sales, per unit
        ("commission_step", "f8"),  # commission is rounded to a multiple of it, in the fee's currency; 0 not at all
        ("fee_step", "f8"),  # each of the fees is rounded to a multiple of it
        ("commission_rounding", "i1"),  # 0 nearest (half away from zero), 1 up, 2 down
        ("fee_rounding", "i1"),
        ("currency", "i1"),  # of the commission: 0 quote; 1 what is received (base when buying), at the fill price
        ("measure", "i1"),  # of the tier: 0 notional in account currency, 1 units
    ],
    align=True,
)
"""One row of a fee schedule; shape (F,). The rows of an instrument lie together, by `from_at`, then `min_volume`, both rising."""

DAY_NS = constant(86_400_000_000_000)
RING = constant(DAYS_KEPT)


@kernel
def rounded(value: float, step: float, rule: int) -> float:
    """`value` as a multiple of `step` (0: as it is): 0 the nearest, half away from zero; 1 up; 2 down.

    A value within 1e-9 steps of a multiple (and 1e-12 of itself, since its own last bits are worth more there) is that
    multiple, so that 0.03 computed as 0.030000000000000002 is not rounded up to 0.04.
    """
    if step <= 0.0:
        return value
    exact = value / step
    size = abs(exact)
    slack = 1e-9 + 1e-12 * size
    nearest = np.floor(size + 0.5 + slack)
    if exact < 0.0:
        nearest = -nearest
    if rule == 0 or abs(nearest - exact) <= slack:
        return float(nearest * step)
    if rule == 1:
        return float(np.ceil(exact) * step)
    return float(np.floor(exact) * step)


@kernel
def tariff_row(asset: int, at: int, volume: float, instruments: np.ndarray, tariff: np.ndarray) -> int:
    """Row of `tariff` in force at `at` (ns UTC) for the traded `volume` of 30 days; -1 where the asset has no fee schedule.

    The rows of the latest date not after `at`, among them the highest tier that `volume` reaches. Before the first date it is
    the first row: `tariff_records` lets no tape begin there unless that was asked for.
    """
    count = instruments[asset].tariff_count
    if count == 0:
        return -1
    first = instruments[asset].tariff_first
    low = first
    high = first + count
    while low < high:
        middle = (low + high) // 2
        if tariff[middle].from_at <= at:
            low = middle + 1
        else:
            high = middle
    row = low - 1
    if row < first:
        return int(first)
    since = tariff[row].from_at
    while row > first and tariff[row].min_volume > volume and tariff[row - 1].from_at == since:
        row -= 1
    return int(row)


@kernel
def charges(
    row: int,
    units: float,  # signed, not 0
    price: float,  # of the fill, quote currency
    scale: float,  # multiplier x fx
    fx: float,  # account currency per quote currency
    maker: int,
    filled_before: float,  # units of this order filled before, not signed
    traded_before: float,  # notional of this order before, account currency
    charged_before: float,  # commission of this order before, account currency
    tariff: np.ndarray,
) -> tuple[float, float]:
    """One fill -> commission and fees, both in account currency.

    Where the row has a minimum or a cap, the commission is that of the whole order so far, less what it was charged before
    and never less than nothing. Where it has neither, or pays a rebate, each fill stands for itself: the fills of one order
    can be taker and maker.
    """
    size = abs(units)
    notional = size * price * scale
    rate = tariff[row].maker_rate if maker else tariff[row].taker_rate
    least = tariff[row].min_order
    cap = tariff[row].max_rate
    whole = rate >= 0.0 and (least > 0.0 or cap < math.inf)
    traded = notional
    filled = size
    if whole:
        traded += traded_before
        filled += filled_before
    commission = rate * traded + tariff[row].per_unit * filled * fx
    if whole:
        if commission < least * fx:
            commission = least * fx
        if commission > cap * traded:
            commission = cap * traded
    coin = fx  # account currency per unit of the fee's currency
    if tariff[row].currency == 1 and units > 0.0:
        coin = price * scale
    if tariff[row].commission_step > 0.0 and coin > 0.0:
        commission = rounded(commission / coin, tariff[row].commission_step, tariff[row].commission_rounding) * coin
    if whole:
        commission -= charged_before
        if commission < 0.0:
            commission = 0.0
    step = tariff[row].fee_step
    rule = tariff[row].fee_rounding
    fees = rounded(tariff[row].both_per_unit * size, step, rule)
    if units < 0.0:
        per_unit = tariff[row].sell_per_unit * size
        if per_unit > tariff[row].sell_cap:
            per_unit = tariff[row].sell_cap
        fees += rounded(tariff[row].sell_rate * (notional / fx), step, rule) + rounded(per_unit, step, rule)
    return commission, fees * fx


@kernel
def turnover_of(row: int, units: float, price: float, scale: float, tariff: np.ndarray) -> float:
    """What a fill adds to the volume that tiers look at: units, or notional in account currency; not signed."""
    if tariff[row].measure == 1:
        return abs(units)
    return abs(units) * price * scale


@kernel
def volume_at(e: int, at: int, account: np.ndarray) -> float:
    """Traded in the 30 UTC days before that of `at` (ns UTC); the account's ring of days moves on to it."""
    day = at // DAY_NS
    last = account[e].turnover_day
    if day == last:
        return float(account[e].volume_30d)
    if day < last or day - last >= RING:
        for k in range(RING):
            account[e].turnover[k] = 0.0
    else:
        for passed in range(last + 1, day + 1):
            account[e].turnover[passed % RING] = 0.0
    account[e].turnover_day = day
    volume = 0.0
    for before in range(1, RING):
        volume += account[e].turnover[(day - before) % RING]
    account[e].volume_30d = volume
    return float(volume)


@kernel
def note_turnover(e: int, at: int, amount: float, account: np.ndarray) -> None:
    """Add what was traded at `at` (ns UTC) to its UTC day; tiers see it from the next day on."""
    volume_at(e, at, account)
    account[e].turnover[account[e].turnover_day % RING] += amount
