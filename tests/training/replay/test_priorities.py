"""The sum tree against its definition, draws against their shares, weights against the formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantgym.market.errors import IntegrityError
from quantgym.training.replay.priorities import Priorities
from quantgym.training.replay.replay import Replay
from quantgym.training.replay.ring import RingShape
from quantgym.training.replay.sum_tree import SumTree

WIDTH = 3


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.sampled_from([0.0, 0.25, 1.0, 2.0, 1e6])), max_size=60)
        )
    ),
    st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=1, max_size=20),
)
def test_a_tree_of_sums_finds_what_a_cumulative_sum_finds(asked, uniforms):
    n, changes = asked
    tree, weights = SumTree(n), np.zeros(n)
    tree.set(np.array([0]), np.array([1.0]))
    weights[0] = 1.0
    for leaf, weight in changes:
        tree.set(np.array([leaf]), np.array([weight]))
        weights[leaf] = weight
    assert (tree.weights == weights).all()
    assert tree.total == weights.sum()  # halves and integers: no rounding
    if tree.total == 0.0:
        return
    drawn = tree.draw(np.array(uniforms))
    places = (np.arange(len(uniforms)) + uniforms) * (tree.total / len(uniforms))
    assert (weights[drawn] > 0.0).all()
    sums = np.cumsum(weights)
    expected = np.minimum(np.searchsorted(sums, places, side="right"), np.flatnonzero(weights)[-1])
    assert (drawn == expected).all()


def test_a_leaf_named_twice_keeps_the_last_weight():
    tree = SumTree(3)
    tree.set(np.array([1, 2, 1]), np.array([5.0, 1.0, 2.0]))
    assert tree.weights.tolist() == [0.0, 2.0, 1.0]
    assert tree.total == 3.0


def test_shares_of_draws_are_those_of_priorities():
    priorities = Priorities(4, exponent=1.0)
    priorities.update(np.arange(4), np.array([1.0, -2.0, 3.0, 4.0]))
    drawn = priorities.draw(np.random.default_rng(0).random(10_000))
    # 1, 2, 3 and 4 tenths; stretches of a ten-thousandth each leave no more room than one draw at each border
    assert np.abs(np.bincount(drawn) - [1_000, 2_000, 3_000, 4_000]).max() <= 1


def test_weights_by_hand():
    priorities = Priorities(2, exponent=0.5)
    priorities.update(np.array([0, 1]), np.array([1.0, 9.0]))
    # priorities 1 and 3, chances 1/4 and 3/4 of 2 transitions: (2 / 4)^-0.5 = 1.41421, (6 / 4)^-0.5 = 0.81650; over the larger
    assert priorities.weights(np.array([0, 1]), 2, 0.5) == pytest.approx([1.0, 0.57735], abs=1e-5)
    # without correction all are 1; in a batch without slot 0 the largest is that of slot 1
    assert priorities.weights(np.array([0, 1]), 2, 0.0).tolist() == [1.0, 1.0]
    assert priorities.weights(np.array([1, 1]), 2, 0.5).tolist() == [1.0, 1.0]


def test_an_exponent_of_zero_draws_uniformly():
    priorities = Priorities(4, exponent=0.0)
    priorities.update(np.arange(4), np.array([0.0, 1.0, 10.0, 100.0]))
    assert np.bincount(priorities.draw(np.random.default_rng(0).random(400))).tolist() == [100] * 4


def replay(**changes):
    asked = {"n_step": 2, "gamma": 0.9, "seed": 3, "exponent": 1.0} | changes
    return Replay(RingShape(capacity=24, n_envs=2, width=WIDTH), **asked)


def test_what_was_never_drawn_has_the_largest_priority_and_what_was_overwritten_none_of_its_own(play):
    random, one = np.random.default_rng(0), replay()
    one.add(play(random, 4, 2))
    one.update(np.arange(8), np.array([50.0] + [0.0] * 7))
    one.add(play(random, 1, 2, first=1_000))
    drawn = one.sample(300).slots
    # slots 8 and 9 are as likely as slot 0: a third each
    assert np.bincount(drawn, minlength=10)[[0, 8, 9]] == pytest.approx([100, 100, 100], abs=1)
    one.add(play(random, 12, 2, first=2_000))  # all are overwritten
    assert np.ptp(np.bincount(one.sample(2_400).slots, minlength=24)) <= 2


def test_without_priorities_all_are_drawn_alike_and_weigh_the_same(play):
    random, one = np.random.default_rng(0), replay(exponent=None)
    one.add(play(random, 4, 2))
    batch = one.sample(8_000)
    one.update(batch.slots, np.ones(8_000))
    assert (batch.weights == 1.0).all()
    # 1,000 each, standard deviation 30
    assert np.abs(np.bincount(batch.slots, minlength=8) - 1_000).max() < 130


def test_nothing_is_drawn_from_an_empty_replay(play):
    with pytest.raises(IndexError, match="nothing can be drawn from an empty replay"):
        replay().sample(1)


def test_priorities_of_another_size_are_refused():
    with pytest.raises(IntegrityError, match=r"priorities must be of 4 transitions, were \(5,\)"):
        Priorities(4, 1.0).load(Priorities(5, 1.0).state())
