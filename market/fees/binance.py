"""Fees of Binance: spot, and USD-M perpetuals, by VIP level of volume."""

from typing import Any

from .maker_taker import Tier, maker_taker_rows
from .schedule import FeeSchedule
from .source import Source

__all__ = ["SPOT", "USDM"]

HOW = Source(
    "Binance, What is Binance Spot Trading Fee and How to Calculate",
    "binance.com/en-GB/support/faq/what-is-binance-spot-trading-fee-and-how-to-calculate-e85d6e703b874674840122196b89780a",
)
UPGRADE_2021 = Source(
    "Binance VIP Program Upgrade (2021-12-21)",
    "binance.com/en-IN/support/announcement/88ee9834fef947de96e01b77e888414e",
)
UPGRADE_2022 = Source(
    "Binance VIP Program Upgrade (2022-06-01)",
    "binance.com/en/support/announcement/40669f3da342426c87b083b659673316",
)
REVISED_2024 = Source(
    "Binance revises VIP program (VIP 4 from 75 million)",
    "cryptoflexs.com/binance-revises-vip-program-new-spot-and-margin-trading-fees-for-vip-users",
)
FUTURES_FAQ = Source("Binance Futures Fee Structure & Fee Calculations", "binance.com/fr/support/faq/360033544231")
FUTURES_OLD = Source("Fee Schedule of Binance Futures (2020-06-11)", "binance.com/en/support/articles/360033544231")
FUTURES_INDEX = Source(
    "loweef Crypto Futures Fee Index",
    "huggingface.co/datasets/loweef/crypto-futures-fees",
    "Binance checked 2026-10-12",
)
FUTURES_VIP = Source("babianfox, Binance Futures Fee Schedule", "babianfox.com/en/kb/binance-futures-fee")

VIP_2024 = "of VIP 3 to 9 no page of Binance was found: without a source"
VIP_FUTURES = "VIP rates stand in pages of others only; thresholds, five times those of spot by Binance's FAQ, without a source"
OLD_FUTURES = "taking at 0.04 % and the VIP rates without a source; the 15 million of VIP 1 are confirmed"
NEW_DAY = "both rates are confirmed; the day on which taking rose from 0.04 % to 0.05 % was not found"

LEVELS = (0, 1e6, 5e6, 2e7, 1.2e8, 2e8, 5e8, 1e9, 2.5e9, 5e9)
LEVELS_2024 = (0, 1e6, 5e6, 2e7, 7.5e7, 1.5e8, 4e8, 8e8, 2e9, 4e9)
FUTURES_LEVELS = (0, 1.5e7, 5e7, 1e8, 6e8, 1e9, 2.5e9, 5e9, 1.25e10, 2.5e10)
FUTURES_MAKER = (2, 1.6, 1.4, 1.2, 1, 0.8, 0.6, 0.4, 0.2, 0)
FUTURES_TAKER = (5, 4, 3.5, 3.2, 3, 2.7, 2.5, 2.2, 2, 1.7)


def _tiers(levels: tuple[float, ...], makers: tuple[float, ...], takers: tuple[float, ...]) -> tuple[Tier, ...]:
    return tuple(zip(levels, makers, takers, strict=True))


FUTURES = _tiers(FUTURES_LEVELS, FUTURES_MAKER, FUTURES_TAKER)
COIN: dict[str, Any] = {"currency": "received", "commission_step": 1e-8, "commission_rounding": "down"}
USDT: dict[str, Any] = {"commission_step": 1e-8, "commission_rounding": "down"}

SPOT = FeeSchedule(
    venue="binance",
    product="spot",
    rows=(
        *maker_taker_rows(
            "2021-12-21",
            _tiers(LEVELS, (10, 9, 8, 7, 7, 6, 5, 4, 3, 2), (10, 10, 10, 10, 9, 8, 7, 6, 5, 4)),
            (HOW, UPGRADE_2021, UPGRADE_2022),
            **COIN,
        ),
        *maker_taker_rows(
            "2022-06-01", _tiers(LEVELS, (10, 9, 8, 7, *[2] * 6), (10, 10, 10, 10, *[4] * 6)), (HOW, UPGRADE_2022), **COIN
        ),
        *maker_taker_rows(
            "2024-07-18",
            _tiers(LEVELS_2024, (10, 9, 8, 4, 4, 2.5, 2, 1.9, 1.6, 1.1), (10, 10, 10, 6, 5.2, 3.1, 2.9, 2.8, 2.5, 2.3)),
            (HOW, REVISED_2024),
            doubts=dict.fromkeys(LEVELS_2024[3:], VIP_2024),
            **COIN,
        ),
    ),
    discounts=(("bnb", 0.25),),
    note="levels by volume alone, where Binance asks for a holding of BNB too; charged in what is received, cut to eight "
    "decimals (the venue says eight, not in which direction); without pairs on promotion; a date begins at 00:00 UTC, "
    "changes came at 06:00 or 08:00",
)

USDM = FeeSchedule(
    venue="binance",
    product="usdm",
    rows=(
        *maker_taker_rows(
            "2021-12-21",
            _tiers(FUTURES_LEVELS, FUTURES_MAKER, (4, *FUTURES_TAKER[1:])),
            (UPGRADE_2021, FUTURES_OLD),
            doubt=OLD_FUTURES,
            **USDT,
        ),
        *maker_taker_rows("2024-01-01", FUTURES, (FUTURES_FAQ, FUTURES_VIP), doubt=VIP_FUTURES, doubts={0: NEW_DAY}, **USDT),
        *maker_taker_rows(
            "2026-10-12", FUTURES, (FUTURES_FAQ, FUTURES_INDEX, FUTURES_VIP), doubt=VIP_FUTURES, doubts={0: ""}, **USDT
        ),
    ),
    discounts=(("bnb", 0.10),),
    note="levels by volume alone; charged in USDT, cut to eight decimals; the rows of 2026-10-12 repeat what was in force "
    "when it was checked",
)
