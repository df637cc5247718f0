"""What can be earned on hidden regimes without memory: exact values, all rules, and a search among policies that draw lots."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.hidden_regime import POSITIONS, HiddenRegime
from quantgym.envs.optimum.memoryless import best_memoryless, best_memoryless_rule, climb, memoryless_value

MODEL = HiddenRegime()


def played(model, policy, n_paths, seed=0):
    """Return sums of rewards (n_paths,) of a policy (2, 3, 3), by simulation alone."""
    rng = np.random.default_rng(seed)
    rising = rng.random(n_paths) < 0.5
    up = rng.random(n_paths) < np.where(rising, model.up_probability, 1.0 - model.up_probability)
    held, total = np.ones(n_paths, int), np.zeros(n_paths)
    for _ in range(model.n_bars):
        wanted = (rng.random(n_paths)[:, None] > np.cumsum(policy[up.astype(int), held], axis=1)[:, :2]).sum(axis=1)
        rising ^= rng.random(n_paths) >= model.stay
        up = rng.random(n_paths) < np.where(rising, model.up_probability, 1.0 - model.up_probability)
        total += POSITIONS[wanted] * np.where(up, model.move, -model.move) - model.cost_rate * np.abs(wanted - held)
        held = wanted
    return total


def test_always_long_by_hand():
    # both regimes are as likely at all times: long earns nothing and pays once to get there
    long = np.broadcast_to([0.0, 0.0, 1.0], (1, 2, 3, 3))
    assert memoryless_value(MODEL, long) == pytest.approx([-0.005])
    assert memoryless_value(MODEL, np.eye(3)[None, None, [0, 1, 2]].repeat(2, axis=1)) == pytest.approx([0.0])


def test_one_bar_after_one_return_by_hand():
    # long after up, short after down, for one bar: 0.01 x (2 x 0.5768 - 1) - 0.001
    model = HiddenRegime(n_bars=1, cost_rate=0.001)
    follow = np.stack([np.tile([1.0, 0.0, 0.0], (3, 1)), np.tile([0.0, 0.0, 1.0], (3, 1))])
    assert memoryless_value(model, follow[None]) == pytest.approx([0.000536])
    assert best_memoryless_rule(model)[1] == pytest.approx(model.value)  # one return is all there is to know


@pytest.mark.parametrize("find", [best_memoryless_rule, best_memoryless])
def test_values_are_those_of_simulations(find):
    policy, value = find(MODEL)
    total = played(MODEL, policy if policy.ndim == 3 else np.eye(3)[(policy + 1.0).astype(int)], 20_000)
    assert abs(total.mean() - value) < 4.0 * total.std() / math.sqrt(20_000)


def test_less_than_half_of_the_optimum_is_in_reach_without_memory():
    rule, lots = best_memoryless_rule(MODEL)[1], best_memoryless(MODEL)[1]
    assert rule == pytest.approx(0.11 * MODEL.value, rel=0.05)
    assert lots == pytest.approx(0.48 * MODEL.value, rel=0.02)
    assert rule < lots < 0.5 * MODEL.value


def test_searches_from_elsewhere_end_no_higher():
    drawn = np.random.default_rng(1).dirichlet([0.5, 0.5, 0.5], (60, 2, 3)) + 1e-6
    assert climb(MODEL, drawn / drawn.sum(axis=-1, keepdims=True))[1] < best_memoryless(MODEL)[1] * (1.0 + 1e-5)


def test_gradients_are_differences_of_values():
    model, rng = HiddenRegime(n_bars=9), np.random.default_rng(0)
    policy, nudge = rng.dirichlet([1.0] * 3, (1, 2, 3)), np.zeros((1, 2, 3, 3))
    nudge[0, 1, 2, 0] = 1e-6
    from quantgym.envs.optimum.memoryless import _chain

    slope = (memoryless_value(model, policy + nudge) - memoryless_value(model, policy - nudge)) / 2e-6
    assert _chain(model, policy)[1][0, 1, 2, 0] == pytest.approx(slope[0], rel=1e-6)
