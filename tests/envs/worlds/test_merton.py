"""Merton-v0: what a bar pays, the constant fraction, the band."""

import numpy as np
import pytest

from quantgym.envs.optimum.merton import MertonMarket, crra, crra_inverse
from quantgym.envs.worlds.merton import MertonVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError


def test_a_bar_pays_the_utility_of_its_growth():
    env = MertonVectorEnv(num_envs=5, episode_bars=4)
    env.reset(seed=0)
    seen, rewards, *_ = env.step(np.full((5, 1), 0.6))
    returns = seen[:, 0].astype(float) * 0.1  # in standard deviations
    assert rewards == pytest.approx(crra(1.0 + 0.6 * returns, 4.0), abs=1e-7)


def test_a_trade_pays_the_half_spread_of_what_it_moves():
    env = MertonVectorEnv(num_envs=5, episode_bars=4, cost_rate=0.01)
    env.reset(seed=0)
    # sized at equity / 1.01: an action of 0.606 holds 0.6; it costs 0.006 of equity
    seen, rewards, *_ = env.step(np.full((5, 1), 0.606))
    returns = seen[:, 0].astype(float) * 0.1
    growth = 1.0 + 0.6 * returns - 0.006
    assert rewards == pytest.approx(crra(growth, 4.0), abs=1e-7)
    weight = 0.6 * (1.0 + returns) / growth
    assert env.seen(seen, "exposure") == pytest.approx(weight, abs=1e-6)
    _, rewards, *_ = env.step(np.full((5, 1), 0.303))
    after = env.simulator.bars["close"][env.simulator.rows, 0] / env.simulator.bars["open"][env.simulator.rows, 0] - 1.0
    assert rewards == pytest.approx(crra(1.0 + 0.3 * after - 0.01 * np.abs(0.3 - weight), 4.0), abs=1e-6)


def test_the_value_is_that_of_the_bars():
    env = MertonVectorEnv()
    assert env.optimal_value() == MertonMarket().optimal_value(128)
    # the sure return of a bar whose utility is J / n, n times
    assert env.certainty_equivalent(env.optimal_value()) == pytest.approx(128 * crra_inverse(MertonMarket().optimal_value(1), 4.0))
    assert env.reference_value() == 0.0


def test_with_costs_the_best_policy_earns_the_value_of_the_band_and_beats_the_fraction_without(played):
    env = MertonVectorEnv(num_envs=1_024, episode_bars=40, costs=True, info=())
    best = played(env, env.optimal_action, 5)
    # standard error 0.0097 of 1,024 episodes
    assert abs(best.mean() - env.optimal_value()) < 4.0 * best.std(ddof=1) / np.sqrt(1_024)
    lost = best - played(env, env.perturbed_action, 5)
    assert lost.mean() > 4.0 * lost.std(ddof=1) / np.sqrt(1_024)
    assert env.optimal_value() < MertonVectorEnv(episode_bars=40).optimal_value()


def test_inside_the_band_the_best_is_to_leave_it():
    env = MertonVectorEnv(num_envs=32, episode_bars=30, costs=True, info=("turnover",))
    seen, _ = env.reset(seed=1)
    seen, *_ = env.step(env.optimal_action(seen))
    weight = env.seen(seen, "exposure")
    low, high = env.band.lowest[29], env.band.highest[29]
    inside = (weight > low) & (weight < high)
    seen, _, _, _, info = env.step(env.optimal_action(seen))
    assert inside.any()
    assert not inside.all()
    assert (info["turnover"][inside] < 1e-6).all()  # the weight is seen in float32
    assert (info["turnover"][~inside] > 1e-4).all()


def test_the_end_of_an_episode_is_the_end_of_the_task():
    env = MertonVectorEnv(num_envs=2, episode_bars=3, autoreset_mode="disabled")
    env.reset(seed=0)
    ends = [env.step(np.zeros((2, 1)))[2:4] for _ in range(3)]
    assert [terminated.tolist() for terminated, _ in ends] == [[False] * 2, [False] * 2, [True] * 2]
    assert not any(truncated.any() for _, truncated in ends)


def test_costs_may_be_named_in_three_ways():
    assert MertonVectorEnv(costs=True).cost_rate == 0.005
    assert MertonVectorEnv(costs=False).cost_rate == 0.0
    assert MertonVectorEnv(costs=True, daily=True).cost_rate == 0.001
    own = MertonVectorEnv(cost_rate=0.002, episode_bars=3)
    assert own.rebuild(num_envs=2).optimal_value() == own.optimal_value()
    assert MertonVectorEnv(daily=True).market.best_fraction() == pytest.approx(0.5137, abs=1e-3)


def test_what_is_best_is_not_claimed_where_it_is_not_known():
    with pytest.raises(ConfigError, match="optimal_value of Merton-v0 holds for its own costs alone"):
        MertonVectorEnv(costs=CostSettings(allow_short=True)).optimal_value()
    with pytest.raises(ConfigError, match="holds for its own reward alone"):
        MertonVectorEnv(reward={"kind": "crra", "risk_aversion": 2.0}).optimal_value()
    with pytest.raises(ConfigError, match="is known for the action scheme exposure, was positions"):
        MertonVectorEnv(action="positions").optimal_value()
    with pytest.raises(ConfigError, match=r"needs exposures up to 1\.984 for its best policy, the actions reach 1"):
        MertonVectorEnv(risk_aversion=1.0).optimal_value()
    env = MertonVectorEnv(costs=True, private="account")
    seen, _ = env.reset(seed=0)
    with pytest.raises(ConfigError, match="Merton-v0 needs time_left in its observation to say what is best"):
        env.optimal_action(seen)
    with pytest.raises(ConfigError, match=r"volatility .* must be finite and positive"):
        MertonVectorEnv(volatility=0.0)
