"""Fees of Alpaca: US stocks without commission, crypto by maker and taker."""

from .maker_taker import maker_taker_rows
from .schedule import FeeSchedule
from .source import Source
from .us_regulatory import ALPACA_PAGE, CAT_2026, CAT_FAQ, NEW_YORK_MIDNIGHT, Part, regulatory_rows

__all__ = ["CRYPTO", "EQUITIES"]

FEE_PDF = Source(
    "Alpaca, Brokerage Fee Schedule revised 2026-10-01",
    "files.alpaca.markets/disclosures/library/BrokFeeSched.pdf",
    "quoted by public fee tables",
)
FEE_BLOG = Source("Alpaca, REG/TAF Fee Updates", "alpaca.markets/blog/reg-taf-fees")
CRYPTO_2022 = Source("Alpaca, Crypto Fees", "alpaca.markets/docs/crypto/activities", "with a sample of 2022-08-12")
CRYPTO_2023 = Source("Alpaca, What is Maker / Taker", "alpaca.markets/support/crypto-maker-taker-gmt-faq")

DOCS_PAGE = Source("Alpaca, Regulatory Fees", "docs.alpaca.markets/docs/regulatory-fees", "copy of 2025")

CAT = (
    Part(from_date="2012-07-01", rate=0.0, source=CAT_FAQ),
    Part(from_date="2024-09-01", rate=0.000046, source=DOCS_PAGE, doubt="its day was not found"),
    Part(from_date="2025-01-01", rate=0.000053, source=ALPACA_PAGE, doubt="its day was not found (before 2025-05-14)"),
    Part(from_date="2025-07-01", rate=0.0000265, source=ALPACA_PAGE),
    Part(from_date="2025-12-01", rate=0.0, source=CAT_FAQ, doubt="whether Alpaca paused it with the invoices was not found"),
    Part(from_date="2026-05-01", rate=0.000003, source=CAT_2026),
)
"""What Alpaca charges customers; until 2025 it was more than an executing broker's own fee."""

EQUITIES = FeeSchedule(
    venue="alpaca",
    product="equities",
    rows=regulatory_rows("2020-02-18", ({},), cat=CAT, fee_step=0.01, sources=(FEE_PDF, FEE_BLOG)),
    day_start_hour=NEW_YORK_MIDNIGHT,
    note="no commission (without the Elite router's); each fee is rounded up to the cent fill by fill, as Alpaca did from "
    "February to April 2021; now it rounds the sum of an account's day, so that many small sales are charged too much "
    "here",
)

CRYPTO = FeeSchedule(
    venue="alpaca",
    product="crypto",
    rows=(
        *maker_taker_rows(
            "2022-08-12",
            ((0, 25, 25), (5e5, 22, 22), (1e6, 20, 20), (5e6, 18, 18), (1e7, 15, 15), (2.5e7, 13, 13), (5e7, 10, 10), (1e8, 8, 8)),
            (CRYPTO_2022,),
            doubt="in force on that day by the sample on the page; its first day was not found",
            currency="received",
            commission_step=1e-9,
        ),
        *maker_taker_rows(
            "2023-03-13",
            ((0, 15, 25), (1e5, 12, 22), (5e5, 10, 20), (1e6, 8, 18), (1e7, 5, 15), (2.5e7, 2, 13), (5e7, 2, 12), (1e8, 0, 10)),
            (CRYPTO_2023,),
            currency="received",
            commission_step=1e-9,
        ),
    ),
    note="charged in what is received, to nine decimals; the direction of rounding is not published: nearest",
)
