"""Real files beside the checkout; skipped where they are absent."""

from pathlib import Path

import numpy as np
import pytest

from quantgym.data.contract import check_tape
from quantgym.data.fault import FaultKind
from quantgym.data.importer import import_file, inspect_file
from quantgym.data.instant import iso
from quantgym.market.errors import DataError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def shared(name):
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside the checkout")
    return path


def counts(faults):
    return {kind.name: sum(fault.count for fault in faults if fault.kind is kind) for kind in {fault.kind for fault in faults}}


def test_crypto_hours_have_gaps_and_bars_without_volume():
    path = shared("crypto_1h_2017_2021/binance_1h.parquet")
    assert counts(inspect_file(path)) == {"NO_VOLUME": 368, "GAP": 16}
    tape = import_file(path)
    check_tape(tape)
    assert tape.symbols == ("BTCUSDT", "ETHUSDT", "LTCUSDT")
    assert tape.tradable.sum() == 101_874 - 368


def test_the_dirty_daily_file_is_refused_and_cleaned():
    path = shared("us_djia_daily_2006_2018/djia31_daily.parquet")
    breaking = [fault for fault in inspect_file(path, calendar="XNYS") if fault.kind.breaking]
    assert counts(breaking) == {"MISSING_PRICE": 25, "OHLC": 151, "NOT_POSITIVE": 1}
    with pytest.raises(DataError, match=r"25 bars with a missing price .* in 24 assets, first DIS at 2012-08-01"):
        import_file(path, calendar="XNYS")
    tape = import_file(path, calendar="XNYS", policy="mask")
    check_tape(tape)
    assert tape.tradable.sum() == 93_612 - 25 - 151 - 1


def test_unadjusted_splits_of_daily_stocks_are_reported():
    path = shared("lean_equity_daily_1998_2018/us_daily_dev_to_2018.parquet")
    jumps = {fault.symbol: fault.rows for fault in inspect_file(path, calendar="XNYS") if fault.kind is FaultKind.JUMP}
    tape = import_file(path, calendar="XNYS")
    days = [iso(tape.open_at[row])[:10] for row in jumps["AAPL"]]
    assert {"2000-06-21", "2005-02-28", "2014-06-09"} <= set(days)  # its splits; 2000-09-29 is real and reported as well


def test_adjusted_closes_of_500_stocks_give_known_special_dividends():
    path = shared("us_stocks_daily_2015_2018/sp500_daily_dev_to_2018.parquet")
    with pytest.raises(DataError, match="1 bars that violate low <= open, close <= high, first DXC at 2018-06-01"):
        import_file(path, calendar="XNYS")
    tape = import_file(path, calendar="XNYS", policy="mask")
    check_tape(tape)
    assert any("1 adjusted closes that contradict the closes, first DHR at 2016-07-05" in note for note in tape.notes)
    for symbol, day, cash in (("LDOS", "2016-08-17", 13.64), ("EQR", "2016-03-01", 8.0), ("BKR", "2017-07-05", 17.5)):
        row = tape.row_at(f"{day}T23:00")
        assert tape.dividend[row, tape.index_of(symbol)] == pytest.approx(cash, abs=0.001)


def test_gold_and_fx_hours_bring_their_spread():
    tape = import_file(shared("lean_fx_gold_hour_2006_2019/fx_gold_hour.parquet"), price_side="mid")
    spread = tape.terms["spread"][:, tape.index_of("EURUSD")]
    assert 1e-5 < np.nanmedian(spread) < 1e-3
    assert tape.instruments[0].volume_unit is None
