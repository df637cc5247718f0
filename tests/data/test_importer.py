from typing import Any

import numpy as np
import polars as pl
import pytest

from quantgym.data.contract import check_tape
from quantgym.data.importer import import_file, inspect_file
from quantgym.data.instant import iso
from quantgym.market.errors import ConfigError, DataError

HEADER = "timestamp,open,high,low,close,volume"
ROWS = (
    "2020-01-01T00:00:00,10,12,9,11,100",
    "2020-01-01T01:00:00,11,13,10,12,200",
    "2020-01-01T02:00:00,12,14,11,13,300",
    "2020-01-01T03:00:00,13,15,12,14,400",
)


def written(path, header=HEADER, rows=ROWS):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def replaced(index, row):
    return (*ROWS[:index], row, *ROWS[index + 1 :])


def test_a_csv_of_one_asset_becomes_a_tape(tmp_path):
    tape = import_file(written(tmp_path / "btc.csv"))
    check_tape(tape)
    assert (tape.name, tape.symbols, tape.n_rows, tape.close_only, tape.has_terms) == ("btc", ("btc",), 4, False, False)
    assert tape.bars[1, 0].tolist() == (11, 13, 10, 12, 200, 1, 1, 0, 0)
    assert [iso(at) for at in tape.close_at] == ["2020-01-01 01:00", "2020-01-01 02:00", "2020-01-01 03:00", "2020-01-01 04:00"]
    assert tape.notes == ("imported from btc.csv, timeframe 1h, policy refuse",)
    assert (tape.instruments[0].tick, tape.instruments[0].lot, tape.instruments[0].calendar) == (1.0, 1.0, "24/5")


def test_names_and_options_are_taken(tmp_path):
    market: dict[str, Any] = {"symbol": "BTC", "currency": "EUR", "tick": 0.5, "lot": 0.1}
    times: dict[str, Any] = {"timeframe": "30m", "calendar": "24/7", "stamp": "close", "timezone": "Europe/Berlin"}
    tape = import_file(written(tmp_path / "x.csv"), "mine", **market, **times)
    instrument = tape.instruments[0]
    assert (tape.name, tape.symbols, tape.currency, instrument.quote_currency) == ("mine", ("BTC",), "EUR", "EUR")
    assert (instrument.tick, instrument.lot) == (0.5, 0.1)
    # stamped 00:00 in Berlin with its close: 22:30 to 23:00 UTC
    assert (iso(tape.open_at[0]), iso(tape.close_at[0])) == ("2019-12-31 22:30", "2019-12-31 23:00")


def test_a_parquet_of_several_assets_is_aligned_on_the_union_of_times(tmp_path):
    columns = {"symbol": ["B", "B", "A", "A"], "t": [0, 7200, 3600, 7200], "close": [1.5, 2.0, 30.0, 31.0], "sector": ["Tech"] * 4}
    frame = pl.DataFrame(columns)
    frame = frame.with_columns(t=pl.from_epoch("t"), open=pl.col("close"), high=pl.col("close"), low=pl.col("close"))
    frame.write_parquet(tmp_path / "two.parquet")
    tape = import_file(tmp_path / "two.parquet")
    check_tape(tape)
    assert tape.symbols == ("A", "B")
    assert tape.tradable.tolist() == [[0, 1], [1, 0], [1, 1]]
    assert tape.present.tolist() == [[0, 1], [1, 1], [1, 1]]
    assert tape.close.tolist() == [[0, 1.5], [30, 1.5], [31, 2]]
    assert tape.instruments[0].volume_unit is None  # the file has no volume
    assert tape.instruments[0].sector == "Tech"
    assert "1 missing bars, first B at 1970-01-01 01:00" in tape.notes


@pytest.mark.parametrize("column", ["{asset}_{part}", "{part}_{asset}", "{part} {asset}", "{asset}.{part}"])
def test_a_wide_table_in_any_spelling_is_read(tmp_path, column):
    parts = ("open", "high", "low", "close", "volume")
    header = ",".join(["Date", *(column.format(asset=asset, part=part.title()) for asset in ("AAPL", "BRK_B") for part in parts)])
    rows = ("2020-01-02,1,1,1,1,5,,,,,", "2020-01-03,1,2,1,2,5,7,7,7,7,9")
    tape = import_file(written(tmp_path / "wide.csv", header, rows), timeframe="1d")
    check_tape(tape)
    assert tape.symbols == ("AAPL", "BRK_B")
    assert tape.tradable.tolist() == [[1, 0], [1, 1]]
    assert tape.bars[1, 1].tolist() == (7, 7, 7, 7, 9, 1, 1, 1, 1)


def test_closes_alone_make_a_close_only_tape(tmp_path):
    tape = import_file(written(tmp_path / "c.csv", "Date,Close", ("2020-01-02,10.5", "2020-01-03,11.25")))
    assert tape.close_only
    assert tape.bars[1, 0].tolist() == (11.25, 11.25, 11.25, 11.25, 0, 1, 1, 1, 1)


def test_unusual_names_are_passed_and_vendors_names_are_known(tmp_path):
    rows = ("20200102,1,2,1,2", "20200103,2,3,2,3")
    own = written(tmp_path / "own.csv", "when,first,top,bottom,final", rows)
    names = {"time": "when", "open": "first", "high": "top", "low": "bottom", "close": "final"}
    vendor = written(tmp_path / "own2.csv", "<DATE>;1. open;2. high;3. low;4. close", [row.replace(",", ";") for row in rows])
    assert import_file(own, columns=names, symbol="S").digest == import_file(vendor, symbol="S").digest
    with pytest.raises(DataError, match="no column of times among when, first"):
        import_file(own)
    with pytest.raises(DataError, match="no column 'wen'; did you mean when"):
        import_file(own, columns=names | {"time": "wen"})
    with pytest.raises(ConfigError, match="unknown field 'clos' in columns; did you mean close"):
        import_file(own, columns={"clos": "final"})


def test_adjusted_closes_give_actions_and_quotes_give_the_spread(tmp_path):
    header = "Date,Open,High,Low,Close,Adj Close,Volume,bid,ask"
    closes = ((2, 20.2, 10.1), (3, 10.1, 10.1), (6, 10.3, 10.3))
    rows = [f"2020-01-0{day},{p},{p},{p},{p},{a},9,{p * 0.995},{p * 1.005}" for day, p, a in closes]
    tape = import_file(written(tmp_path / "x.csv", header, rows), timeframe="1d", calendar="XNYS")
    assert tape.split[:, 0].tolist() == [1, 2, 1]
    assert tape.terms["spread"][:, 0] == pytest.approx([0.01] * 3)
    assert iso(tape.close_at[0]) == "2020-01-02 21:00"


def test_an_adjusted_close_that_contradicts_is_refused_or_noted(tmp_path):
    header, rows = "Date,Close,Adj Close", ("2020-01-02,20.2,10.1", "2020-01-03,20.2,20.2", "2020-01-06,20.3,20.3")
    path = written(tmp_path / "x.csv", header, rows)
    with pytest.raises(DataError, match="1 adjusted closes that contradict the closes, first x at 2020-01-03"):
        import_file(path)
    assert "1 adjusted closes that contradict the closes, first x at 2020-01-03" in import_file(path, policy="mask").notes


BAD = {
    "NaN": (
        replaced(2, "2020-01-01T02:00:00,12,14,11,NaN,300"),
        r"1 bars with a missing price \(NaN or infinite\), first bad at 2020-01-01 02:00",
    ),
    "OHLC": (
        replaced(1, "2020-01-01T01:00:00,11,10.5,10,12,200"),
        "1 bars that violate low <= open, close <= high, first bad at 2020-01-01 01:00",
    ),
    "negative": (
        replaced(1, "2020-01-01T01:00:00,11,13,-10,12,200"),
        "1 bars with a price that is not positive, first bad at 2020-01-01 01:00",
    ),
    "volume": (
        replaced(1, "2020-01-01T01:00:00,11,13,10,12,-2"),
        "1 bars with a volume that is missing or negative, first bad at 2020-01-01 01:00",
    ),
    "unsorted": (
        (ROWS[0], ROWS[2], ROWS[1], ROWS[3]),
        r"1 rows out of order, first bad at 2020-01-01 01:00 \(row 3 of the file\)",
    ),
    "duplicated": (
        (*ROWS, ROWS[3].replace("14,400", "14.5,400")),
        r"1 duplicated times, first bad at 2020-01-01 03:00 \(row 5 of the file\)",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_each_fault_is_refused_in_one_message_and_masked_on_request(tmp_path, fault):
    rows, message = BAD[fault]
    path = written(tmp_path / "bad.csv", rows=rows)
    with pytest.raises(DataError, match=rf"bad.csv: {message}"):
        import_file(path)
    assert [found.count for found in inspect_file(path) if found.kind.breaking] == [1]
    tape = import_file(path, policy="mask")
    check_tape(tape)
    assert tape.n_rows == (3 if fault == "duplicated" else 4)
    assert tape.tradable.sum() == (4 if fault == "unsorted" else 3)


def test_equal_duplicates_are_kept_once_and_dropping_takes_the_row(tmp_path):
    assert import_file(written(tmp_path / "x.csv", rows=(*ROWS, ROWS[3])), policy="mask").tradable.sum() == 4
    assert import_file(written(tmp_path / "y.csv", rows=BAD["NaN"][0]), policy="drop").n_rows == 3


def test_a_bar_without_volume_is_kept_but_not_traded(tmp_path):
    tape = import_file(written(tmp_path / "x.csv", rows=replaced(1, "2020-01-01T01:00:00,11,11,11,11,0")))
    assert tape.tradable[:, 0].tolist() == [1, 0, 1, 1]
    assert "1 bars without volume, first x at 2020-01-01 01:00" in tape.notes


def test_nothing_left_is_an_error(tmp_path):
    rows = [f"2020-01-0{day},1,2,3,2,5" for day in (1, 2, 3)]  # lows above highs
    with pytest.raises(DataError, match="no bar is left after cleaning: 3 bars that violate"):
        import_file(written(tmp_path / "x.csv", rows=rows), policy="mask")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", "", "empty.csv: cannot be read|holds no rows"),
        ("header.csv", HEADER + "\n", "header.csv: holds no rows"),
        ("x.parquet", "not parquet", "x.parquet: cannot be read"),
        ("x.xlsx", "x", "files of kind '.xlsx' are not read; needs one of .parquet"),
        ("x.csv.gz", "not gzip", "x.csv.gz: cannot be read"),
        ("words.csv", HEADER + "\n2020-01-01,1,2,1,abc,5\n", "column close has 1 values that are no number, first 'abc' in row 1"),
        ("other.csv", "a,b\n1,2\n", "no column of times among a, b"),
        ("prices.csv", "date,a,b\n2020-01-01,1,2\n", "no bars recognised among date, a, b; needs columns timestamp, open"),
        ("half.csv", "date,open,close\n2020-01-01,1,2\n", "no column for high and low among date, open, close"),
        ("one.csv", HEADER + "\n" + ROWS[0] + "\n", "one bar an asset is too short to tell the timeframe; pass timeframe"),
    ],
)
def test_what_is_no_table_of_bars_is_one_clear_error(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        import_file(tmp_path / name)


def test_missing_files_and_wrong_options_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"gone.csv: no such file; needs a Parquet or CSV file of bars"):
        import_file(tmp_path / "gone.csv")
    path = written(tmp_path / "x.csv")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"policy": "ignore"}, "policy must be one of refuse, mask, drop"),
        ({"stamp": "middle"}, "stamp must be one of open, close"),
        ({"timeframe": "1 fortnight"}, "timeframe '1 fortnight' must be a number and a unit"),
        ({"calendar": "XNYX"}, "unknown calendar 'XNYX'; did you mean XNYS"),
        ({"timezone": "America/NewYork"}, "unknown timezone 'America/NewYork'; did you mean America/New_York"),
    ]
    for option, message in wrong:
        with pytest.raises(ConfigError, match=message):
            import_file(path, **option)


def test_a_table_survives_the_way_through_a_tape(tmp_path):
    frame = pl.DataFrame({"timestamp": 1_500_000_000 + np.arange(50) * 60, "close": np.linspace(1.5, 2.5, 50)})
    frame = frame.with_columns(open=pl.col("close"), high=pl.col("close"), low=pl.col("close"), volume=pl.lit(0.25))
    frame.write_parquet(tmp_path / "m.parquet")
    tape = import_file(tmp_path / "m.parquet")
    assert np.array_equal(tape.close[:, 0], frame["close"].to_numpy())
    assert tape.instruments[0].lot == 1e-6
