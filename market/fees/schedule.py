"""A venue's fee schedule: rows by effective date and tier, each with its source, and their records for the kernel."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Literal

import numpy as np

from ..errors import ConfigError, DataError, UnknownNameError
from .source import Source

__all__ = ["FeeRow", "FeeSchedule", "tariff_records"]

ROUNDINGS = {"nearest": 0, "up": 1, "down": 2}
CURRENCIES = {"quote": 0, "received": 1}
MEASURES = {"notional": 0, "units": 1}
RATES = ("maker_rate", "taker_rate", "sell_rate")
NUMBERS = ("min_volume", "maker_rate", "taker_rate", "per_unit", "min_order", "max_rate", "sell_rate", "sell_per_unit", "sell_cap",
           "both_per_unit", "commission_step", "fee_step")
LARGEST_RATE = 0.1  # of notional: more is a slip of the decimal point


@dataclass(frozen=True, kw_only=True)
class FeeRow:
    """What a venue charges from a date on, at one tier.

    Attributes:
        from_date: Effective date, ISO (`2026-04-04`).
        min_volume: Tier: least volume of the 30 days before; the first tier of a date is 0.
        maker_rate: Commission as a fraction of notional where the order had been working; negative: a rebate.
        taker_rate: The same for an order that fills at once.
        per_unit: Commission per unit, quote currency.
        min_order: Least commission of a whole order, quote currency; 0 none.
        max_rate: Most commission of a whole order, as a fraction of its notional; it goes before the minimum.
        sell_rate: Fees of regulators on sales, fraction of notional.
        sell_per_unit: Fees on sales, quote currency per unit.
        sell_cap: Most that `sell_per_unit` takes of one fill, quote currency.
        both_per_unit: Fees on purchases and sales, quote currency per unit.
        commission_step: The commission is rounded to a multiple of it, in the fee's currency; 0 not at all.
        fee_step: Each of the fees is rounded to a multiple of it, quote currency; 0 not at all.
        commission_rounding: `nearest` (half away from zero), `up` or `down`.
        fee_rounding: The same for the fees.
        currency: In which the commission is charged: `quote`, or `received` (the coin that is bought, money when selling).
        sources: The pages and documents that the numbers come from.
        confirmed: Whether rates, tier and date stand in those sources.
        note: What is not confirmed, and what the row leaves out.
    """

    from_date: str
    min_volume: float = 0.0
    maker_rate: float = 0.0
    taker_rate: float = 0.0
    per_unit: float = 0.0
    min_order: float = 0.0
    max_rate: float = math.inf
    sell_rate: float = 0.0
    sell_per_unit: float = 0.0
    sell_cap: float = math.inf
    both_per_unit: float = 0.0
    commission_step: float = 0.0
    fee_step: float = 0.0
    commission_rounding: Literal["nearest", "up", "down"] = "nearest"
    fee_rounding: Literal["nearest", "up", "down"] = "nearest"
    currency: Literal["quote", "received"] = "quote"
    sources: tuple[Source, ...]
    confirmed: bool
    note: str = ""

    def __post_init__(self) -> None:
        where = f"fee row {self.from_date!r}, tier {self.min_volume}"
        try:
            written = date.fromisoformat(self.from_date).isoformat()
        except (TypeError, ValueError):
            written = ""
        if written != self.from_date:  # rows are put in order by this text
            raise ConfigError(f"{where}: from_date must be an ISO date like 2026-04-04, was {self.from_date!r}")
        for name in NUMBERS:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ConfigError(f"{where}: {name} must be a number, was {value!r}")
            unlimited = name in ("max_rate", "sell_cap") and value == math.inf
            if not (math.isfinite(value) or unlimited) or (value < 0.0 and name not in ("maker_rate", "taker_rate")):
                raise ConfigError(f"{where}: {name} must be finite and not negative, was {value}")
        for name in RATES:
            if abs(getattr(self, name)) > LARGEST_RATE:
                raise ConfigError(f"{where}: {name} is a fraction of notional, at most {LARGEST_RATE}, was {getattr(self, name)}")
        for name, known in (("commission_rounding", ROUNDINGS), ("fee_rounding", ROUNDINGS), ("currency", CURRENCIES)):
            if not isinstance(getattr(self, name), str) or getattr(self, name) not in known:
                raise UnknownNameError(name, str(getattr(self, name)), known, where)
        whole = self.min_order > 0.0 or self.max_rate < math.inf
        if whole and (self.maker_rate != self.taker_rate or self.currency != "quote"):
            raise ConfigError(
                f"{where}: a minimum or a cap counts whole orders, whose fills must have one rate, charged in quote currency; "
                f"was maker {self.maker_rate}, taker {self.taker_rate}, {self.currency}"
            )
        if not self.sources or not all(source.title and source.address for source in self.sources):
            raise ConfigError(f"{where}: sources must name title and address of where the numbers come from")
        if not self.confirmed and not self.note:
            raise ConfigError(f"{where}: note must say what is not confirmed, and why")


@dataclass(frozen=True, kw_only=True)
class FeeSchedule:
    """The fee rows of one product of a venue.

    Attributes:
        venue: Name of the venue or broker.
        product: Name of the product or plan there.
        rows: By date, then tier, both rising; each date begins with tier 0.
        measure: What tiers look at: `notional` in account currency, or `units`.
        day_start_hour: Hour UTC at which an effective date begins; 5 for dates of New York (no exchange trades then).
        discounts: Names and fractions by which the commission falls where it is paid in the venue's own token.
        note: What the schedule leaves out.
    """

    venue: str
    product: str
    rows: tuple[FeeRow, ...]
    measure: Literal["notional", "units"] = "notional"
    day_start_hour: int = 0
    discounts: tuple[tuple[str, float], ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise UnknownNameError("measure", self.measure, MEASURES, f"fee schedule {self.name}")
        if isinstance(self.day_start_hour, bool) or self.day_start_hour not in range(24):
            hour = self.day_start_hour
            raise ConfigError(f"fee schedule {self.name}: day_start_hour must be a whole hour from 0 to 23, was {hour!r}")
        object.__setattr__(self, "rows", tuple(self.rows))  # a list could not be told from another schedule's
        for name, fraction in self.discounts:
            if not 0.0 < fraction <= 1.0:
                raise ConfigError(f"fee schedule {self.name}: discount {name} must be a fraction in (0, 1], was {fraction}")
        keys = [(row.from_date, row.min_volume) for row in self.rows]
        if not keys or keys != sorted(set(keys)):
            raise ConfigError(f"fee schedule {self.name}: rows must rise by from_date, then min_volume, none twice, were {keys}")
        for day in {row.from_date for row in self.rows}:
            if (day, 0.0) not in keys:
                raise ConfigError(f"fee schedule {self.name}: {day} has no tier with min_volume 0")

    @property
    def name(self) -> str:
        """Name in the registry: `venue/product`."""
        return f"{self.venue}/{self.product}"

    @property
    def tiered(self) -> bool:
        """Whether any row needs a volume: only then must turnover be noted."""
        return any(row.min_volume > 0.0 for row in self.rows)

    def from_at(self, row: FeeRow) -> int:
        """Return the instant, ns UTC, from which `row` is in force."""
        start = datetime.combine(date.fromisoformat(row.from_date), time(self.day_start_hour), UTC)
        return int(start.timestamp()) * 1_000_000_000

    def discounted(self, name: str) -> "FeeSchedule":
        """Return the schedule with the commission paid in the venue's token, worth the same money at the fill.

        Raises:
            UnknownNameError: The schedule has no discount of that name.
        """
        known = dict(self.discounts)
        if name not in known:
            raise UnknownNameError("discount", name, known or ("none",), f"fee schedule {self.name}")
        left = 1.0 - known[name]
        rows = tuple(
            replace(
                row, currency="quote", commission_step=0.0,
                maker_rate=row.maker_rate * left if row.maker_rate > 0.0 else row.maker_rate,
                taker_rate=row.taker_rate * left if row.taker_rate > 0.0 else row.taker_rate,
            )
            for row in self.rows
        )
        return replace(self, rows=rows, discounts=())

    def records(self) -> np.ndarray:
        """Return the rows as the kernel reads them, shape (len(rows),), dtype `TARIFF`."""
        from ..tariff import TARIFF  # numba is heavy: names and sources are read without it

        records = np.zeros(len(self.rows), TARIFF)
        for name in NUMBERS:
            records[name] = [getattr(row, name) for row in self.rows]
        records["from_at"] = [self.from_at(row) for row in self.rows]
        for name, codes in (("commission_rounding", ROUNDINGS), ("fee_rounding", ROUNDINGS), ("currency", CURRENCIES)):
            records[name] = [codes[getattr(row, name)] for row in self.rows]
        records["measure"] = MEASURES[self.measure]
        return records


def tariff_records(
    schedules: Sequence[FeeSchedule | None], *, start_at: int | None = None, extend: Literal["refuse", "backward"] = "refuse"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the fee rows of a tape's instruments as the kernel reads them; a schedule that several share is stored once.

    The account's traded volume is one number, in the measure of its tiers: what is traded by a schedule without tiers counts
    in the measure of the others'.

    Args:
        schedules: One for each instrument, A of them; None: the rules' own rates.
        start_at: First instant that will be traded, ns UTC; None: not checked.
        extend: `backward` uses the rows of a schedule's first date before it, too; `refuse` raises where that would be needed.

    Returns:
        Rows, shape (F,), dtype `TARIFF`; each instrument's first row, int64 (A,); how many it has, int64 (A,), 0 for None.

    Raises:
        ConfigError: Tiers of two measures in one account, whose volume is one number; an argument is of another kind.
        DataError: `start_at` is before a schedule's first date.
    """
    from ..record import joined
    from ..tariff import TARIFF

    if extend not in ("refuse", "backward"):
        raise UnknownNameError("extend", str(extend), ("refuse", "backward"), "tariff_records")
    if isinstance(schedules, FeeSchedule):
        raise ConfigError(f"schedules must be one for each instrument, was {schedules.name} alone")
    if start_at is not None and (isinstance(start_at, bool) or not isinstance(start_at, (int, np.integer))):
        raise ConfigError(f"start_at must be a whole number of ns UTC, was {start_at!r}")
    for asset, schedule in enumerate(schedules):
        if schedule is not None and not isinstance(schedule, FeeSchedule):
            raise ConfigError(f"schedules[{asset}] must be a FeeSchedule or None, was {schedule!r}; fee_schedule(name) finds one")
    used = list(dict.fromkeys(schedule for schedule in schedules if schedule is not None))
    measures = {schedule.measure: schedule.name for schedule in used if schedule.tiered}
    if len(measures) > 1:
        named = ", ".join(f"{name} by {measure}" for measure, name in sorted(measures.items()))
        raise ConfigError(f"tiers of one account must look at one measure, were {named}; trade them in two accounts")
    first, parts, total = {}, [], 0
    for schedule in used:
        records = schedule.records()
        if not schedule.tiered:
            records["measure"] = [MEASURES[measure] for measure in measures] or records["measure"]
        since = records["from_at"][0]
        if start_at is not None and start_at < since:
            if extend != "backward":
                began = datetime.fromtimestamp(start_at // 1_000_000_000, UTC).date()
                raise DataError(
                    f"fee schedule {schedule.name} begins on {schedule.rows[0].from_date}, the tape on {began}; "
                    'begin later, or use its first rows before their date with extend="backward"'
                )
            records["from_at"][records["from_at"] == since] = np.iinfo(np.int64).min
        first[schedule] = total
        total += len(records)
        parts.append(records)
    firsts = np.array([0 if schedule is None else first[schedule] for schedule in schedules], np.int64)
    counts = np.array([0 if schedule is None else len(schedule.rows) for schedule in schedules], np.int64)
    return joined(parts, TARIFF), firsts, counts
