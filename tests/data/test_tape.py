import copy
import dataclasses
import math
import pickle

import numpy as np
import pytest

from quantgym.data.contract import check_tape
from quantgym.data.instant import DAY, to_ns
from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.market.bar import BAR
from quantgym.market.errors import DataError, ShapeError, UnknownNameError
from quantgym.market.instrument import Instrument

X, Y = Instrument(symbol="X"), Instrument(symbol="Y")
START = to_ns("2020-01-01")


def days(n, start=START):
    open_at = start + DAY * np.arange(n)
    return clock_records(open_at, open_at + DAY)


def flat(closes, recorded=None):
    closes = np.array(closes, float)
    return bar_records(closes, closes, closes, closes, np.ones_like(closes), recorded)


def tape(closes=((10, 0), (11, 20), (12, 21)), recorded=((1, 0), (1, 1), (1, 1)), **terms):
    shape = (len(closes), 2)
    records = term_records(shape, **{name: np.array(column, float) for name, column in terms.items()}) if terms else None
    return Tape.build("two", [X, Y], days(len(closes)), flat(closes, recorded), records)


def edited(source, row, asset, **values):
    bars = source.bars.copy()
    for name, value in values.items():
        bars[name][row, asset] = value
    return bars


def test_a_cell_without_a_bar_carries_the_last_close_and_cannot_be_traded():
    # X trades on rows 0 and 2 only, Y on row 1 only: Y is not listed before it and gone after it
    bars = flat([(10, 0), (99, 20), (12, 99)], [(1, 0), (0, 1), (1, 0)])
    assert bars["close"].tolist() == [[10, 0], [10, 20], [12, 20]]
    assert bars["open"].tolist() == bars["close"].tolist()
    assert bars["present"].tolist() == [[1, 0], [1, 1], [1, 0]]
    assert bars["tradable"].tolist() == [[1, 0], [0, 1], [1, 0]]
    assert bars["volume"].tolist() == [[1, 0], [0, 1], [1, 0]]


def test_columns_of_different_shapes_are_refused_by_name():
    with pytest.raises(ShapeError, match="column low must have the shape of close"):
        bar_records(np.ones(3), np.ones(3), np.ones(2), np.ones(3))


def test_arrays_are_read_only_and_views_are_not_copies():
    source = tape()
    assert np.shares_memory(source.close, source.bars)
    with pytest.raises(ValueError, match="read-only"):
        source.close[0, 0] = 1.0


def test_log_return_counts_splits_and_dividends():
    # X: 2:1 split at row 1, 10 -> 6 is worth 12; dividend 1 at row 2, 6 -> 6.5 is worth 7.5
    source = tape([(10, 0), (6, 20), (6.5, 21)], split=[(1, 1), (2, 1), (1, 1)], dividend=[(0, 0), (0, 0), (1, 0)])
    expected = [[0, 0], [math.log(12 / 10), 0], [math.log(7.5 / 6), math.log(21 / 20)]]
    assert source.log_return() == pytest.approx(np.array(expected))


def test_log_return_does_not_count_the_gap_of_a_roll():
    # the next contract costs 3 more than the old one: 10 -> 14 earned 1; back by 2 at row 2: 14 -> 11 lost 1
    source = tape([(10, 0), (14, 20), (11, 21)], roll=[(np.nan, np.nan), (3, np.nan), (-2, np.nan)])
    expected = [[0, 0], [math.log(11 / 10), 0], [math.log(13 / 14), math.log(21 / 20)]]
    assert source.log_return() == pytest.approx(np.array(expected))


def test_log_return_is_zero_where_it_cannot_be_known_and_spans_the_gap_after_it():
    source = tape([(10, 5), (99, 5), (12, 5)], [(1, 1), (0, 1), (1, 1)])
    assert source.log_return()[:, 0] == pytest.approx([0, 0, math.log(1.2)])


def test_log_return_of_a_row_does_not_depend_on_later_rows():
    source = gbm_tape(3, 50, 2)
    assert np.array_equal(source.slice(0, 20).log_return(), source.log_return()[:20])


def test_a_slice_shares_memory_and_remembers_where_it_lies():
    part = gbm_tape(1, 50).slice(10, 40).slice(5, 20)
    assert (part.first_row, part.n_rows) == (15, 15)
    with pytest.raises(DataError, match=r"0 <= start < stop <= 15, was \[3, 16\)"):
        part.slice(3, 16)


def test_selected_assets_keep_their_bars_and_unknown_ones_are_refused_with_a_suggestion():
    source = gbm_tape(1, 30, 3)
    part = source.select(["S2", "S0"])
    assert part.symbols == ("S2", "S0")
    assert np.array_equal(part.close, source.close[:, [2, 0]])
    check_tape(part)
    assert source.select("S1").symbols == ("S1",)
    with pytest.raises(UnknownNameError, match="unknown symbol 'S01'; did you mean S"):
        source.select(["S01"])


def test_row_at_is_the_last_row_closed_by_then():
    source = tape()  # rows close at midnight of 2, 3 and 4 January
    assert [source.row_at(at) for at in ("2020-01-02", "2020-01-03T23:59", "2020-01-04", "2021-01-01")] == [0, 1, 2, 2]
    with pytest.raises(DataError, match="no row is closed at 2020-01-01 23:59; the first closes at 2020-01-02"):
        source.row_at("2020-01-01T23:59")


def test_a_row_has_neutral_terms_where_the_tape_has_none():
    row = tape().row(1)
    assert (row.open_at, row.close_at) == (START + DAY, START + 2 * DAY)
    assert row.bars["close"].tolist() == [11, 20]
    assert row.terms["split"].tolist() == [1, 1]
    assert np.isnan(row.terms["spread"]).all()
    with pytest.raises(DataError, match=r"row must lie in \[0, 3\), was -1"):
        tape().row(-1)


def test_the_digest_is_of_the_content_and_of_nothing_else():
    source = tape()
    assert dataclasses.replace(source, name="other", notes=("x",)).digest == source.digest
    assert tape([(10, 0), (11, 20), (12, 22)]).digest != source.digest
    assert dataclasses.replace(source, currency="EUR").digest != source.digest
    # padding bytes of the records must not enter: this array was never zeroed
    dirty = np.frombuffer(bytearray(b"\xff" * source.bars.nbytes), BAR).reshape(source.bars.shape).copy()
    for name in BAR.names or ():
        dirty[name] = source.bars[name]
    assert Tape.build("two", [X, Y], source.clock, dirty).digest == source.digest


def test_a_deep_copy_has_the_digest_of_its_tape():
    source = gbm_tape(1, 3_000)
    twins = []
    for _ in range(4):
        dirty = [np.full(source.bars.nbytes, 255, np.uint8) for _ in range(4)]  # memory that the next copies may be given
        del dirty
        twins.append(copy.deepcopy(source))
    assert {twin.digest for twin in twins} == {source.digest}
    assert not any(twin.bars.flags.writeable for twin in twins)


def test_a_pickled_tape_is_still_read_only():
    twin = pickle.loads(pickle.dumps(gbm_tape(1, 20)))
    assert not twin.bars.flags.writeable
    check_tape(twin)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"close": np.nan}, "X: 1 bars with a missing price .NaN or infinite., first at 2020-01-02"),
        ({"open": -1.0, "low": -1.0}, "X: 1 bars with a price that is not positive, first at 2020-01-02"),
        ({"low": 11.5}, "X: 1 bars that violate low <= open, close <= high, first at 2020-01-02 .open 11 high 11 low 11.5"),
        ({"volume": -5.0}, "X: 1 bars with a volume that is missing or negative, first at 2020-01-02 .volume -5"),
        ({"present": 0}, "only present assets are tradable; broken in 1 cell, first X at 2020-01-02"),
        ({"tradable": 0, "volume": 0.0}, "such cells carry the last close; broken in 1 cell, first X at 2020-01-02"),
        ({"tradable": 0}, "four equal prices >= 0 and no volume; broken in 1 cell, first X at 2020-01-02"),
    ],
)
def test_a_bar_that_breaks_the_contract_is_refused_with_count_and_place(broken, message):
    source = tape()
    with pytest.raises(DataError, match=f"tape bad: .*{message}"):
        Tape.build("bad", [X, Y], source.clock, edited(source, 1, 0, **broken))


@pytest.mark.parametrize(
    ("order", "message"),
    [([0, 2, 1], "1 rows out of order, first at 2020-01-02"), ([0, 1, 1], "1 duplicated times, first at 2020-01-02")],
)
def test_times_that_do_not_rise_are_refused(order, message):
    with pytest.raises(DataError, match=message):
        Tape.build("bad", [X, Y], days(3)[order], tape().bars)


def test_bars_that_reach_into_the_next_are_refused():
    clock = days(3).copy()
    clock["close_at"][0] += 1
    with pytest.raises(DataError, match="1 bars that close after the next one opens, first at 2020-01-01"):
        Tape.build("bad", [X, Y], clock, tape().bars)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"split": [(1, 1), (0, 1), (1, 1)]}, "a split is finite and positive; broken in 1 cell, first X at 2020-01-02"),
        ({"dividend": [(0, 1), (0, 0), (0, 0)]}, "stand on tradable rows; move them to the next one; broken in 1 cell, first Y"),
        ({"spread": [(0, 0), (0, 0), (0, -1)]}, "spread is NaN .unknown. or not negative"),
        ({"fx": [(1, 1), (1, 1), (1, np.nan)]}, "fx is finite and positive"),
        ({"mark": [(10, 20), (11, 0), (12, 20)]}, "mark is NaN .the last close. or finite and positive; broken in 1 cell, first Y"),
        ({"mark": [(10, 20), (np.inf, 1), (12, 20)]}, "mark is NaN .the last close. or finite and positive; broken in 1 cell"),
        ({"roll": [(np.nan, np.nan), (-np.inf, 1), (1, 1)]}, "roll is NaN .no roll. or finite; broken in 1 cell, first X"),
        ({"roll": [(1, 1), (1, 1), (1, 1)]}, "rolls stand on tradable rows; move them to the next one; broken in 1 cell, first Y"),
        ({"roll": [(1, np.nan), (11, 1), (1, 1)]}, "a roll is less than the close after it, .*; broken in 1 cell, first X"),
    ],
)
def test_terms_that_break_the_contract_are_refused(terms, message):
    with pytest.raises(DataError, match=message):
        tape(**terms)


def test_wrong_shapes_and_doubled_symbols_are_refused():
    source = tape()
    with pytest.raises(ShapeError, match=r"bars must have shape \(2, 2\), has \(3, 2\)"):
        Tape.build("bad", [X, Y], days(2), source.bars)
    with pytest.raises(DataError, match="symbols must be unique, found twice: X"):
        Tape.build("bad", [X, X], source.clock, source.bars)
    with pytest.raises(DataError, match="at least one row and one instrument, has 0 and 2"):
        Tape.build("bad", [X, Y], days(0), source.bars[:0])
    with pytest.raises(ShapeError, match="bars must be C-contiguous and read-only"):
        check_tape(dataclasses.replace(source, bars=source.bars.copy()))


@pytest.mark.parametrize("times", [0, 2])
def test_selecting_nothing_or_one_asset_twice_is_refused(times):
    tape = gbm_tape(1, 10, 2)
    wanted = [tape.symbols[0]] * times
    with pytest.raises(DataError, match="select needs one or more different symbols"):
        tape.select(wanted)
