"""Hidden regimes: the full tree of histories, simulation and limits."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.hidden_regime import POSITIONS, HiddenRegime
from quantgym.market.errors import ConfigError


def tree_value(model, left, position, belief):
    """Return the best expected reward by going through every history, the belief of each worked out anew."""
    if not left:
        return 0.0
    rising = belief * model.stay + (1.0 - belief) * (1.0 - model.stay)
    up = rising * model.up_probability + (1.0 - rising) * (1.0 - model.up_probability)
    after_up, after_down = rising * model.up_probability / up, rising * (1.0 - model.up_probability) / (1.0 - up)
    return max(
        wanted * model.move * (2.0 * up - 1.0) - model.cost_rate * abs(wanted - position)
        + up * tree_value(model, left - 1, wanted, after_up) + (1.0 - up) * tree_value(model, left - 1, wanted, after_down)
        for wanted in (-1.0, 0.0, 1.0)
    )


def played(model, choose, n_paths, seed=0):
    """Return sums of rewards (n_paths,) of choose(bars_left, position, belief, last_up), by simulation alone."""
    rng = np.random.default_rng(seed)
    rising = rng.random(n_paths) < 0.5
    up = rng.random(n_paths) < np.where(rising, model.up_probability, 1.0 - model.up_probability)
    belief = np.where(up, model.up_probability, 1.0 - model.up_probability)
    position, total = np.zeros(n_paths), np.zeros(n_paths)
    for left in range(model.n_bars, 0, -1):
        wanted = choose(left, position, belief, up)
        rising ^= rng.random(n_paths) >= model.stay
        up = rng.random(n_paths) < np.where(rising, model.up_probability, 1.0 - model.up_probability)
        total += wanted * np.where(up, model.move, -model.move) - model.cost_rate * np.abs(wanted - position)
        belief, position = model.update(model.predict(belief), up), wanted
    return total


def test_the_filter_by_hand():
    model = HiddenRegime(up_probability=0.7, stay=0.9)
    # belief 0.6: rising next 0.6 x 0.9 + 0.4 x 0.1 = 0.58; up 0.58 x 0.7 + 0.42 x 0.3 = 0.532; after an up move 0.406 / 0.532
    assert model.predict(0.6) == pytest.approx(0.58)
    assert model.chance_up(0.6) == pytest.approx(0.532)
    assert model.update(0.58, True) == pytest.approx(0.406 / 0.532)
    assert model.update(0.58, False) == pytest.approx(0.174 / 0.468)


def test_one_bar_by_hand():
    # after an up move the belief is 0.7: rising next 0.7 x 0.98 + 0.3 x 0.02 = 0.692, up 0.5768, worth 0.01 x 0.1536 less the cost
    assert HiddenRegime(n_bars=1).value == pytest.approx(0.0)
    assert HiddenRegime(n_bars=1, cost_rate=0.001).value == pytest.approx(0.001536 - 0.001)


@pytest.mark.parametrize("model", [
    HiddenRegime(n_bars=7, cost_rate=0.002),
    HiddenRegime(n_bars=7, up_probability=0.8, stay=0.9, cost_rate=0.001),
])
def test_the_value_is_that_of_the_full_tree_of_histories(model):
    first = [tree_value(model, model.n_bars, 0.0, belief) for belief in (model.up_probability, 1.0 - model.up_probability)]
    assert model.value == pytest.approx(sum(first) / 2.0, rel=1e-5)


def test_the_policy_earns_the_value_and_perturbed_ones_earn_less():
    model = HiddenRegime()
    best = played(model, lambda left, position, belief, up: model.best_position(left, position, belief), 20_000)
    assert abs(best.mean() - model.value) < 4.0 * best.std() / math.sqrt(20_000)
    threshold = played(model, lambda left, position, belief, up: np.sign(belief - 0.5), 20_000)
    assert (best - threshold).mean() > 6.0 * (best - threshold).std() / math.sqrt(20_000)


def test_the_default_optimum_is_clearly_positive():
    # 0.3036 an episode, 0.24 % a bar of 1 % moves: a Sharpe ratio of 0.24 a bar
    assert HiddenRegime().value == pytest.approx(0.30356, abs=1e-5)


def test_without_anything_to_know_there_is_nothing_to_earn():
    assert HiddenRegime(up_probability=0.5).value == pytest.approx(0.0, abs=1e-12)


def test_regimes_that_never_change_and_cost_nothing_have_a_known_limit():
    # known regime, no cost: 0.4 x move a bar is the most that can be earned; long episodes come near it
    model = HiddenRegime(n_bars=400, stay=0.9999, cost_rate=0.0)
    assert 0.93 * 0.004 * 400 < model.value < 0.004 * 400


def test_a_finer_grid_gives_the_same_answer_from_below():
    fine = HiddenRegime(n_beliefs=16_001).value
    assert 0.0 <= HiddenRegime().value - fine < 1e-5 * fine


def test_what_is_held_is_kept_while_the_belief_is_in_doubt():
    model = HiddenRegime()
    assert model.best_position(64, 0.0, np.array([[0.05, 0.5, 0.95]])).tolist() == [[-1.0, 0.0, 1.0]]
    assert model.best_position(64, POSITIONS, 0.55).tolist() == [-1.0, 0.0, 1.0]
    assert model.best_position(64, POSITIONS, 0.98).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("name", "value"), [
    ("n_bars", 0), ("move", 1.0), ("up_probability", 0.4), ("stay", 1.0), ("cost_rate", -1.0),
])
def test_regimes_of_nonsense_are_refused(name, value):
    with pytest.raises(ConfigError, match=name):
        HiddenRegime(**{name: value})
