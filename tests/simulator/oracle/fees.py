"""Fee schedules of the second implementation: the row in force, and what one fill is charged."""

import math

from .book import DAY


def row_in_force(tariff, at, volume):
    """Rows of the latest date not after `at`, among them the highest tier that `volume` reaches; before all dates the first."""
    dates = [row["from_at"] for row in tariff if row["from_at"] <= at]
    if not dates:
        return tariff[0]
    rows = [row for row in tariff if row["from_at"] == max(dates)]
    reached = [row for row in rows if row["min_volume"] <= volume]
    return reached[-1] if reached else rows[0]


def volume_before(days, at):
    """Traded in the 30 UTC days before that of `at`."""
    today = at // DAY
    return sum(amount for day, amount in days.items() if today - 30 <= day < today)


def whole_steps(value, step, rule):
    """`value` as a multiple of `step`: 0 the nearest, half away from zero; 1 up; 2 down; what is one but for rounding stays it."""
    if step == 0:
        return value
    count = value / step
    slack = 1e-9 + 1e-12 * abs(count)
    nearest = math.copysign(math.floor(abs(count) + 0.5 + slack), count)
    if rule == 0 or abs(nearest - count) <= slack:
        return nearest * step
    return (math.ceil(count) if rule == 1 else math.floor(count)) * step


def charges(row, lots_sign, units, price, scale, fx, maker, filled_before, traded_before, charged_before):
    """(commission, fees) of a fill of `units` (not signed), in account currency."""
    rate = row["maker_rate"] if maker else row["taker_rate"]
    of_order = rate >= 0 and (row["min_order"] > 0 or row["max_rate"] < math.inf)
    notional = units * price * scale
    traded = notional + (traded_before if of_order else 0.0)
    filled = units + (filled_before if of_order else 0.0)
    commission = rate * traded + row["per_unit"] * filled * fx
    if of_order:
        commission = min(max(commission, row["min_order"] * fx), row["max_rate"] * traded)
    coin = price * scale if row["currency"] == 1 and lots_sign > 0 else fx
    if coin > 0:
        commission = whole_steps(commission / coin, row["commission_step"], row["commission_rounding"]) * coin
    if of_order:
        commission = max(commission - charged_before, 0.0)
    parts = [row["both_per_unit"] * units]
    if lots_sign < 0:
        parts += [row["sell_rate"] * notional / fx, min(row["sell_per_unit"] * units, row["sell_cap"])]
    return commission, sum(whole_steps(part, row["fee_step"], row["fee_rounding"]) for part in parts) * fx
