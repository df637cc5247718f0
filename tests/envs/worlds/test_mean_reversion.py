"""MeanReversion-v0: what a bar pays, what is observed, the best positions."""

import numpy as np
import pytest

from quantgym.envs.optimum.garleanu_pedersen import SignalMarket
from quantgym.envs.worlds.mean_reversion import MeanReversionVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError


def test_a_bar_pays_profit_less_cost_less_fear_in_units_of_price():
    env = MeanReversionVectorEnv(num_envs=4, episode_bars=6)
    env.reset(seed=0)
    held = np.zeros(4)
    for action in (0.2, 0.5, -0.3):
        wanted = 10.0 * np.full(4, action)
        _, rewards, *_ = env.step(np.full((4, 1), action))
        bar = env.simulator.bars[env.simulator.rows, 0]
        earned = wanted * (bar["close"] / bar["open"] - 1.0)
        # lambda / 2 = 0.025 a unit squared; gamma sigma^2 / 2 = 0.005
        assert rewards == pytest.approx(earned - 0.025 * (wanted - held) ** 2 - 0.005 * wanted**2, abs=1e-6)
        held = wanted


def test_the_signal_is_what_the_next_bar_earns_on_average_and_is_stationary():
    env = MeanReversionVectorEnv(num_envs=512, episode_bars=50, info=())
    seen, _ = env.reset(seed=1)
    assert abs(env.seen(seen, "S0.signal").std() - 1.0) < 4.0 * 0.0313  # 1 / sqrt(2 x 511)
    close = env.simulator.bars["close"][:, 0].reshape(512, -1)
    signal = env.world.table.values[:, 0].reshape(512, -1).astype(float) * 0.02
    surprise = close[:, 1:] / close[:, :-1] - 1.0 - signal[:, :-1]
    assert abs(surprise.mean()) < 4.0 * 0.1 / np.sqrt(surprise.size)
    assert surprise.std() == pytest.approx(0.1, rel=0.02)
    pairs = np.stack([signal[:, :-1].ravel(), signal[:, 1:].ravel()])
    assert np.corrcoef(pairs)[0, 1] == pytest.approx(0.9, abs=0.02)


def test_best_positions_are_those_of_the_plan():
    env = MeanReversionVectorEnv(num_envs=3, episode_bars=6)
    seen, _ = env.reset(seed=0)
    plan = SignalMarket().plan(6)
    first = env.optimal_action(seen)
    signal = env.seen(seen, "S0.signal") * 0.02
    assert first[:, 0] * 10.0 == pytest.approx(plan.follow[6] * signal, abs=1e-5)
    seen, *_ = env.step(first)
    second = plan.keep[5] * plan.follow[6] * signal + plan.follow[5] * env.seen(seen, "S0.signal") * 0.02
    assert env.optimal_action(seen)[:, 0] * 10.0 == pytest.approx(second, abs=1e-5)
    assert env.optimal_action(seen[0]) == pytest.approx(env.optimal_action(seen)[0])


def test_the_value_is_that_of_the_plan_and_days_are_smaller():
    assert MeanReversionVectorEnv().optimal_value() == SignalMarket().plan(128).value()
    assert MeanReversionVectorEnv().reference_value() == 0.0
    daily = MeanReversionVectorEnv(daily=True)
    assert (daily.market.noise, daily.rebuild(num_envs=2).market) == (0.01, daily.market)
    assert MeanReversionVectorEnv(cost=0.1).optimal_value() < MeanReversionVectorEnv().optimal_value()


def test_a_window_and_other_parts_change_neither_action_nor_value():
    plain = MeanReversionVectorEnv(num_envs=2, episode_bars=6)
    wide = MeanReversionVectorEnv(num_envs=2, episode_bars=6, window=3, private=("time_left", "account", "holding"))
    seen, _ = wide.reset(seed=0)
    best = wide.optimal_action(seen)
    newest = wide.seen(seen, "S0.signal")
    assert best[:, 0] * 10.0 == pytest.approx(plain.plan.follow[6] * newest * 0.02, abs=1e-5)
    assert wide.optimal_value() == plain.optimal_value()


def test_what_is_best_is_not_claimed_where_it_is_not_known():
    with pytest.raises(ConfigError, match="optimal_value of MeanReversion-v0 holds for its own costs alone"):
        MeanReversionVectorEnv(costs=CostSettings(allow_short=True)).optimal_value()
    with pytest.raises(ConfigError, match="holds for its own cash alone"):
        MeanReversionVectorEnv(cash=1e5).optimal_value()
    with pytest.raises(ConfigError, match=r"needs max_units of at least 8\.48"):
        MeanReversionVectorEnv(action={"kind": "holding", "max_units": 5.0}).optimal_value()
    with pytest.raises(ConfigError, match="private part holding needs the action scheme holding"):
        MeanReversionVectorEnv(action="exposure")
    with pytest.raises(ConfigError, match="is known for the action scheme holding, was exposure"):
        MeanReversionVectorEnv(action="exposure", private="account").optimal_value()
    with pytest.raises(ConfigError, match=r"persistence .* must lie in \[0, 1\)"):
        MeanReversionVectorEnv(persistence=1.0)
