"""Fees of Coinbase Advanced: maker and taker by the volume of 30 days."""

from .maker_taker import maker_taker_rows
from .schedule import FeeSchedule
from .source import Source

__all__ = ["ADVANCED"]

PAGE = Source(
    "Coinbase Advanced fees (the rules; the table needs an account)",
    "help.coinbase.com/en/coinbase/trading-and-funding/advanced-trade/advanced-trade-fees",
)
ACCOUNT = Source(
    "Public fee notes of users of the Advanced API: tier Intro 1, 0.60 % and 1.20 %",
    "docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/fees/get-transaction-summary",
    "quoted by several, January 2026 and later",
)
MAKERS = Source(
    "velc0m/tradr, maker rates and thresholds, January 2025",
    "github.com/velc0m/tradr/blob/main/docs/features/fee-tiers.md",
)
OLD_DOUBT = "without a source: Coinbase shows its table to account holders only"
NEW_DOUBT = "the maker rate and the threshold stand in a page of others, the taker rate has no source"

OLD = (
    (0, 40, 60), (1e4, 25, 40), (5e4, 15, 25), (1e5, 10, 20), (1e6, 8, 18), (1.5e7, 6, 16), (7.5e7, 3, 12), (2.5e8, 0, 8),
    (4e8, 0, 5),
)  # fmt: skip
NEW = (
    (0, 60, 120), (1e4, 40, 80), (2.5e4, 25, 50), (7.5e4, 12.5, 25), (2.5e5, 7.5, 15), (5e5, 6, 12.5), (1e6, 5, 10), (5e6, 4, 8),
    (1e7, 2.5, 6), (2e7, 1, 5), (5e7, 0, 4.5),
)  # fmt: skip

ADVANCED = FeeSchedule(
    venue="coinbase",
    product="advanced",
    rows=(
        *maker_taker_rows("2022-03-01", OLD, (PAGE,), doubt=OLD_DOUBT),
        *maker_taker_rows(
            "2025-01-01", NEW, (PAGE, MAKERS), doubt=NEW_DOUBT, doubts={0: "rates of 2026; their first day was not found"}
        ),
        *maker_taker_rows("2026-01-01", NEW, (PAGE, ACCOUNT, MAKERS), doubt=NEW_DOUBT, doubts={0: ""}),
    ),
    note="charged in the quote currency, not rounded; the tier is that of the day, where Coinbase looks every hour and keeps "
    "it from when the order was placed; without stable pairs, Coinbase One and assets held; the rows of 2026-01-01 "
    "repeat what was seen in force then",
)
