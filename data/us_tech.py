"""`sample:us-tech`: AAPL, IBM, MSFT, GOOG and FB, daily, 2000-03-01 to 2013-03-01, from bokeh_sampledata (public domain)."""

import numpy as np

from ..market.instrument import Instrument
from .align import align
from .calendar import daily_clock
from .corporate import derive_actions
from .record import carried, term_records
from .sample import sample_file, sample_frame
from .sanity import find_faults, refuse
from .tape import Tape

__all__ = ["read_sample"]

NAME = "sample:us-tech"
PACKAGE, VERSION = "bokeh_sampledata", "2026.1"
FILE = "bokeh_sampledata/_data/stocks.csv.gz"
SYMBOLS = {"AAPL": "XNAS", "IBM": "XNYS", "MSFT": "XNAS", "GOOG": "XNAS", "FB": "XNAS"}
COLUMNS = {"Ticker": "symbol", "Date": "day", "Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume",
           "Adj Close": "adjusted"}  # fmt: skip
DECIMALS = 6  # of dividends; what is beyond them is the rounding of binary fractions
NOTES = (
    "closes are raw; 3 splits and 92 dividends, to the cent as paid, are derived from the jumps of the adjusted close",
    "GOOG is listed from 2004-08-19 and FB from 2012-05-18; five survivors chosen afterwards prove nothing about a strategy",
)


def read_sample() -> Tape:
    """Return the tape, read from the installed package's file.

    Raises:
        DataError: The package is missing or its file is not what was checked.
    """
    frame = sample_frame(sample_file(PACKAGE, VERSION, FILE), COLUMNS)
    days = frame["day"].str.to_date().to_numpy().astype("datetime64[ns]").astype(np.int64)
    columns = {name: frame[name].cast(float).to_numpy() for name in ("open", "high", "low", "close", "volume", "adjusted")}
    aligned = align(frame["symbol"].to_numpy(), days, columns, list(SYMBOLS))
    clock = daily_clock(aligned.at.astype("datetime64[ns]"), "XNYS")
    recorded, bars = aligned.recorded, aligned.bars
    refuse(NAME, find_faults(clock, bars, aligned.symbols, recorded, calendar="XNYS"))
    split, dividend = np.ones(bars.shape), np.zeros(bars.shape)
    for asset in range(len(SYMBOLS)):
        rows = np.flatnonzero(recorded[:, asset])
        # WIKI, the source of the file, relates dividends to the close of the ex date: so they come out in whole cents
        actions = derive_actions(bars["close"][rows, asset], aligned.extras["adjusted"][rows, asset], base="ex")
        split[rows, asset], dividend[rows, asset] = actions.split, np.round(actions.dividend, DECIMALS)
    instruments = [Instrument(symbol=symbol, venue=venue, calendar="XNYS") for symbol, venue in SYMBOLS.items()]
    terms = term_records(bars.shape, split=split, dividend=dividend)
    return Tape.build(NAME, instruments, clock, carried(bars, recorded), terms, notes=NOTES)
