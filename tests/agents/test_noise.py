"""Random numbers of policies."""

import numpy as np

from quantgym.agents.noise import first_stream, next_stream, normals, uniforms


def test_numbers_are_a_function_of_seed_account_and_draw():
    stream, draw = np.arange(6), np.array([0, 0, 3, 3, 9, 9])
    whole = uniforms(5, stream, draw, 4)
    assert np.array_equal(uniforms(5, stream[2:4], draw[2:4], 4), whole[2:4])
    assert np.array_equal(uniforms(5, stream, draw, 2), whole[:, :2])
    assert not np.array_equal(uniforms(6, stream, draw, 4), whole)


def test_uniforms_fill_the_unit_interval_evenly():
    numbers = uniforms(1, np.arange(200), np.zeros(200, np.int64), 500)
    assert numbers.min() > 0.0
    assert numbers.max() < 1.0
    # 100,000 numbers in ten bins: 10,000 each, standard deviation 95
    assert np.abs(np.histogram(numbers, 10, (0.0, 1.0))[0] - 10_000).max() < 400


def test_normals_have_mean_zero_and_variance_one_and_accounts_are_independent():
    numbers = normals(1, np.arange(200), np.zeros(200, np.int64), 500)
    assert abs(numbers.mean()) < 0.01
    assert abs(numbers.std() - 1.0) < 0.01
    assert abs(np.corrcoef(numbers[0], numbers[1])[0, 1]) < 0.2


def test_a_draw_moves_the_stream_on():
    state = first_stream(3)
    following = next_stream(state)
    assert following["draw"].tolist() == [1, 1, 1]
    assert state["draw"].tolist() == [0, 0, 0]
