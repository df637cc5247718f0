"""Fees of US regulators on stocks: SEC Section 31, FINRA's trading activity fee (TAF), the consolidated audit trail's (CAT)."""

import math
from dataclasses import dataclass

from .schedule import FeeRow
from .source import Source

__all__ = ["CAT", "NEW_YORK_MIDNIGHT", "SEC", "TAF", "Part", "regulatory_rows"]

NEW_YORK_MIDNIGHT = 5  # hour UTC in winter; in summer it is 1 in the night there, and as little is traded


@dataclass(frozen=True, kw_only=True)
class Part:
    """One fee from a date on: fraction of sales (SEC), or dollars a share (TAF, CAT), with the most for one trade."""

    from_date: str
    rate: float
    cap: float = math.inf
    source: Source
    doubt: str = ""  # why it is not confirmed


ORDERS = Source(
    "Federal Register, yearly Order Making Annual Adjustments to Transaction Fee Rates (seen only in part)",
    "federalregister.gov/documents/2026/03/04/2026-04233",
)
DAY_UNSEEN = "the order's day and rate were not in the part that could be read"
FINRA_2014 = Source("FINRA Information Notice 3/3/14", "finra.org/rules-guidance/notices/information-notice-030314")
FINRA_2016 = Source("FINRA Information Notice 3/15/16", "finra.org/rules-guidance/notices/information-notice-031516")
KATTEN_2020 = Source(
    "Katten, New Rate for Fees Paid Under Section 31",
    "natlawreview.com/article/new-rate-fees-paid-under-section-31-exchange-act",
)
KATTEN_2021 = Source(
    "Katten, New Fees for Rate Paid Under Section 31",
    "natlawreview.com/article/new-fees-rate-paid-under-section-31-exchange-act",
)
STA_2025 = Source(
    "STA, Congrats stock traders (rate before and after 2025-05-14)",
    "securitytraders.org/ceo-desk/congrats-stock-traders-you-funded-the-sec-four-months-early",
)
SEC_2026 = Source(
    "SEC Release 34-104909, Fee Rate Advisory #2 for Fiscal Year 2026",
    "sec.gov/rules-regulations/fee-rate-advisories/2026-2",
    "quoted by several public fee tables",
)
ALPACA_PAGE = Source("Alpaca, Regulatory Fees", "alpaca.markets/support/regulatory-fees", "copies of 2024 and 2025")
MOTIF = Source("Motif, What are regulatory transaction fees", "motifinvesting.com/faq/what-are-regulatory-transaction-fees")
FINRA_SCHEDULE = Source(
    "FINRA fee adjustment schedule of SR-FINRA-2024-019",
    "finra.org/rules-guidance/rule-filings/sr-finra-2024-019/fee-adjustment-schedule",
    "quoted by several public fee tables",
)
TAF_PAUSE = Source(
    "SEC Release 34-106409 (SR-FINRA-2026-021)",
    "sec.gov/files/rules/sro/finra/2026/34-106409.pdf",
    "quoted by several public fee tables",
)
CAT_FAQ = Source("CAT NMS Plan, FAQ V6", "catnmsplan.com/faq/v6")
CAT_2025 = Source(
    "Federal Register 2025-12711 (CAT Fee 2025-2)",
    "govinfo.gov/content/pkg/FR-2025-07-09/html/2025-12711.htm",
)
CAT_2026 = Source(
    "FINRA Rule 6897 (CAT Fee 2026-1, Historical CAT Assessment 1A)",
    "finra.org/rules-guidance/rulebooks/finra-rules/6897-0",
    "quoted by several public fee tables",
)

SEC = (
    Part(from_date="2014-03-18", rate=22.10e-6, source=FINRA_2014),
    Part(from_date="2015-02-14", rate=18.40e-6, source=ORDERS, doubt=DAY_UNSEEN),
    Part(from_date="2016-02-16", rate=21.80e-6, source=FINRA_2016, doubt="the rate is confirmed, the day not"),
    Part(from_date="2017-07-04", rate=23.10e-6, source=MOTIF, doubt="the rate is confirmed, the day not"),
    Part(from_date="2018-05-22", rate=13.00e-6, source=ORDERS, doubt=DAY_UNSEEN),
    Part(from_date="2019-04-16", rate=20.70e-6, source=KATTEN_2020, doubt="the rate is confirmed, the day not"),
    Part(from_date="2020-02-18", rate=22.10e-6, source=KATTEN_2020),
    Part(from_date="2021-02-25", rate=5.10e-6, source=KATTEN_2021),
    Part(from_date="2022-05-14", rate=22.90e-6, source=ORDERS, doubt=DAY_UNSEEN),
    Part(from_date="2023-02-27", rate=8.00e-6, source=ORDERS, doubt=DAY_UNSEEN),
    Part(from_date="2024-05-22", rate=27.80e-6, source=STA_2025, doubt="the rate is confirmed, the day not"),
    Part(from_date="2025-05-14", rate=0.0, source=STA_2025),
    Part(from_date="2026-04-04", rate=20.60e-6, source=SEC_2026),
)
TAF = (
    Part(from_date="2012-07-01", rate=0.000119, cap=5.95, source=MOTIF),
    Part(from_date="2022-01-01", rate=0.000130, cap=6.49, source=FINRA_SCHEDULE, doubt="of that year no source was found"),
    Part(from_date="2023-01-01", rate=0.000145, cap=7.27, source=FINRA_SCHEDULE, doubt="of that year no official source was found"),
    Part(from_date="2024-01-01", rate=0.000166, cap=8.30, source=ALPACA_PAGE),
    Part(from_date="2026-01-01", rate=0.000195, cap=9.79, source=FINRA_SCHEDULE),
    Part(from_date="2026-10-01", rate=0.0, source=TAF_PAUSE),
    Part(from_date="2027-01-01", rate=0.000195, cap=9.79, source=TAF_PAUSE,
         doubt="sources disagree: the rate before the pause, or the $0.000232 (cap $11.61) of the schedule of 2024"),
)
CAT = (
    Part(from_date="2012-07-01", rate=0.0, source=CAT_FAQ),
    Part(from_date="2024-09-01", rate=0.000035, source=CAT_FAQ),
    Part(from_date="2024-10-01", rate=0.000048, source=CAT_FAQ),
    Part(from_date="2025-01-01", rate=0.000035, source=CAT_FAQ, doubt="CAT Fee 2025-1 ($0.000022) has no official source here"),
    Part(from_date="2025-07-01", rate=0.000022, source=CAT_2025),
    Part(from_date="2025-12-01", rate=0.0, source=CAT_2026, doubt="one source says that invoices paused after November 2025"),
    Part(from_date="2026-05-01", rate=0.000003, source=CAT_2026),
)
"""What executing brokers owe: the prospective fee and the historical assessment added."""


def _at(parts: tuple[Part, ...], day: str) -> Part:
    return [part for part in parts if part.from_date <= day][-1]


def regulatory_rows(
    start: str,
    tiers: tuple[dict[str, float], ...],
    *,
    cat: tuple[Part, ...] = CAT,
    both_per_unit: float = 0.0,
    fee_step: float = 0.0,
    sources: tuple[Source, ...],
    doubt_before: tuple[str, str] = ("", ""),
) -> tuple[FeeRow, ...]:
    """Return a broker's rows: its commission `tiers`, the same at all dates, with the regulators' fees at each date of change.

    Args:
        start: First date of the schedule.
        tiers: Commission fields of `FeeRow`, one mapping a tier.
        cat: The audit trail's fee as the broker passes it on.
        both_per_unit: The broker's other fees per share on both sides (clearing).
        fee_step: To what each fee is rounded up; 0 not at all.
        sources: Of the commission.
        doubt_before: A date before which the commission is not confirmed, and why.
    """
    later = {part.from_date for parts in (SEC, TAF, cat) for part in parts if part.from_date > start}
    rows: list[FeeRow] = []
    for day in sorted({start, *later}):
        found = {"SEC": _at(SEC, day), "TAF": _at(TAF, day), "CAT": _at(cat, day)}
        doubts = [f"{name}: {part.doubt}" for name, part in found.items() if part.doubt]
        if day < doubt_before[0]:
            doubts.append(doubt_before[1])
        rows += [
            FeeRow(
                from_date=day,
                sell_rate=found["SEC"].rate,
                sell_per_unit=found["TAF"].rate,
                sell_cap=found["TAF"].cap,
                both_per_unit=found["CAT"].rate + both_per_unit,
                fee_step=fee_step,
                fee_rounding="up",
                sources=tuple(dict.fromkeys((*sources, *(part.source for part in found.values())))),
                confirmed=not doubts,
                note="; ".join(doubts),
                **tier,  # type: ignore[arg-type]
            )
            for tier in tiers
        ]
    return tuple(rows)
