"""Hedging on lognormal paths: least variance without costs, the band with them, and what is refused."""

import gymnasium
import numpy as np
import pytest

import quantgym  # noqa: F401
from quantgym.envs.optimum.black_scholes import call_price
from quantgym.envs.worlds.black_scholes_hedge import BlackScholesHedgeEnv, BlackScholesHedgeVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError


def played(policy, n_envs=4_000, seed=11, **settings):
    """Return sums of rewards (n_envs,) of one episode of policy(env, observations)."""
    env = BlackScholesHedgeVectorEnv(num_envs=n_envs, info=(), **settings)
    seen, _ = env.reset(seed=seed)
    total = np.zeros(n_envs)
    for _ in range(env.settings.episode_bars):
        seen, rewards, terminated, truncated, _ = env.step(policy(env, seen))
        total += rewards
    assert terminated.all()
    assert not truncated.any()
    return total


def best(env, seen):
    return env.optimal_action(seen)


def error(values):
    return values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize("cost_rate", [0.0, 0.001])
def test_the_optimum_earns_its_value_and_too_much_of_it_less(cost_rate):
    # N = 4,000 episodes, standard error about 0.00014 of -0.0023 and -0.0044; no hedge is worth -0.219
    total = played(best, cost_rate=cost_rate)
    assert abs(total.mean() - BlackScholesHedgeVectorEnv(cost_rate=cost_rate).optimal_value()) < 4.0 * error(total)
    lost = total - played(lambda env, seen: env.perturbed_action(seen), cost_rate=cost_rate)
    assert lost.mean() > 8.0 * error(lost)


def test_delta_is_as_good_without_costs_and_worse_with_them():
    # without costs delta differs from the best ratio by gamma S s^2 / 2, 7e-4 of a unit here
    lost = played(best) - played(lambda env, seen: env.delta_action(seen))
    assert abs(lost.mean()) < 4.0 * error(lost) + 1e-5
    lost = played(best, cost_rate=0.002) - played(lambda env, seen: env.delta_action(seen), cost_rate=0.002)
    assert lost.mean() > 8.0 * error(lost)


def test_no_hedge_is_worth_what_is_said():
    total = played(lambda env, seen: env.reference_action(seen))
    assert abs(total.mean() - BlackScholesHedgeVectorEnv().reference_value()) < 4.0 * error(total)


def test_a_reward_by_hand():
    env = BlackScholesHedgeVectorEnv(num_envs=2, cost_rate=0.001, episode_bars=4)
    seen, _ = env.reset(seed=2)
    names = [column.name for column in env.layout.private]
    assert names == ["moneyness", "time_left", "implied_volatility", "held"]
    assert seen[:, 1:].tolist() == [[0.0, 1.0, 2.0, 0.0]] * 2
    seen, rewards, *_ = env.step(np.array([[0.5], [1.0]], np.float32))
    growth = 1.0 + seen[:, 0].astype(float) / 100.0
    gained = call_price(growth, 1.0, 0.02 * np.sqrt(3)) - call_price(1.0, 1.0, 0.02 * 2.0)
    g = np.array([0.5, 1.0]) * (growth - 1.0) - gained
    assert rewards == pytest.approx(g - 50.0 * g * g - 0.001 * np.array([0.5, 1.0]), abs=1e-7)
    assert seen[:, 1:] == pytest.approx(np.stack([100.0 * np.log(growth), [0.75] * 2, [2.0] * 2, [0.5, 1.0]], axis=1), rel=1e-5)


def test_at_maturity_the_option_is_its_payoff_and_the_task_has_ended():
    env = BlackScholesHedgeVectorEnv(num_envs=50, episode_bars=1, autoreset_mode="disabled")
    env.reset(seed=2)
    seen, rewards, terminated, truncated, _ = env.step(np.zeros((50, 1), np.float32))
    growth = np.exp(seen[:, 1].astype(float) / 100.0)
    g = call_price(1.0, 1.0, 0.02) - np.maximum(growth - 1.0, 0.0)
    assert rewards == pytest.approx(g - 50.0 * g * g, abs=1e-7)
    assert terminated.all()
    assert not truncated.any()
    assert seen[:, 2].tolist() == [0.0] * 50


def test_the_band_holds_what_is_in_it():
    env = BlackScholesHedgeVectorEnv(cost_rate=0.001)
    low, high = env.band.band(32, 1.0)
    for held in (0.0, float(low) + 0.01, float(high) + 0.2):
        seen = np.array([[0.0, 0.0, 1.0, 2.0, held]], np.float32)
        assert env.optimal_action(seen)[0, 0] == pytest.approx(np.clip(held, low, high), abs=1e-6)


@pytest.mark.parametrize(("name", "settings"), [
    ("costs", {"costs": CostSettings()}), ("window", {"window": 4}), ("private", {"private": "account"}),
])
def test_the_optimum_is_not_claimed_for_other_worlds(name, settings):
    with pytest.raises(ConfigError, match=name):
        BlackScholesHedgeVectorEnv(**settings).optimal_value()


@pytest.mark.parametrize(("said", "settings"), [
    ("volatility in", {"volatility": 0.0}), ("risk must be", {"risk": -1.0}), ("leave reward out", {"reward": "log_return"}),
    ("leave action out", {"action": "exposure"}), ("half_spread_rate", {"cost_rate": -0.1}),
    ("draws its own paths", {"rows": (0, 9)}),
])
def test_wrong_options_are_refused(said, settings):
    with pytest.raises(ConfigError, match=said):
        BlackScholesHedgeVectorEnv(**settings)


def test_one_of_them_says_what_is_best_too():
    env = gymnasium.make("quantgym/BlackScholesHedge-v0", cost_rate=0.001).unwrapped
    assert isinstance(env, BlackScholesHedgeEnv)
    seen, _ = env.reset(seed=0)
    assert env.action_space.contains(env.optimal_action(seen))
