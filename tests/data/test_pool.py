"""Several tapes as one."""

from dataclasses import replace

import numpy as np
import pytest

from quantgym.data.pool import pooled
from quantgym.data.record import neutral_terms
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.market.errors import DataError, UnknownNameError


def with_terms(tape):
    terms = neutral_terms(tape.bars.shape)
    terms["dividend"][3] = 0.5
    return Tape.build(f"{tape.name}+", tape.instruments, tape.clock, tape.bars, terms, notes=tape.notes)


def test_the_rows_of_the_tapes_follow_each_other():
    first, second = gbm_tape(1, 10), gbm_tape(2, 30)
    pool = pooled([first, second])
    assert pool.segments.tolist() == [[0, 10], [10, 40]]
    assert pool.names == ("gbm-1", "gbm-2")
    assert (pool.tape.name, pool.tape.n_rows, pool.tape.first_row) == ("gbm-1, gbm-2", 40, 0)
    for member, (start, stop) in zip((first, second), pool.segments.tolist(), strict=True):
        assert pool.tape.bars[start:stop].tobytes() == member.bars.tobytes()
        assert pool.tape.clock[start:stop].tobytes() == member.clock.tobytes()
    assert not pool.tape.has_terms
    assert not pool.tape.bars.flags.writeable
    assert pool.locate(9) == (0, 9)
    assert pool.locate(10) == (1, 0)
    assert pool.member("gbm-2") == 1


def test_one_tape_is_not_copied_and_keeps_its_digest():
    tape = gbm_tape(1, 10)
    pool = pooled([tape])
    assert pool.tape is tape
    assert (pool.digest, pool.segments.tolist()) == (tape.digest, [[0, 10]])


def test_the_digest_knows_the_order_and_where_a_member_ends():
    first, second = gbm_tape(1, 10), gbm_tape(2, 30)
    one = pooled([first, second])
    assert one.digest == pooled([replace(first, name="other"), second]).digest
    assert one.digest != pooled([second, first]).digest
    cut = pooled([first, second.slice(0, 10), second.slice(10, 30)])
    assert cut.tape.digest == one.tape.digest
    assert cut.digest != one.digest


def test_a_tape_without_terms_has_neutral_ones_beside_a_tape_with_them():
    pool = pooled([gbm_tape(1, 10), with_terms(gbm_tape(2, 10))])
    assert pool.tape.dividend[:, 0].tolist() == [0.0] * 13 + [0.5] + [0.0] * 6
    assert (pool.tape.split == 1.0).all()
    assert np.isnan(pool.tape.terms["spread"]).all()


def test_symbols_may_differ_and_are_those_of_the_first():
    other = gbm_tape(2, 10)
    renamed = replace(other, instruments=(replace(other.instruments[0], symbol="MSFT", sector="it"),))
    assert pooled([gbm_tape(1, 10), renamed]).tape.symbols == ("S0",)


def test_every_member_can_be_changed_alone():
    pool = pooled([gbm_tape(1, 10, 2), gbm_tape(2, 30, 2)]).map(lambda tape: tape.select(["S1"]))
    assert pool.tape.symbols == ("S1",)
    assert pool.segments.tolist() == [[0, 10], [10, 40]]


@pytest.mark.parametrize(("other", "says"), [
    (gbm_tape(2, 10, 2), "have 1 and 2 assets; select the same number"),
    (gbm_tape(2, 10, tick=0.05), r"tick of asset 0 \(S0, S0\) is 0.01 on one, 0.05 on the other; give both"),
    (gbm_tape(2, 10, lot=0.1), "lot of asset 0"),
    (replace(gbm_tape(2, 10), currency="EUR"), "currency is USD on one, EUR on the other"),
    (replace(gbm_tape(2, 10), close_only=True), "one holds closes only"),
    ("gbm", "a pool needs one or more tapes, was Tape, str"),
])  # fmt: skip
def test_tapes_that_do_not_go_together_are_refused_with_the_cure(other, says):
    with pytest.raises(DataError, match=says):
        pooled([gbm_tape(1, 10), other])


def test_instruments_of_different_quotes_are_refused():
    other = gbm_tape(2, 10)
    bid = replace(other, instruments=(replace(other.instruments[0], price_side="bid"),))
    with pytest.raises(DataError, match="tapes gbm-1 and gbm-2 cannot share an environment: price_side of S0 is trade, of S0 bid"):
        pooled([gbm_tape(1, 10), bid])


def test_a_tape_that_stands_alone_is_no_list():
    with pytest.raises(DataError, match=r"a pool needs one or more tapes, was one alone, not in a list"):
        pooled(gbm_tape(1, 10))


def test_rows_and_members_that_are_not_there_are_refused():
    pool = pooled([gbm_tape(1, 10)])
    with pytest.raises(DataError, match="row must lie in"):
        pool.locate(10)
    with pytest.raises(UnknownNameError, match="did you mean gbm-1"):
        pool.member("gbm1")
    with pytest.raises(DataError, match="one or more tapes, was none"):
        pooled([])
