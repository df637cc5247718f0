"""Random tapes, fee schedules, brackets and rules on a dyadic grid, so that sums are exact in any order."""

import numpy as np

from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.tape import Tape
from quantgym.market.bracket import BRACKET
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.instrument import Instrument
from quantgym.market.rules import ACCOUNTS, IMPACTS
from quantgym.market.tariff import TARIFF

HOUR = 3_600_000_000_000
MONDAY = 4 * 24 * HOUR + 2900 * 7 * 24 * HOUR  # 1970-01-05, and 2,900 weeks
GRIDS = ((1.0, 1.0), (0.125, 8.0), (4.0, 1.0), (2.0**-8, 1.0))  # lot, multiplier
CALENDARS = ("24/7", "24/7", "24/5", "XNYS")


def random_clock(g, n_rows):
    """Rows of three hours to a day, with and without gaps; a third of each is a power of two, in hours."""
    length, every = ((3, 3), (3, 4), (6, 12), (6, 30), (24, 24), (12, 72))[g.integers(0, 6)]
    opens = MONDAY + int(g.integers(0, 7 * 24)) * HOUR + np.arange(n_rows) * every * HOUR
    if every > length:
        opens += g.integers(0, 8, n_rows) * (HOUR // 8)
    if g.random() < 0.2:
        opens[g.integers(1, n_rows) :] += int(g.integers(1, 45)) * 24 * HOUR
    return clock_records(opens, opens + length * HOUR)


def random_tape(g, n_rows, n_assets, without):
    """Prices on quarters, gaps, halts, late listings, delistings, splits, rolls and every term."""
    shape = (n_rows, n_assets)
    close = np.maximum(200 + g.integers(-8, 9, shape).cumsum(axis=0), 24) / 4
    if g.random() < 0.3:
        close = np.maximum(close + g.choice([0, 0, 0, 0, 0, -20, 16], shape), 6.0)
    opened = np.maximum(close + g.integers(-6, 7, shape) / 4, 0.25)
    high = np.maximum(opened, close) + g.integers(0, 7, shape) / 4
    low = np.maximum(np.minimum(opened, close) - g.integers(0, 7, shape) / 4, 0.25)
    recorded = g.random(shape) > g.choice([0.0, 0.05, 0.3])
    if "halts" in without:
        recorded[...] = True
    for a in range(n_assets):
        chance = g.random()
        if chance < 0.1 and "listings" not in without:
            recorded[: g.integers(1, n_rows // 2), a] = False
        elif chance < 0.25 and "delistings" not in without:
            recorded[g.integers(n_rows // 3, n_rows) :, a] = False
        if not recorded[:, a].any():
            recorded[0, a] = True
    if "delistings" in without:
        recorded[-1] = True
    acts = recorded & (g.random(shape) < g.choice([0.0, 0.1, 0.3])) & ("splits" not in without)
    rolls = recorded & (g.random(shape) < g.choice([0.0, 0.0, 0.2])) & ("rolls" not in without)
    terms = term_records(
        shape,
        split=np.where(acts, g.choice([0.25, 0.5, 2.0, 4.0, 1.5, 0.125], shape), 1.0),
        dividend=np.where(acts, 0.5, 0.0),
        spread=np.where(g.random(shape) < 0.5, np.nan, 1 / 512),
        funding_rate=np.where(g.random(shape) < 0.1, g.choice([-1, 1], shape) / 2048, 0.0),
        borrow_rate=np.where(g.random(shape) < 0.5, np.nan, 0.125),
        fx=np.array([1.0, 1.25, 1.5])[g.integers(0, 3, shape)] if g.random() < 0.5 else np.ones(shape),
        mark=np.where(g.random(shape) < 0.5, np.nan, np.maximum(opened + g.integers(-2, 3, shape) / 4, 0.25)),
        roll=np.where(rolls, g.choice([-0.5, -0.25, 0.0, 0.75, 2.0], shape), np.nan),
    )
    volume = g.integers(0, 400, shape) * 1.0 * (g.random(shape) > 0.05)
    instruments = [
        Instrument(
            symbol=f"S{a}", tick=0.25, lot=GRIDS[i][0], multiplier=GRIDS[i][1], min_notional=float(g.choice([0.0, 100.0])),
            calendar=CALENDARS[g.integers(0, 4)], volume_unit=None if g.random() < 0.05 else 1.0,
        )
        for a, i in enumerate(g.integers(0, len(GRIDS), n_assets))
    ]  # fmt: skip
    bars = bar_records(opened, high, low, close, volume, recorded)
    spoken = terms if g.random() < 0.8 else None
    return Tape.build("case", instruments, random_clock(g, n_rows), bars, spoken, close_only=bool(g.random() < 0.02))


def random_tariff(g, clock):
    """Rows of one schedule: one or two dates, one to three tiers."""
    dates = [0] if g.random() < 0.5 else [0, int(clock["open_at"][g.integers(0, len(clock))]) // (24 * HOUR) * 24 * HOUR]
    rows = []
    whole, step, currency = g.random() < 0.5, float(g.choice([0.0, 2.0**-7, 0.25])), int(g.integers(0, 2))
    for date in dates:
        for tier in range(g.integers(1, 4)):
            rate = float(g.choice([2.0**-7, 2.0**-9, 0.0])) / (tier + 1)
            row = {
                "from_at": date, "min_volume": tier * float(g.choice([512.0, 8192.0])), "taker_rate": rate,
                "maker_rate": rate * float(g.choice([1.0, 0.5, -0.5])), "per_unit": float(g.choice([0.0, 2.0**-8])),
                "min_order": float(g.choice([0.0, 1.0])) * whole, "max_rate": 2.0**-6 if whole and g.random() < 0.6 else np.inf,
                "sell_rate": float(g.choice([0.0, 2.0**-11])), "sell_per_unit": float(g.choice([0.0, 2.0**-10])),
                "sell_cap": float(g.choice([np.inf, 0.0625])), "both_per_unit": float(g.choice([0.0, 2.0**-11])),
                "commission_step": step, "fee_step": float(g.choice([0.0, 2.0**-7])), "commission_rounding": int(g.integers(0, 3)),
                "fee_rounding": int(g.integers(0, 3)), "currency": currency, "measure": 0,
            }  # fmt: skip
            rows.append(row)
    rows.sort(key=lambda row: (row["from_at"], row["min_volume"]))
    return rows


def random_brackets(g):
    """Rising maintenance, continuous at the floors, and falling leverage."""
    floors = [0.0, float(g.choice([512.0, 4096.0])), float(g.choice([8192.0, 65536.0]))][: g.integers(1, 4)]
    rates, leverage = [2.0**-6, 2.0**-4, 2.0**-2], [float(g.choice([8.0, 4.0])), 2.0, 1.0]
    rows, deduction = [], 0.0
    for i, floor in enumerate(floors):
        deduction += floor * (rates[i] - rates[i - 1]) if i else 0.0
        rows.append({"floor": floor, "maintenance_rate": rates[i], "deduction": deduction, "max_leverage": leverage[i]})
    return rows


def instrument_tables(records, tariffs, brackets):
    """(INSTRUMENT, TARIFF, BRACKET) records that say the same as the lists of dicts, one an asset."""
    instruments, tables = records.copy(), []
    for name, dtype, lists in (("tariff", TARIFF, tariffs), ("bracket", BRACKET, brackets)):
        rows = [row for found in lists for row in found]
        table = np.zeros(len(rows), dtype)
        for i, row in enumerate(rows):
            for field, value in row.items():
                table[i][field] = value
        first = 0
        for a, found in enumerate(lists):
            instruments[a][f"{name}_first"], instruments[a][f"{name}_count"] = first, len(found)
            first += len(found)
        tables.append(table)
    return instruments, *tables


def random_rules(g, n, close_only, without):
    """Rules of n accounts, each with its own."""
    rules = rules_records(CostSettings(), n)
    choices = {
        "fee_rate": [0.0, 2**-10, 2**-6, 0.125], "maker_rate": [0.0, 2**-11, -(2.0**-11)], "fee_per_unit": [0.0, 2**-6],
        "volume_elsewhere": [0.0, 600.0], "half_spread_rate": [0.0, 2**-10], "slippage_rate": [0.0, 2**-9],
        "impact_rate": [0.0, 0.0, 0.02, 0.5], "impact_temporary": [2**-8, 2**-5], "impact_permanent": [0.0, 2**-8, 2**-6],
        "participation": [2**-4, 0.5, np.inf, np.inf, np.inf], "borrow_rate": [0.0, 0.25], "margin_interest_rate": [0.0, 0.0625],
        "cash_interest_rate": [0.0, 0.0, 0.03125, -0.03125], "liquidation_fee_rate": [0.0, 2**-7],
        "delisting_return": [0.0, -0.5, -1.0, 0.25],
        "ruin_equity_fraction": [2**-10, 2**-10, 2**-10, 2**-10, 0.5, 0.9], "path": [0, 0, 0, 1, 2, 3],
        "limit_touch": [0, 1], "allow_short": [0, 1, 1], "close_only": [int(close_only)], "log_orders": [0, 1, 1],
        "latency_ns": [0, 0, 0, HOUR, HOUR // 2, 2 * HOUR, 3 * HOUR, 4 * HOUR, 11 * HOUR, 100_000_000_019, 12_345_678_901_234],
    }  # fmt: skip
    for name, values in choices.items():
        rules[name] = g.choice(values, n)
    kinds = [kind for kind in ACCOUNTS if kind not in without]
    impacts = [model for model in IMPACTS if model not in without]
    for rule in rules:
        kind = kinds[g.integers(0, len(kinds))]
        rule["account"], rule["impact"] = ACCOUNTS[kind], IMPACTS[impacts[g.integers(0, len(impacts))]]
        rule["impact_half_life_ns"] = g.choice([HOUR, 24.0 * HOUR]) if rule["impact"] == IMPACTS["transient"] else np.inf
        most = {"cash": [1.0], "leverage": [0.5, 1.0, 2.0, 4.0], "reg_t": [1.0, 2.0]}.get(kind, [1.0, 2.0, 4.0, 8.0])
        rule["max_leverage"] = g.choice(most)
        if kind == "cash":
            rule["allow_short"] = 0
        if kind not in ("cash", "leverage"):
            rule["maintenance_long"] = g.choice([2.0**-8, 2.0**-4, 0.25])
            rule["maintenance_short"] = g.choice([2.0**-8, 2.0**-4, 0.3125])
        if "interest" in without:
            rule["margin_interest_rate"] = rule["cash_interest_rate"] = 0.0
    if "adverse" in without:
        rules["path"] = np.maximum(rules["path"], 1)
    if "latency" in without:
        rules["latency_ns"] = 0
    if "participation" in without:
        rules["participation"] = np.inf
    return rules
