"""`sample:eurusd-1h`: hourly ASK prices of EURUSD in 2017, from gym-anytrading (MIT)."""

import numpy as np
import polars as pl

from ..market.instrument import Instrument
from .instant import HOUR
from .record import bar_records, clock_records
from .sample import sample_file, sample_frame
from .sanity import find_faults, refuse
from .tape import Tape

__all__ = ["read_sample"]

NAME = "sample:eurusd-1h"
PACKAGE, VERSION = "gym-anytrading", "2.0.0"
FILE = "gym_anytrading/datasets/data/FOREX_EURUSD_1H_ASK.csv"
COLUMNS = {"Time": "time", "Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume"}
NOTES = (
    "prices are ASK quotes: bid, middle and spread are not recorded, so rules decide the spread",
    "volume has an unknown unit and cannot limit participation",
    "weekends are gaps: Friday 21:00 or 22:00 UTC to Sunday 21:00 or 22:00 UTC, with New York's summer time; 25 December is short",
)
# A micro lot, the step that retail FX brokers offer; a pipette is the step in which the file is quoted.
MICRO_LOT, PIPETTE = 1_000.0, 1e-5


def read_sample() -> Tape:
    """Return the tape, read from the installed package's file; times in it are the opens of the bars in UTC.

    Raises:
        DataError: The package is missing or its file is not what was checked.
    """
    frame = sample_frame(sample_file(PACKAGE, VERSION, FILE), COLUMNS)
    times = frame["time"].str.to_datetime("%d.%m.%Y %H:%M:%S%.3f", time_unit="ns")
    open_at = times.cast(pl.Int64).to_numpy()
    columns = [frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")]
    clock, bars = clock_records(open_at, open_at + HOUR), bar_records(*columns)
    refuse(NAME, find_faults(clock, bars, ["EURUSD"], np.ones(bars.shape, bool)))
    instrument = Instrument(
        symbol="EURUSD", tick=PIPETTE, lot=MICRO_LOT, quote_currency="USD", calendar="24/5", volume_unit=None, price_side="ask"
    )
    return Tape.build(NAME, [instrument], clock, bars, notes=NOTES)
