"""A session: its digest, its file, its differences."""

from dataclasses import fields, replace

import numpy as np
import pytest

from quantgym.agents.array_file import read_arrays, write_arrays
from quantgym.evaluation.recorder import Recorder, value_weights
from quantgym.evaluation.session import ARRAYS, Session
from quantgym.market.account import FILL, POSITION, STEP
from quantgym.market.errors import DataError, IntegrityError, ShapeError
from quantgym.market.order import Refusal

DAY = 86_400 * 10**9


def recorded(n=3, fills=1, equity=100.0):
    recorder = Recorder({"policy": "test"}, 0, np.array([1.0, 2.0]), capacity=1)
    for row in range(n):
        step = np.zeros(1, STEP)[0]
        step["equity_before"], step["equity"], step["gross"], step["traded_notional"] = equity, equity + 1.0, 1.0, 5.0
        equity += 1.0
        position = np.zeros(2, POSITION)
        position["units"], position["mark"], position["fx"] = (1.0, -1.0), 10.0, 1.0
        fill = np.zeros(fills, FILL)
        fill["row"], fill["units"] = row + 1, 1.0
        refused = np.zeros(len(Refusal), np.int64)
        refused[Refusal.NO_CASH] = row
        recorder.record(
            row=row,
            observation=np.full(4, row, np.float32),
            action=np.array([0.1, 0.2]),
            lots=np.array([1, -1]),
            step=step,
            fills=fill,
            position=position,
            refused=refused,
            closed_at=(row + 1) * DAY,
        )
    return recorder.finish()


def test_a_session_knows_equity_weights_and_refusals():
    session = recorded()
    assert session.equity.tolist() == [100.0, 101.0, 102.0, 103.0]
    # 1 unit at 10 over 101; -1 unit at 10 with a multiplier of 2 over 101
    assert session.weights[0].tolist() == pytest.approx([10 / 101, -20 / 101])
    assert session.refusals == {"NO_CASH": 3}
    assert session.attribution.signed["gross"] == 3.0


def test_the_digest_reads_values_and_not_the_padding_of_records():
    session, twin = recorded(), recorded()
    raw = twin.steps.view(np.uint8).reshape(len(twin.steps), -1)
    raw[:, -1] = 0xAA  # the last byte of a STEP record belongs to no field
    assert session.digest == twin.digest
    assert session.differences(twin) == ()
    assert recorded(n=2).digest != session.digest


def test_a_difference_is_named_with_its_place():
    session, other = recorded(), recorded()
    other.fills["units"][2] = 7.0
    other.observations[1, 3] = -0.0 if other.observations[1, 3] else 5.0
    found = session.differences(other)
    assert found == ("observations: values at (1, 3): 1.0 and -0.0", "fills: units at 2: 1.0 and 7.0")
    assert session.differences(other, ("rows",)) == ()


def test_a_signed_zero_is_a_difference_of_bytes():
    session, other = recorded(), recorded()
    other.observations[0, 0] = -0.0
    assert session.differences(other) == ("observations: values equal in value, not in bytes (a signed zero or another NaN)",)


def test_a_session_comes_back_from_its_file_and_equal_sessions_give_equal_files(tmp_path):
    session = recorded()
    first, second = session.save(tmp_path / "a.npz"), recorded().save(tmp_path / "b.npz")
    back = Session.load(first)
    assert (back.digest, back.facts, back.differences(session)) == (session.digest, {"policy": "test"}, ())
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_a_file_that_was_changed_is_refused(tmp_path):
    path = recorded().save(tmp_path / "a.npz")
    arrays = read_arrays(path)
    write_arrays(path, {**arrays, "units": arrays["units"] + 1.0})
    with pytest.raises(IntegrityError, match="changed after it was saved"):
        Session.load(path)
    write_arrays(path, {name: array for name, array in arrays.items() if name != "lots"})
    with pytest.raises(IntegrityError, match="a session holds"):
        Session.load(path)
    path.write_bytes(b"no zip")
    with pytest.raises(IntegrityError, match="unreadable"):
        Session.load(path)


def test_arrays_of_unequal_length_are_refused():
    session = recorded()
    with pytest.raises(ShapeError, match=r"session\.lots must have 3 rows"):
        replace(session, lots=session.lots[:2])
    with pytest.raises(ShapeError, match="closes must have 4 values"):
        replace(session, closes=session.closes[:3])
    with pytest.raises(ShapeError, match="one a reason"):
        replace(session, refused=session.refused[:, :2])


def test_books_that_do_not_balance_are_refused():
    session = recorded()
    session.steps["commission"][1] = 0.5
    with pytest.raises(IntegrityError, match=r"misses the final equity by -0\.5"):
        _ = session.attribution


def test_nothing_recorded_is_no_session():
    with pytest.raises(DataError, match="no decision"):
        Recorder({}, 0, np.ones(1)).finish()
    with pytest.raises(ShapeError, match="flat float32"):
        Recorder({}, 0, np.ones(1)).record(
            row=0,
            observation=np.zeros(2),
            action=0,
            lots=np.zeros(1),
            step=np.zeros(1, STEP)[0],
            fills=np.zeros(0, FILL),
            position=np.zeros(1, POSITION),
            refused=np.zeros(len(Refusal)),
            closed_at=1,
        )


def test_weights_of_a_ruined_account_are_zero():
    position = np.zeros((2, 1), POSITION)
    position["units"], position["mark"], position["fx"] = 3.0, 10.0, 1.0
    assert value_weights(position, np.ones(1), np.array([60.0, -1.0])).tolist() == [[0.5], [0.0]]


def test_every_array_is_part_of_the_digest():
    assert {"facts", *ARRAYS} == {field.name for field in fields(Session)}
