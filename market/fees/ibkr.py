"""Fees of Interactive Brokers for US stocks: fixed and tiered, both with a minimum and a cap of an order."""

from .schedule import FeeSchedule
from .source import Source
from .us_regulatory import CAT_2026, CAT_FAQ, NEW_YORK_MIDNIGHT, Part, regulatory_rows

__all__ = ["US_STOCKS_FIXED", "US_STOCKS_TIERED"]

PAGE = Source(
    "Interactive Brokers, Commissions Stocks",
    "interactivebrokers.co.uk/en/pricing/commissions-stocks.php",
    "copy of 2024 or 2025; the same in quotes of 2026-10-09",
)
OLDER = Source("IUR Securities on IBKR's plans", "iursecurities.com/commissions", "copy of 2019")

NOT_FOUND = "what IBKR passed on then was not found: the regulator's rate"

CAT = (
    Part(from_date="2012-07-01", rate=0.0, source=CAT_FAQ),
    Part(from_date="2024-09-01", rate=0.000035, source=CAT_FAQ, doubt=NOT_FOUND),
    Part(from_date="2024-10-01", rate=0.000072, source=PAGE, doubt="its days were not found (before 2025-05-14)"),
    Part(from_date="2025-07-01", rate=0.000022, source=CAT_FAQ, doubt=NOT_FOUND),
    Part(from_date="2025-12-01", rate=0.0, source=CAT_FAQ, doubt="whether IBKR paused it with the invoices was not found"),
    Part(from_date="2026-05-01", rate=0.000003, source=CAT_2026),
)
START = "2014-03-18"
CLEARING = 0.00020  # NSCC and DTC, a share
TIERS = ((0.0, 0.0035), (300_001.0, 0.0020), (3_000_001.0, 0.0015), (20_000_001.0, 0.0010), (100_000_001.0, 0.0005))

US_STOCKS_FIXED = FeeSchedule(
    venue="ibkr",
    product="us_stocks_fixed",
    rows=regulatory_rows(
        START,
        ({"per_unit": 0.005, "min_order": 1.0, "max_rate": 0.01},),
        cat=CAT,
        sources=(PAGE, OLDER),
        doubt_before=("2019-04-16", "the commission is confirmed for 2019 and later"),
    ),
    day_start_hour=NEW_YORK_MIDNIGHT,
    note="without the lower minimum of fractional shares; an order that works for several days has one minimum, where IBKR "
    "counts one a day",
)

US_STOCKS_TIERED = FeeSchedule(
    venue="ibkr",
    product="us_stocks_tiered",
    rows=regulatory_rows(
        START,
        tuple({"min_volume": volume, "per_unit": fee, "min_order": 0.35, "max_rate": 0.01} for volume, fee in TIERS),
        cat=CAT,
        both_per_unit=CLEARING,
        sources=(PAGE,),
        doubt_before=("2024-05-22", "the commission is confirmed for 2024 and later"),
    ),
    measure="units",
    day_start_hour=NEW_YORK_MIDNIGHT,
    note="tiers by the shares of 30 days, where IBKR counts the calendar month and applies a tier to the shares beyond it; "
    "with clearing ($0.0002 a share); without exchange fees and rebates, which depend on the route (taking costs about "
    "$0.003 a share), and without the pass-through of NYSE and FINRA (0.07 % of the commission)",
)
