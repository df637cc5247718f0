import numpy as np
import pytest

from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.tape import Tape
from quantgym.encoders.adjusted import adjust_row, adjust_rows, adjust_tape, new_carry
from quantgym.market.errors import ShapeError
from quantgym.market.instrument import Instrument
from quantgym.market.record import copied, joined


def tape_of(closes, split=None, dividend=None, recorded=None, volume=None) -> Tape:
    closes = np.array(closes, float)[:, None]
    rows = len(closes)
    terms = term_records((rows, 1), split=np.ones((rows, 1)) if split is None else np.array(split, float)[:, None],
                         dividend=np.zeros((rows, 1)) if dividend is None else np.array(dividend, float)[:, None])
    clock = clock_records(np.arange(rows) * 10, np.arange(rows) * 10 + 9)
    mask = None if recorded is None else np.array(recorded, bool)[:, None]
    volume = np.full(closes.shape, 100.0) if volume is None else np.array(volume, float)[:, None]
    return Tape.build("t", [Instrument(symbol="X")], clock, bar_records(closes, closes, closes, closes, volume, mask), terms)


def test_a_split_leaves_no_jump_in_price_or_volume():
    rows = adjust_tape(tape_of([100, 50, 55], split=[1, 2, 1], volume=[100, 200, 200]))[:, 0]
    # 2:1 before row 1: one first unit is 2 x 50 = 100, then 2 x 55 = 110; 200 new units are 100 old ones
    assert rows["close"].tolist() == [100.0, 100.0, 110.0]
    assert rows["volume"].tolist() == [100.0, 100.0, 100.0]
    assert rows["log_return"] == pytest.approx([0.0, 0.0, np.log(1.1)])


def test_a_dividend_is_part_of_the_return_and_reinvested():
    rows = adjust_tape(tape_of([100, 95, 95], dividend=[0, 5, 0]))[:, 0]
    # 95 + 5 = 100: nothing lost; the 5 buy 5/95 of a unit
    assert rows["close"] == pytest.approx([100.0, 100.0, 100.0])
    assert rows["log_return"] == pytest.approx([0.0, 0.0, 0.0])


def test_before_listing_all_is_zero_and_a_halt_is_flat():
    rows = adjust_tape(tape_of([10, 10, 12, 12, 15], recorded=[0, 1, 1, 0, 1]))[:, 0]
    assert rows["age"].tolist() == [-1, 0, 1, 2, 3]
    assert rows["close"].tolist() == [0.0, 10.0, 12.0, 12.0, 15.0]
    assert rows["tradable"].tolist() == [0, 1, 1, 0, 1]
    assert rows["log_return"] == pytest.approx([0.0, 0.0, np.log(1.2), 0.0, np.log(1.25)])


def test_returns_are_those_of_the_tape(us_tech):
    rows = adjust_tape(us_tech)
    assert np.abs(rows["log_return"] - us_tech.log_return()).max() < 1e-15
    listed = rows["age"] > 0
    growth = np.diff(np.log(np.where(rows["close"] > 0, rows["close"], 1.0)), axis=0)
    assert np.abs(growth - rows["log_return"][1:])[listed[1:]].max() < 1e-12


def test_row_by_row_gives_the_same_bits(us_tech):
    carry = new_carry(us_tech.n_assets)
    whole = adjust_tape(us_tech)
    stream = joined([adjust_row(us_tech.row(row), carry) for row in range(us_tech.n_rows)], whole.dtype)
    assert stream.tobytes() == copied(whole).tobytes()  # padding bytes of records mean nothing


def test_arrays_that_do_not_agree_are_refused(us_tech):
    with pytest.raises(ShapeError, match="must agree"):
        adjust_rows(us_tech.bars, us_tech.terms, new_carry(2))
