"""Kelly-v0: what a stake earns, what is best among those there are, what is refused."""

import math

import gymnasium
import numpy as np
import pytest

from quantgym.envs.worlds.kelly import KellyVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError

EXPOSURE = {"kind": "exposure", "scale": 4.0}


def test_a_stake_of_two_gains_or_loses_a_fifth():
    env = KellyVectorEnv(num_envs=64, episode_bars=5)
    seen, _ = env.reset(seed=0)
    for _ in range(4):
        seen, rewards, *_ = env.step(np.full(64, 2))  # levels 0, 1, 2, 3, 4
        went_up = seen[:, 0] > 0.0
        # 2 x 0.1 of equity: ln 1.2 or ln 0.8; lots of 1e-6 leave at most 1e-8 of it
        assert rewards == pytest.approx(np.where(went_up, math.log(1.2), math.log(0.8)), abs=1e-7)
    assert went_up.any()
    assert not went_up.all()


def test_the_value_by_hand():
    # 128 (ln 2 + 0.6 ln 0.6 + 0.4 ln 0.4) = 128 x 0.0201355
    env = KellyVectorEnv()
    assert env.optimal_value() == pytest.approx(128 * 0.0201355, rel=1e-5)
    assert env.reference_value() == 0.0
    assert KellyVectorEnv(episode_bars=10).optimal_value() == pytest.approx(0.201355, rel=1e-5)
    assert KellyVectorEnv(action=EXPOSURE).optimal_value() == env.optimal_value()
    # certainty: 128 (e^0.0201355 - 1)
    assert env.certainty_equivalent(env.optimal_value()) == pytest.approx(128 * math.expm1(0.0201355), rel=1e-5)


def test_continuous_actions_stake_half_of_a_scale_of_four():
    env = KellyVectorEnv(num_envs=3, action=EXPOSURE)
    seen, _ = env.reset(seed=0)
    assert env.optimal_action(seen).tolist() == [[0.5]] * 3
    assert env.optimal_action(seen).dtype == np.float32
    assert env.reference_action(seen).tolist() == [[0.0]] * 3
    assert env.optimal_action(seen[0]).tolist() == [0.5]


def test_continuous_stakes_earn_the_same_value_and_others_less():
    env = KellyVectorEnv(num_envs=2_048, action=EXPOSURE, episode_bars=32, info=())
    earned = {}
    for stake in (0.5, 0.4, 0.7):  # of a scale of four
        env.reset(seed=1)
        earned[stake] = sum(env.step(np.full((2_048, 1), stake, np.float32))[1] for _ in range(32))
    best = earned[0.5]
    assert abs(best.mean() - env.optimal_value()) < 4.0 * best.std(ddof=1) / np.sqrt(2_048)
    for other in (0.4, 0.7):
        lost = best - earned[other]
        assert lost.mean() > 3.0 * lost.std(ddof=1) / np.sqrt(2_048)


def test_menus_without_the_best_fraction_have_a_best_level_of_their_own():
    menu = {"kind": "levels", "levels": (1.0, 0.0, 3.5)}
    env = KellyVectorEnv(num_envs=2, action=menu)
    seen, _ = env.reset(seed=0)
    # growth 0.6 ln 1.1 + 0.4 ln 0.9 = 0.015042 against 0.6 ln 1.35 + 0.4 ln 0.65 = 0.007748
    assert env.optimal_action(seen).tolist() == [0, 0]
    assert env.reference_action(seen).tolist() == [1, 1]
    assert env.perturbed_action(seen).tolist() == [1, 1]
    assert env.optimal_value() == pytest.approx(128 * 0.015042, rel=1e-4)


def test_a_scale_below_the_best_fraction_binds():
    env = KellyVectorEnv(action={"kind": "exposure", "scale": 1.0})
    seen, _ = env.reset(seed=0)
    assert env.optimal_action(seen).tolist() == [[1.0]]
    assert env.optimal_value() == pytest.approx(128 * 0.015042, rel=1e-4)


def test_days_have_smaller_moves_and_options_hold_over_a_rebuild():
    daily = KellyVectorEnv(daily=True)
    assert daily.market.best_fraction == pytest.approx(3.0)
    assert daily.market.sharpe == pytest.approx(0.03, abs=1e-3)
    own = KellyVectorEnv(move=0.2, up_probability=0.7).rebuild(num_envs=2)
    assert (own.market.move, own.market.up_probability, own.num_envs) == (0.2, 0.7, 2)
    assert gymnasium.make("quantgym/Kelly-v0", move=0.2, up_probability=0.7).unwrapped.optimal_value() == own.optimal_value()


def test_coins_are_loaded_as_said_and_drawn_anew():
    env = KellyVectorEnv(num_envs=400)
    env.reset(seed=3)
    first = env.simulator.bars["close"].copy()
    moves = first[1:, 0] / env.simulator.bars["open"][1:, 0] - 1.0
    share = (moves > 0.0).mean()
    assert abs(share - 0.6) < 4.0 * math.sqrt(0.24 / len(moves))
    env.reset()
    assert not np.array_equal(first, env.simulator.bars["close"])


def test_what_is_best_is_not_claimed_where_it_is_not_known():
    with pytest.raises(ConfigError, match="optimal_value of Kelly-v0 holds for its own costs alone"):
        KellyVectorEnv(costs=CostSettings()).optimal_value()
    with pytest.raises(ConfigError, match="holds for its own limits alone"):
        KellyVectorEnv(limits={"max_leverage": 1.0}).optimal_value()
    with pytest.raises(ConfigError, match="holds for its own randomise alone"):
        KellyVectorEnv(randomise={"slippage": {"kind": "uniform", "of": "value", "low": 0.0, "high": 0.001}}).optimal_value()
    with pytest.raises(ConfigError, match="holds for its own reward alone"):
        KellyVectorEnv(reward="gross_minus_cost").optimal_value()
    with pytest.raises(ConfigError, match="is known for the actions levels and exposure, was six_actions"):
        KellyVectorEnv(action="six_actions").optimal_value()
    with pytest.raises(ConfigError, match=r"move .* must lie in \(0, 1\), was 2"):
        KellyVectorEnv(move=2)
    with pytest.raises(ConfigError, match="unknown option 'moves' of Kelly-v0"):
        KellyVectorEnv(moves=0.1)
    with pytest.raises(ConfigError, match="draws its own paths"):
        KellyVectorEnv("sample:eurusd-1h")
