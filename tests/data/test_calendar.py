from datetime import date

import numpy as np
import pytest

from quantgym.data.calendar import bar_clock, daily_clock, guessed_calendar, missing_rows, to_utc
from quantgym.data.instant import DAY, HOUR, iso, to_ns
from quantgym.data.xnys import early_closes, holidays, sessions
from quantgym.market.errors import DataError, UnknownNameError


def test_every_session_from_1994_to_2026_agrees_with_exchange_calendars():
    exchange_calendars = pytest.importorskip("exchange_calendars")
    schedule = exchange_calendars.get_calendar("XNYS", start="1994-01-01", end="2026-11-30").schedule
    ours = sessions(date(1994, 1, 1), date(2026, 11, 30))
    assert np.array_equal(ours, schedule.index.values.astype("datetime64[D]"))
    clock = daily_clock(ours, "XNYS")
    for column, theirs in (("open_at", "open"), ("close_at", "close")):
        assert np.array_equal(clock[column], schedule[theirs].values.astype("datetime64[ns]").astype(np.int64))


def test_sessions_follow_new_yorks_summer_time_and_early_closes():
    # winter 14:30 to 21:00 UTC, summer 13:30 to 20:00, the day after Thanksgiving closes at 13:00 New York = 18:00 UTC
    clock = daily_clock(np.array(["2012-01-03", "2012-07-02", "2012-11-23"], "datetime64[D]"), "XNYS")
    assert [iso(at)[11:] for at in clock["open_at"]] == ["14:30", "13:30", "14:30"]
    assert [iso(at)[11:] for at in clock["close_at"]] == ["21:00", "20:00", "18:00"]


def test_holidays_are_by_rule_and_by_event():
    assert date(2010, 12, 24) in holidays(2010)  # Christmas on a Saturday
    assert date(2010, 12, 31) not in holidays(2010)  # New Year on a Saturday is not moved into the old year
    assert date(2001, 9, 11) in holidays(2001)
    assert date(2002, 7, 5) in early_closes(2002)
    assert date(2013, 7, 3) in early_closes(2013)


def test_daily_bars_without_an_exchange_last_from_midnight_to_midnight():
    clock = daily_clock(np.array(["2012-01-03"], "datetime64[D]"), "24/7")
    assert [iso(clock[0][name]) for name in ("open_at", "close_at")] == ["2012-01-03", "2012-01-04"]


def test_local_times_that_do_not_exist_or_occur_twice_are_defined():
    # New York 2017: 2:30 on 12 March does not exist, 1:30 on 5 November occurs twice
    local = np.array([to_ns("2017-03-12T02:30"), to_ns("2017-11-05T01:30"), to_ns("2017-07-01T12:00")])
    assert [iso(at) for at in to_utc(local, "America/New_York")] == ["2017-03-12 07:30", "2017-11-05 05:30", "2017-07-01 16:00"]


def test_daily_stamps_at_new_yorks_midnight_name_the_session():
    at = np.array([to_ns("2012-01-03T05:00"), to_ns("2012-07-02T04:00")])
    assert [iso(t) for t in bar_clock(at, DAY, "XNYS")["open_at"]] == ["2012-01-03 14:30", "2012-07-02 13:30"]
    with pytest.raises(DataError, match="1 XNYS sessions have two daily bars, first 2012-01-03"):
        bar_clock(np.array([to_ns("2012-01-03T05:00"), to_ns("2012-01-03T20:00")]), DAY, "XNYS")


def test_a_bar_ends_where_the_next_begins_and_may_be_stamped_with_its_close():
    at = np.array([0, HOUR, HOUR + HOUR // 2, 5 * HOUR])
    assert (bar_clock(at, HOUR, "24/7")["close_at"] / HOUR).tolist() == [1, 1.5, 2.5, 6]
    assert (bar_clock(at, HOUR, "24/7", "close")["open_at"] / HOUR).tolist() == [-1, 0, 1, 4]


def test_missing_rows_are_those_the_calendar_expects():
    hours = to_ns("2017-01-06") + HOUR * np.arange(100)  # Friday 0:00 to Tuesday 3:00
    assert [iso(at) for at in missing_rows(np.delete(hours, 7), HOUR, "24/7")] == ["2017-01-06 07:00"]
    week = hours[(hours < to_ns("2017-01-06T22:00")) | (hours >= to_ns("2017-01-08T22:00"))]
    assert len(missing_rows(week, HOUR, "24/5")) == 0
    assert [iso(at) for at in missing_rows(np.delete(week, 50), HOUR, "24/5")] == ["2017-01-10 02:00"]
    # 2 and 16 January 2017 are holidays, 7 and 8 a weekend
    stock_days = np.array([f"2017-01-{day:02}" for day in (3, 4, 5, 6, 9, 10, 12, 13, 17)], "datetime64[ns]").astype(np.int64)
    assert [iso(at) for at in missing_rows(stock_days, DAY, "XNYS")] == ["2017-01-11"]


def test_a_calendar_is_guessed_from_saturdays_and_unknown_ones_are_refused():
    assert guessed_calendar(np.array([to_ns("2017-01-07T12:00")])) == "24/7"
    assert guessed_calendar(np.array([to_ns("2017-01-08T22:00"), to_ns("2017-01-06")])) == "24/5"
    with pytest.raises(UnknownNameError, match="unknown calendar 'XNYX'; did you mean XNYS"):
        daily_clock(np.array(["2012-01-03"], "datetime64[D]"), "XNYX")
