"""What is traded: its grid, its venue and its currency."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from .errors import ConfigError

__all__ = ["INSTRUMENT", "Instrument", "PriceSide", "instrument_records"]

PriceSide = Literal["trade", "mid", "bid", "ask"]

INSTRUMENT = np.dtype(
    [
        ("tick", "f8"),
        ("lot", "f8"),
        ("multiplier", "f8"),
        ("min_notional", "f8"),
        ("volume_known", "f8"),  # 1: volumes are in units, 0: their unit is unknown (no impact, no participation)
        ("liquidity", "f8"),  # units a bar to which displacement is measured; 0 where no model needs it
        ("tariff_first", "i8"),  # its rows of TARIFF; count 0: the rules' own rates
        ("tariff_count", "i8"),
        ("bracket_first", "i8"),  # its rows of BRACKET; count 0: the rules' own maintenance rate
        ("bracket_count", "i8"),
    ]
)
"""The part of an instrument that the kernel reads; tapes hold shape (A,)."""


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """One tradable instrument.

    Attributes:
        symbol: Name on the tape, unique there.
        tick: Smallest price step, quote currency per unit.
        lot: Smallest quantity step, units.
        multiplier: Quote currency per unit and point of price; 1 for stocks and spot.
        min_notional: Smallest order value in quote currency; 0 none.
        quote_currency: ISO code or coin in which the price is quoted.
        venue: Name of the venue; `sim` where it is nobody's.
        calendar: Name of the session calendar (`XNYS`, `24/7`, `24/5`).
        volume_unit: Units that one unit of recorded volume stands for, or None where the volume's unit is unknown.
        price_side: What the recorded prices are: trades, or one side or the middle of the quotes.
        sector: Name of the sector, or None where it is unknown.
    """

    symbol: str
    tick: float = 0.01
    lot: float = 1.0
    multiplier: float = 1.0
    min_notional: float = 0.0
    quote_currency: str = "USD"
    venue: str = "sim"
    calendar: str = "24/7"
    volume_unit: float | None = 1.0
    price_side: PriceSide = "trade"
    sector: str | None = None

    def __post_init__(self) -> None:
        for name in ("tick", "lot", "multiplier"):
            value = getattr(self, name)
            if not (value > 0.0 and np.isfinite(value)):
                raise ConfigError(f"instrument {self.symbol}: {name} must be positive and finite, was {value}")
        if self.price_side not in get_args(PriceSide):
            sides = ", ".join(get_args(PriceSide))
            raise ConfigError(f"instrument {self.symbol}: price_side must be one of {sides}, was {self.price_side!r}")


def instrument_records(instruments: tuple[Instrument, ...]) -> np.ndarray:
    """Return the kernel's records of `instruments`, shape (A,)."""
    records = np.zeros(len(instruments), INSTRUMENT)
    for name in ("tick", "lot", "multiplier", "min_notional"):
        records[name] = [getattr(instrument, name) for instrument in instruments]
    records["volume_known"] = [0.0 if instrument.volume_unit is None else 1.0 for instrument in instruments]
    return records
