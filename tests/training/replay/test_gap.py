"""Steps that nobody played, because who plays there was dead: held, never drawn, and no return reaches across."""

import numpy as np
import pytest

from quantgym.training.fast.joined_steps import joined_steps
from quantgym.training.replay.replay import Replay
from quantgym.training.replay.ring import RingShape


def replay(exponent, n_rows=12):
    return Replay(RingShape(capacity=4 * n_rows, n_envs=4, width=3), n_step=3, gamma=0.5, seed=7, exponent=exponent)


def fill(one, play, random):
    """Four rows of both runners, four of the second alone, four of both: the first begins anew in row 8."""
    for number, places in enumerate(((1, 2), (2,), (1, 2))):
        parts = {place: play(random, 4, 2, first=1_000 * number + 100 * place, ending=0.0) for place in places}
        steps, n_played = joined_steps(parts, 2)
        assert n_played == 8 * len(places)
        if number:
            one.cut(0, 2)
        one.add(steps)


@pytest.mark.parametrize("exponent", [None, 0.6])
def test_what_was_not_played_is_never_drawn_and_all_the_rest_is(play, exponent):
    random, one = np.random.default_rng(0), replay(exponent)
    fill(one, play, random)
    drawn = np.unique(np.concatenate([one.sample(64).slots for _ in range(20)]))
    # 12 rows of 4 less rows 4 to 7 of the first two environments
    assert len(one) == 40
    assert drawn.tolist() == [4 * row + e for row in range(12) for e in range(4) if e > 1 or not 4 <= row < 8]


def test_returns_end_before_the_gap_and_go_on_beside_it(play):
    random, one = np.random.default_rng(0), replay(None)
    fill(one, play, random)
    slots = np.array([[4 * row, 4 * row + 2] for row in (1, 2, 3, 8)]).ravel()
    *_, discounts, reached, ended = one.ring.read(slots, 3, 0.5)
    # environment 0 ends with row 3, environment 2 plays on: 3, 2 and 1 steps against 3 each; behind the gap both go 3 steps
    assert discounts.tolist() == [0.125, 0.125, 0.25, 0.125, 0.5, 0.125, 0.125, 0.125]
    assert (reached[[0, 2, 4]] == one.ring.next_obs[3, 0]).all()
    assert not ended.any()


def test_a_gap_that_was_overwritten_leaves_all_to_be_drawn(play):
    random, one = np.random.default_rng(0), replay(0.6)
    fill(one, play, random)
    for number, left in ((4, 40), (5, 48)):  # rows 0 to 3, then the gap itself, are written anew
        one.add(play(random, 4, 4, first=1_000 * number))
        assert len(one) == left
    assert len(np.unique(np.concatenate([one.sample(64).slots for _ in range(20)]))) == 48


@pytest.mark.parametrize("exponent", [None, 0.6])
def test_a_gap_is_known_after_loading(tmp_path, play, exponent):
    random, one = np.random.default_rng(0), replay(exponent)
    fill(one, play, random)
    folder = tmp_path / "state"
    folder.mkdir()
    one.save(folder)
    other = replay(exponent)
    other.load(folder)
    assert len(other) == 40
    assert other.ring.truncated[3].tolist() == [True, True, False, False]
    for _ in range(9):
        for ours, theirs in zip(one.sample(32), other.sample(32), strict=True):
            assert ours.tobytes() == theirs.tobytes()
