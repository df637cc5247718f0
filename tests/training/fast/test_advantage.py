"""Generalised advantage estimates: by hand, against a loop, and what ends an episode."""

import numpy as np
import pytest

from quantgym.market.errors import ShapeError
from quantgym.training.fast.advantage import advantages


def column(*values, kind=np.float32):
    return np.array(values, kind)[:, None]


def test_two_steps_by_hand():
    found = advantages(
        column(1.0, 2.0), column(False, False, kind=bool), column(False, False, kind=bool), column(0.5, 0.25, 4.0),
        column(0.0, 0.0), 0.5, 0.5,
    )  # fmt: skip
    # d1 = 2 + 0.5 x 4 - 0.25 = 3.75; d0 = 1 + 0.5 x 0.25 - 0.5 = 0.625; A0 = 0.625 + 0.5 x 0.5 x 3.75
    assert found[:, 0].tolist() == [1.5625, 3.75]


def test_a_cut_episode_is_worth_its_true_last_observation_and_a_terminated_one_nothing():
    flags = {"cut": (False, True), "over": (True, False)}
    found = {
        name: advantages(
            column(1.0, 2.0), column(over, False, kind=bool), column(cut, False, kind=bool), column(0.5, 0.25, 4.0),
            column(8.0, 9.0), 0.5, 0.5,
        )[0, 0]
        for name, (over, cut) in flags.items()
    }  # fmt: skip
    # cut: 1 + 0.5 x 8 - 0.5, whatever comes after; over: 1 - 0.5
    assert found == {"cut": 4.5, "over": 0.5}


def test_whole_arrays_equal_a_loop_written_by_hand():
    rng = np.random.default_rng(3)
    n_steps, n_envs, gamma, decay = 23, 5, 0.97, 0.9
    rewards, values = rng.standard_normal((n_steps, n_envs)), rng.standard_normal((n_steps + 1, n_envs))
    final = rng.standard_normal((n_steps, n_envs))
    terminated = rng.random((n_steps, n_envs)) < 0.1
    truncated = (rng.random((n_steps, n_envs)) < 0.1) & ~terminated
    expected = np.empty((n_steps, n_envs))
    for b in range(n_envs):
        for t in range(n_steps):
            total, weight = 0.0, 1.0
            for k in range(t, n_steps):  # the sum of discounted errors, up to the end of the episode
                after = 0.0 if terminated[k, b] else final[k, b] if truncated[k, b] else values[k + 1, b]
                total += weight * (rewards[k, b] + gamma * after - values[k, b])
                weight *= gamma * decay
                if terminated[k, b] or truncated[k, b]:
                    break
            expected[t, b] = total
    single = [part.astype(np.float32) for part in (rewards, values, final)]
    found = advantages(single[0], terminated, truncated, single[1], single[2], gamma, decay)
    assert found == pytest.approx(expected, abs=1e-5)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"values of shape \(3, 1\), were .* and \(2, 1\)"):
        advantages(column(1, 2), column(0, 0, kind=bool), column(0, 0, kind=bool), column(1, 2), column(0, 0), 0.9, 0.9)
