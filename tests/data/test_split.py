from datetime import date, datetime
from typing import Any

import pytest

from quantgym.data.split import RowRange, split_tape
from quantgym.data.synthetic import gbm_tape
from quantgym.market.errors import ConfigError, DataError

TAPE = gbm_tape(0, 31, start="2020-01-01")  # daily bars, midnight to midnight; row r opens on January r+1
TEN: dict[str, Any] = {
    "train": ("2020-01-01", "2020-01-10"),
    "validation": ("2020-01-11", "2020-01-20"),
    "test": ("2020-01-21", "2020-01-31"),
}


def test_a_last_day_counts_whole():
    split = split_tape(TAPE, **TEN)
    assert (split.train, split.validation, split.test) == (RowRange(0, 10), RowRange(10, 20), RowRange(20, 31))
    assert split.test.of(TAPE).first_row == 20
    assert split.test.n_rows == 11


def test_purge_cuts_the_earlier_part_and_embargo_the_later_one():
    split = split_tape(TAPE, **TEN, purge_bars=2, embargo_bars=3)
    assert (split.train, split.validation, split.test) == (RowRange(0, 8), RowRange(13, 18), RowRange(23, 31))


def test_rows_that_lie_between_two_periods_already_count_towards_purge_and_embargo():
    periods = TEN | {"validation": ("2020-01-14", "2020-01-20")}
    split = split_tape(TAPE, **periods, purge_bars=2, embargo_bars=4)
    # train ends at row 10, validation's period begins at row 13: nothing to purge, one row of embargo left
    assert (split.train, split.validation) == (RowRange(0, 10), RowRange(14, 18))


def test_dates_times_and_texts_say_the_same():
    typed: dict[str, Any] = {name: (date.fromisoformat(a), date.fromisoformat(b)) for name, (a, b) in TEN.items()}
    assert split_tape(TAPE, **typed) == split_tape(TAPE, **TEN)
    short: dict[str, Any] = {name: (a.replace("-", ""), b.replace("-", "")) for name, (a, b) in TEN.items()}
    assert split_tape(TAPE, **short) == split_tape(TAPE, **TEN)
    # an instant is taken as it is: the bar of 10 January closes after noon
    noon = TEN | {"train": ("2020-01-01", datetime(2020, 1, 10, 12))}
    assert split_tape(TAPE, **noon).train == RowRange(0, 9)


def test_a_part_too_short_for_its_window_is_refused_with_the_numbers():
    with pytest.raises(DataError) as error:
        split_tape(TAPE, **TEN, window=8, purge_bars=1)
    assert str(error.value) == (
        "tape gbm-0: data.train (2020-01-01 to 2020-01-10) has 9 rows after purge (1) and embargo (0), needs window + 2 = 10; "
        "the tape spans 2020-01-01 to 2020-02-01 in 31 rows"
    )
    with pytest.raises(DataError, match=r"data.test \(2021-01-01 to 2021-02-01\) has 0 rows"):
        split_tape(TAPE, **TEN | {"test": ("2021-01-01", "2021-02-01")})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"validation": ("2020-01-10", "2020-01-20")}, "data.validation begins 2020-01-10, data.train ends 2020-01-10"),
        ({"test": ("2020-01-31", "2020-01-21")}, "data.test must end after it begins, was 2020-01-31 to 2020-01-21"),
        ({"train": ("2020-01-01",)}, "data.train must be two dates"),
        ({"train": "2020-01-01"}, "data.train must be two dates"),
        ({"purge_bars": -1}, "purge_bars >= 0"),
    ],
)
def test_periods_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        split_tape(TAPE, **TEN | change)
    with pytest.raises(DataError, match="'soon' is no ISO date or time"):
        split_tape(TAPE, **TEN | {"test": ("soon", "2020-01-31")})
