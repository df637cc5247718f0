import numpy as np
import pytest

from quantgym.envs.stream import BLOCK, Streams
from quantgym.market.errors import ConfigError, ShapeError

ALL7 = np.ones(7, bool)


def drawn(streams, index, n):
    return [float(streams.uniform(np.array([index]))[0]) for _ in range(n)]


def test_a_sub_environment_draws_the_same_in_a_batch_of_7_as_of_1024():
    small, large = Streams(7), Streams(1024)
    small.seed(5, ALL7)
    large.seed(5, np.ones(1024, bool))
    assert drawn(small, 3, 20) == drawn(large, 3, 20)


def test_a_seed_of_one_number_means_that_number_and_the_index():
    streams = Streams(7)
    streams.seed(5, ALL7)
    by_hand = np.random.Generator(np.random.PCG64(np.random.SeedSequence(5, spawn_key=(2,))))
    assert drawn(streams, 2, 3) == list(by_hand.random(BLOCK)[:3])


def test_a_seed_from_a_list_is_used_as_given():
    streams = Streams(2)
    streams.seed([5, 9], np.ones(2, bool))
    by_hand = np.random.Generator(np.random.PCG64(9))
    assert drawn(streams, 1, 3) == list(by_hand.random(BLOCK)[:3])


def test_a_reset_without_a_seed_goes_on_with_the_stream():
    once, twice = Streams(1), Streams(1)
    one = np.ones(1, bool)
    once.seed(5, one)
    twice.seed(5, one)
    first = drawn(twice, 0, 2)
    twice.seed(None, one)
    assert first + drawn(twice, 0, 2) == drawn(once, 0, 4)


def test_seeding_one_leaves_the_others_alone():
    touched, untouched = Streams(2), Streams(2)
    both = np.ones(2, bool)
    touched.seed(5, both)
    untouched.seed(5, both)
    touched.seed([77, None], both)
    assert drawn(touched, 1, 5) == drawn(untouched, 1, 5)
    assert drawn(touched, 0, 5) != drawn(untouched, 0, 5)


def test_without_any_seed_two_batches_differ():
    one, other = Streams(1), Streams(1)
    one.seed(None, np.ones(1, bool))
    other.seed(None, np.ones(1, bool))
    assert drawn(one, 0, 3) != drawn(other, 0, 3)


def test_a_saved_state_goes_on_identically():
    streams = Streams(2)
    streams.seed(3, np.ones(2, bool))
    drawn(streams, 0, 5)
    state = streams.state()
    ahead = drawn(streams, 0, 20) + drawn(streams, 1, 20)
    again = Streams(2)
    again.load(state)
    assert drawn(again, 0, 20) + drawn(again, 1, 20) == ahead


@pytest.mark.parametrize("seed", [-1, 0.5, True, [1, -2]])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(ConfigError, match="a seed must be an int of 0 or more"):
        Streams(2).seed(seed, np.ones(2, bool))


def test_a_list_of_seeds_of_the_wrong_length_is_refused():
    with pytest.raises(ShapeError, match="one seed for each of 2 sub-environments, had 3"):
        Streams(2).seed([1, 2, 3], np.ones(2, bool))
