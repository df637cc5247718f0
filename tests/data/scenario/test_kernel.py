"""The recursions of the models: worked by hand, and the same bytes interpreted as compiled."""

import math

import numpy as np
import pytest

from quantgym.data.scenario.garch import follow_variance
from quantgym.data.scenario.heston import revert_variance
from quantgym.data.scenario.regime import follow_chain
from quantgym.market.seeding import generator


def test_garch_by_hand():
    variance = np.empty((1, 3))
    follow_variance(np.array([[2.0, 0.0, 1.0]]), variance, 0.01, 0.1, 0.8)
    # omega 0.001; 0.01; 0.001 + 0.1 x 4 x 0.01 + 0.8 x 0.01 = 0.013; 0.001 + 0.8 x 0.013 = 0.0114
    assert variance[0] == pytest.approx([0.01, 0.013, 0.0114])


def test_heston_by_hand_is_truncated_at_zero_but_remembers_how_far_below_it_went():
    variance = np.empty((1, 3))
    revert_variance(np.array([[-10.0, 5.0, 0.0]]), variance, np.array([0.01]), 0.04, 2.0, 0.5)
    # v = 0.04 - 0.5 sqrt(0.04 x 0.01) x 10 = -0.06, counted as 0; then -0.06 + 2 x 0.04 x 0.01 = -0.0592: still 0
    assert variance[0].tolist() == [0.04, 0.0, 0.0]
    # a smaller fall: 0.04 - 0.5 x 0.02 x 1 = 0.03, then 0.03 + 2 x 0.01 x 0.01 + 0.5 sqrt(0.0003) x 2
    revert_variance(np.array([[-1.0, 2.0, 0.0]]), variance, np.array([0.01]), 0.04, 2.0, 0.5)
    assert variance[0] == pytest.approx([0.04, 0.03, 0.0302 + math.sqrt(0.0003)])


def test_a_chain_by_hand():
    state = np.zeros((1, 5), np.int64)
    first, following = np.array([0.5, 1.0]), np.cumsum([[0.9, 0.1], [0.2, 0.8]], axis=1)
    follow_chain(np.array([[0.6, 0.3, 0.1, 0.89, 0.9]]), first, following, state)
    # 0.6 >= 0.5: state 1; 0.3 >= 0.2: stays; 0.1: to 0; 0.89 < 0.9: stays; 0.9: to 1
    assert state[0].tolist() == [1, 1, 0, 0, 1]


def test_compiled_kernels_equal_their_interpreted_selves():
    draw = generator(1)
    noise, uniform = draw.standard_normal((3, 200)), draw.random((3, 200))
    found = []
    for garch, heston, chain in (
        (follow_variance, revert_variance, follow_chain),
        (follow_variance.py_func, revert_variance.py_func, follow_chain.py_func),
    ):
        outputs = (np.empty((3, 200)), np.empty((3, 200)), np.zeros((3, 200), np.int64))
        garch(noise, outputs[0], 1e-4, 0.1, 0.8)
        heston(noise, outputs[1], np.array([0.001, 0.003]), 0.04, 3.0, 0.9)
        chain(uniform, np.array([0.3, 0.7, 1.0]), np.cumsum(np.full((3, 3), 1 / 3), axis=1), outputs[2])
        found.append(b"".join(output.tobytes() for output in outputs))
    assert found[0] == found[1]
