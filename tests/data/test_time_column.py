from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from quantgym.data.instant import iso, to_ns
from quantgym.data.time_column import parse_times
from quantgym.data.timeframe import common_step, parse_timeframe, timeframe_text
from quantgym.market.errors import ConfigError, DataError

AT = to_ns("2017-07-14T02:40")  # 1,500,000,000 s


def parsed(values, **options):
    return [iso(at) for at in parse_times(pl.Series("t", values), "x.csv: column t", **options)]


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000, 1_000_000_000])
def test_counts_since_1970_are_told_apart_by_their_size(unit):
    assert parsed([1_500_000_000 * unit]) == ["2017-07-14 02:40"]
    assert parsed([str(1_500_000_000 * unit)]) == ["2017-07-14 02:40"]


@pytest.mark.parametrize("written", [2017071402, 201707140240, 20170714024000])
def test_times_written_as_one_number_are_no_counts(written):
    minute = "02:40" if written > 9_999_999_999 else "02:00"
    assert parsed([written]) == parsed([str(written)]) == parsed([float(written)]) == [f"2017-07-14 {minute}"]
    # 22:40 in New York, the evening before, is 02:40 in UTC
    assert parsed([20170713224000], timezone="America/New_York") == ["2017-07-14 02:40"]
    # seconds of the year 2033 that cannot be written times: month 0
    assert parsed([2000000000]) == ["2033-05-18 03:33:20"]


@pytest.mark.parametrize("numbers", [[0, 1, 2], [2015, 2016, 2017], [42738, 42739], [170103, 170104]])
def test_numbers_that_count_something_else_are_refused(numbers):
    with pytest.raises(DataError, match="count no time since 1970"):
        parsed(numbers)


def test_a_format_is_kept_for_whole_numbers_too():
    assert parsed([170714], time_format="%y%m%d") == parsed(["170714"], time_format="%y%m%d") == ["2017-07-14"]


def test_fractions_of_seconds_keep_microseconds():
    assert parsed([1_500_000_000.25]) == ["2017-07-14 02:40:00.25"]


@pytest.mark.parametrize(
    "text",
    [
        "2017-07-14 02:40", "2017-07-14T02:40:00", "2017-07-14T02:40:00Z", "2017-07-14 02:40:00+00:00", "2017-07-14 02:40:00 UTC",
        "2017-07-14T04:40:00.000+0200", "2017/07/14 02:40", "2017.07.14 02:40", "14.07.2017 02:40:00.000", "20170714 024000",
        "07/14/2017 02:40", "14/07/2017 02:40:00",
    ],
)  # fmt: skip
def test_usual_texts_are_read(text):
    assert parsed([text]) == ["2017-07-14 02:40"]


DATES = ["2017-07-14", "20170714", 20170714, date(2017, 7, 14), "14.07.2017", "07/14/2017", "Jul 14, 2017"]


@pytest.mark.parametrize("value", DATES)
def test_dates_are_their_midnight(value):
    assert parsed([value]) == ["2017-07-14"]


def test_naive_times_are_in_the_zone_and_aware_ones_are_not_moved():
    assert parsed(["2017-07-14 02:40"], timezone="America/New_York") == ["2017-07-14 06:40"]
    assert parsed([datetime(2017, 7, 14, 2, 40)], timezone="America/New_York") == ["2017-07-14 06:40"]
    assert parsed(["2017-07-14T02:40:00Z"], timezone="America/New_York") == ["2017-07-14 02:40"]
    aware = pl.Series("t", [datetime(2017, 7, 14, 2, 40)]).dt.replace_time_zone("Europe/Berlin")
    assert iso(parse_times(aware, "x", timezone="America/New_York")[0]) == "2017-07-14 00:40"


def test_day_and_month_that_cannot_be_told_apart_are_refused_and_can_be_told():
    with pytest.raises(DataError, match=r"times such as '03/04/2017' fit %m/%d/%Y and %d/%m/%Y; pass time_format"):
        parsed(["03/04/2017"])
    assert parsed(["03/04/2017"], time_format="%d/%m/%Y") == ["2017-04-03"]
    assert parsed(["03/04/2017", "14/04/2017"]) == ["2017-04-03", "2017-04-14"]


def test_what_is_no_time_is_refused_with_an_example():
    with pytest.raises(DataError, match=r"x\.csv: column t: 'soon' in row 2 cannot be read as a time of format %Y-%m-%d"):
        parsed(["2017-07-14", "soon"])
    with pytest.raises(DataError, match="'soon' in row 1 cannot be read as a time; pass time_format"):
        parsed(["soon"])
    with pytest.raises(DataError, match="'2017-07-14' in row 1 cannot be read as a time of format %d/%m/%Y"):
        parsed(["2017-07-14"], time_format="%d/%m/%Y")
    with pytest.raises(DataError, match="1 times are missing, first in row 2"):
        parsed(["2017-07-14", None])
    with pytest.raises(DataError, match="times have type Boolean"):
        parsed([True])


def test_instants_are_read_and_written():
    assert to_ns("2017-07-14T02:40") == to_ns(datetime(2017, 7, 14, 2, 40)) == to_ns(np.int64(AT)) == 1_500_000_000 * 10**9
    assert to_ns("2017-07-14T04:40+02:00") == AT
    assert iso(to_ns(date(2017, 7, 14))) == "2017-07-14"
    with pytest.raises(DataError, match="'soon' is no ISO date or time"):
        to_ns("soon")


def test_timeframes_are_read_written_and_found():
    assert parse_timeframe("15min") == parse_timeframe("15m") == 900 * 10**9
    for text, shown in (("1w", "1w"), ("1d", "1d"), ("4h", "4h"), ("5m", "5m"), ("24h", "1d"), ("90s", "90s")):
        assert timeframe_text(parse_timeframe(text)) == shown
    with pytest.raises(ConfigError, match="timeframe '0h' must be a number and a unit"):
        parse_timeframe("0h")
    # one asset steps by 60 three times, the other by 300 once
    assert common_step(np.array(list("aaaabb")), np.array([0, 60, 120, 180, 0, 300]), "x") == 60
    with pytest.raises(DataError, match="too short to tell the timeframe"):
        common_step(np.array(["a", "b"]), np.array([0, 60]), "x")
