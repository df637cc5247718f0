"""Sessions of the three calendars, and the rows that open and close them."""

import dataclasses
import time

import numpy as np
import pytest

from quantgym.data.calendar import daily_clock
from quantgym.data.contract import check_tape
from quantgym.data.instant import DAY, HOUR, to_ns
from quantgym.data.record import bar_records, clock_records
from quantgym.data.session import session_day, session_edges
from quantgym.data.tape import Tape
from quantgym.market.errors import DataError, ShapeError, UnknownNameError
from quantgym.market.instrument import Instrument


def hourly(start, n, calendars=("24/7",), step=HOUR, skipped=()):
    """A tape of one asset for each calendar, rows from `start`, those `skipped` left out."""
    open_at = to_ns(start) + step * np.delete(np.arange(n), list(skipped))
    ones = np.ones((len(open_at), len(calendars)))
    instruments = [Instrument(symbol=calendar, calendar=calendar) for calendar in calendars]
    return Tape.build("hours", instruments, clock_records(open_at, open_at + step), bar_records(ones, ones, ones, ones))


def days_of(times, calendar):
    at = np.array([to_ns(time) for time in times])
    return session_day(at, calendar).astype("datetime64[D]").astype(str).tolist()


def test_a_session_of_24_7_is_the_utc_date():
    assert days_of(["2024-01-01T23:59", "2024-01-02T00:00"], "24/7") == ["2024-01-01", "2024-01-02"]


def test_a_session_of_xnys_is_the_date_in_new_york():
    # an evening row at 20:30 in New York is 01:30 UTC of the next day in winter (UTC-5), 00:30 in summer (UTC-4)
    assert days_of(["2024-01-03T01:30", "2024-01-03T04:59", "2024-01-03T05:00"], "XNYS") == ["2024-01-02"] * 2 + ["2024-01-03"]
    assert days_of(["2024-07-03T00:30", "2024-07-03T03:59", "2024-07-03T04:00"], "XNYS") == ["2024-07-02"] * 2 + ["2024-07-03"]


def test_a_session_of_24_5_ends_at_17_00_in_new_york_through_the_change_of_clocks():
    # Friday 8 March 2024 17:00 is 22:00 UTC; the clocks go forward on Sunday, whose evening begins at 21:00 UTC, for Monday
    times = ["2024-03-08T21:59", "2024-03-10T21:00", "2024-03-11T20:59", "2024-03-11T21:00"]
    assert days_of(times, "24/5") == ["2024-03-08", "2024-03-11", "2024-03-11", "2024-03-12"]


def test_first_and_last_rows_of_sessions_are_marked_for_each_calendar():
    # 48 hours from Monday 22:00 UTC, winter: 24/7 turns at 0:00, XNYS at 5:00, 24/5 at 22:00 UTC
    tape = hourly("2024-01-01T22:00", 48, ("24/7", "XNYS", "24/5"))
    assert [np.flatnonzero(tape.opens[:, asset]).tolist() for asset in range(3)] == [[0, 2, 26], [0, 7, 31], [0, 24]]
    assert [np.flatnonzero(tape.closes[:, asset]).tolist() for asset in range(3)] == [[1, 25, 47], [6, 30, 47], [23, 47]]


def test_daily_rows_are_a_session_each():
    clock = daily_clock(np.array(["2024-03-08", "2024-03-11", "2024-11-01", "2024-11-04"], "datetime64[D]"), "XNYS")
    for calendar in ("XNYS", "24/5", "24/7"):
        opens, closes = session_edges(clock["open_at"], calendar)
        assert opens.tolist() == closes.tolist() == [1, 1, 1, 1]


def test_rows_of_a_session_are_marked_whether_they_are_traded_or_not():
    open_at = to_ns("2024-01-01") + HOUR * np.arange(48)
    ones = np.ones((48, 1))
    recorded = ones.copy()
    recorded[[23, 24]] = 0
    bars = bar_records(ones, ones, ones, ones, None, recorded)
    tape = Tape.build("x", [Instrument(symbol="X")], clock_records(open_at, open_at + HOUR), bars)
    assert tape.tradable[[23, 24], 0].tolist() == [0, 0]
    assert (tape.closes[23, 0], tape.opens[24, 0]) == (1, 1)


def test_a_session_without_its_usual_first_row_opens_with_the_first_it_has():
    tape = hourly("2024-01-01", 48, skipped=(23, 24, 25))
    # rows 0..22 are hours of the first day, then 2:00 of the second
    assert (np.flatnonzero(tape.opens).tolist(), np.flatnonzero(tape.closes).tolist()) == ([0, 23], [22, 44])


def test_a_slice_keeps_the_marks_of_the_whole_tape_and_still_keeps_the_contract(tmp_path):
    tape = hourly("2024-01-01", 72, ("24/7", "XNYS"))
    part = tape.slice(10, 40)
    assert np.array_equal(part.opens, tape.opens[10:40])
    assert (part.opens[0, 0], part.closes[-1, 0]) == (0, 0)
    check_tape(part)
    assert Tape.load(part.save(tmp_path / "part"), verify=True).digest == part.digest
    assert np.array_equal(tape.select(["XNYS"]).closes, tape.closes[:, 1:])


def test_marks_given_to_build_are_written_anew():
    tape = hourly("2024-01-01", 30)
    part = tape.slice(5, 29)
    again = Tape.build("again", part.instruments, part.clock, part.bars)
    assert (again.opens[0, 0], again.closes[-1, 0], again.opens.sum(), again.closes.sum()) == (1, 1, 2, 2)


@pytest.mark.parametrize(
    ("name", "row", "value", "place"),
    [
        ("opens", 24, 0, "2024-01-02"),
        ("closes", 3, 1, "2024-01-01 03:00"),
        ("opens", 0, 2, "2024-01-01"),
        ("closes", 29, 9, "2024-01-02 05:00"),
    ],
)
def test_a_wrong_mark_is_refused_with_its_place(name, row, value, place):
    tape = hourly("2024-01-01", 30, ("24/7", "XNYS"))
    bars = tape.bars.copy()
    bars[name][row, 0] = value
    bars.flags.writeable = False
    rule = f"each session of 24/7 has one row that opens and one that closes it; broken in 1 cell, first 24/7 at {place}"
    with pytest.raises(DataError, match=rule):
        check_tape(dataclasses.replace(tape, bars=bars))


def test_an_unknown_calendar_is_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="unknown calendar 'XNYC'; did you mean XNYS"):
        hourly("2024-01-01", 3, ("XNYC",))


@pytest.mark.parametrize("open_at", [np.array([1.5, np.nan]), np.array(["2024-01-02"], "M8[s]"), np.zeros((2, 2), np.int64)])
def test_opens_that_are_no_ns_are_refused(open_at):
    with pytest.raises(ShapeError, match=r"open_at must be int64 ns UTC of shape \(T,\), was"):
        session_edges(open_at, "24/7")


def test_a_million_rows_take_a_blink():
    open_at = to_ns("2020-01-01") + (DAY // 1440) * np.arange(1_000_000)
    started = time.process_time()
    for calendar in ("24/7", "XNYS", "24/5"):
        session_edges(open_at, calendar)
    assert time.process_time() - started < 2.0  # 0.1 s on the machine it was written on
