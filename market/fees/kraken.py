"""Fees of Kraken Pro, spot crypto: maker and taker by the volume of 30 days."""

from .maker_taker import maker_taker_rows
from .schedule import FeeSchedule
from .source import Source

__all__ = ["SPOT"]

BLOG_2014 = Source(
    "Kraken, Reduced Trade Fees Coming August 1st (0 to 0.16 % and 0.10 to 0.26 %)",
    "blog.kraken.com/news/reduced-trade-fees-coming-august-1st",
)
SUPPORT = Source("Kraken, How are trading volume discounts calculated", "support.kraken.com/hc/it-it/articles/202966886")
BLOG_2025 = Source(
    "Kraken, Announcing maker rebates on select spot pairs (taker fees of all pairs), 2025-06-26",
    "the-crypto-news.com/wallets-and-exchanges/announcing-maker-rebates-on-select-spot-pairs",
)
PLANS_2026 = Source(
    "Kraken Pro spot fee schedule as of 2026-05-30",
    "github.com/api-evangelist/kraken/blob/main/plans/kraken-plans-pricing.yml",
)
CHANGE_2026 = Source(
    "Kraken, Cross-platform fee tier changes (July 2026)",
    "support.kraken.com/articles/cross-platform-fee-tier-changes",
    "quoted by several public pages",
)

EARLIER = "both rates are confirmed; their first day is earlier"
OTHERS = "stands in pages of others only"
TAKER_ONLY = "the taker rate is confirmed, the maker rate is that of the years before"

OLD = (
    (0, 16, 26), (5e4, 14, 24), (1e5, 12, 22), (2.5e5, 10, 20), (5e5, 8, 18), (1e6, 6, 16), (2.5e6, 4, 14), (5e6, 2, 12),
    (1e7, 0, 10),
)  # fmt: skip
MIDDLE = ((0, 25, 40), (1e4, 20, 35), *OLD[1:], (1e8, 0, 8))
NEW = (
    (0, 40, 80), (2.5e3, 30, 60), (1e4, 22, 38), (2.5e4, 20, 35), (5e4, 15, 30), (1e5, 12, 25), (2.5e5, 10, 22), (5e5, 8, 20),
    (1e6, 6, 18), (2.5e6, 4, 15), (5e6, 2, 12), (1e7, 0, 10),
)  # fmt: skip

SPOT = FeeSchedule(
    venue="kraken",
    product="spot",
    rows=(
        *maker_taker_rows("2018-02-01", OLD, (BLOG_2014, SUPPORT), doubt=OTHERS, doubts={0: EARLIER, 5e4: EARLIER}),
        *maker_taker_rows("2023-10-01", MIDDLE, (BLOG_2025, PLANS_2026), doubt="in force later; its first day was not found"),
        *maker_taker_rows(
            "2025-06-26", MIDDLE, (BLOG_2025, PLANS_2026), doubts=dict.fromkeys((2.5e5, 1e6, 2.5e6, 5e6, 1e8), TAKER_ONLY)
        ),
        *maker_taker_rows("2026-07-09", NEW, (CHANGE_2026,)),
    ),
    note="charged in the quote currency (Kraken lets the order choose), not rounded; tiers by spot volume alone, where since "
    "2026-07-09 assets held and futures count too; without pairs of stablecoins and currencies, and without maker "
    "rebates of select pairs; the rows of 2025-06-26 repeat what was seen in force then",
)
