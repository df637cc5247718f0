"""The fee schedules by name."""

from ..errors import UnknownNameError
from . import alpaca, binance, coinbase, ibkr, kraken
from .schedule import FeeSchedule

__all__ = ["FEE_SCHEDULES", "fee_schedule"]

FEE_SCHEDULES: dict[str, FeeSchedule] = {
    schedule.name: schedule
    for schedule in (
        alpaca.EQUITIES,
        alpaca.CRYPTO,
        ibkr.US_STOCKS_FIXED,
        ibkr.US_STOCKS_TIERED,
        binance.SPOT,
        binance.USDM,
        coinbase.ADVANCED,
        kraken.SPOT,
    )
}


def fee_schedule(name: str, *, discount: str | None = None) -> FeeSchedule:
    """Return the fee schedule `name` (`venue/product`).

    Args:
        name: One of `FEE_SCHEDULES`.
        discount: Name of a discount of that schedule (`bnb` at Binance); None: without.

    Raises:
        UnknownNameError: No such schedule, or it has no such discount.
    """
    if name not in FEE_SCHEDULES:
        raise UnknownNameError("fee schedule", str(name), FEE_SCHEDULES)
    schedule = FEE_SCHEDULES[name]
    return schedule if discount is None else schedule.discounted(discount)
