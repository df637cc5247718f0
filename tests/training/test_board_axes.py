"""Round numbers and dates along the axes of a picture, and where a point falls."""

import numpy as np
import pytest

from quantgym.training.board.picture import Picture, padded, round_ticks
from quantgym.training.board.time_tick import time_ticks


def ns(text):
    return int(np.datetime64(text, "ns").astype(np.int64))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),  # 1 / 5 = 0.2, a 2 times a power of ten
        (0.55, 1.14, [0.6, 0.8, 1.0]),  # 0.59 / 5 = 0.118, the next one is 0.2
        (-0.47, 0.0, [-0.4, -0.3, -0.2, -0.1, 0.0]),  # 0.094, the next one is 0.1
        (3.0, 3.0, [3.0]),  # nothing between
    ],
)
def test_ticks_are_round_numbers_inside_the_range(low, high, ticks):
    assert round_ticks(low, high).tolist() == pytest.approx(ticks)


def test_a_range_gets_room_and_one_of_nothing_gets_width():
    assert padded(0.0, 1.0) == pytest.approx((-0.06, 1.06))
    assert padded(2.0, 2.0) == pytest.approx((1.88, 2.12))
    assert padded(0.0, 0.0) == (-1.0, 1.0)


def test_dates_are_months_days_or_times_as_the_range_is_long():
    two_years = time_ticks(ns("2008-01-02"), ns("2009-12-31"), 5)
    assert two_years == [(ns("2008-07-01"), "Jul 2008"), (ns("2009-01-01"), "Jan 2009"), (ns("2009-07-01"), "Jul 2009")]
    years = time_ticks(ns("2000-06-01"), ns("2013-06-01"), 7)
    assert [text for _, text in years] == ["2002", "2004", "2006", "2008", "2010", "2012"]
    assert [text for _, text in time_ticks(ns("2000-03-01"), ns("2000-03-05"), 5)] == [f"{day} Mar 2000" for day in range(1, 6)]
    assert [text for _, text in time_ticks(ns("2000-03-01T09:00"), ns("2000-03-01T12:00"))] == ["10:00", "11:00"]


def test_points_fall_where_the_axes_say_on_paper_drawn_twice_as_large():
    panel = Picture("title").panel(100, 50, 200, 150, (0.0, 10.0), (0.0, 1.0))
    assert panel.across(np.array([0.0, 5.0, 10.0])).tolist() == [200.0, 300.0, 400.0]
    assert panel.upwards(np.array([0.0, 1.0])).tolist() == [300.0, 100.0]
