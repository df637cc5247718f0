"""What there is to earn by default: a Sharpe ratio of 0.2 a step or more, so that it does not drown in noise; less where daily."""

import gymnasium
import numpy as np
import pytest

import quantgym  # noqa: F401
from quantgym.envs.worlds.kelly import KellyVectorEnv
from quantgym.envs.worlds.mean_reversion import MeanReversionVectorEnv
from quantgym.envs.worlds.merton import MertonVectorEnv


def test_a_coin_of_kelly_by_hand():
    # mean 0.2 moves, deviation sqrt(1 - 0.2^2) = 0.9798 moves: 0.2041
    assert KellyVectorEnv().market.sharpe == pytest.approx(0.2041, abs=1e-4)
    assert KellyVectorEnv(daily=True).market.sharpe < 0.05


@pytest.mark.parametrize(("daily", "expected"), [(False, 0.2), (True, 0.04)])
def test_a_bar_of_merton(daily, expected):
    env = MertonVectorEnv(num_envs=2_048, daily=daily)
    env.reset(seed=0)
    bars = env.simulator.bars["close"][:, 0].reshape(2_048, -1)
    returns = (bars[:, 1:] / bars[:, :-1] - 1.0).ravel()
    # mean 0.02, deviation 0.1, a little less where cut at three: 0.2 and more; standard error 1 / sqrt(260,000) = 0.002
    assert returns.mean() / returns.std() == pytest.approx(expected / 0.9866, abs=4.0 / np.sqrt(returns.size))


def test_a_signal_of_mean_reversion_is_a_fifth_of_its_noise():
    market = MeanReversionVectorEnv().market
    assert market.signal / market.noise == pytest.approx(0.2)


@pytest.mark.parametrize("world", ["HiddenRegime", "Leak"])
def test_the_best_policy_of_a_world_of_discrete_positions(world):
    env = gymnasium.make_vec(f"quantgym/{world}-v0", num_envs=1_024, info=()).unwrapped
    seen, _ = env.reset(seed=0)
    rewards = []
    for _ in range(100):
        seen, paid, *_ = env.step(env.optimal_action(seen))
        rewards.append(paid)
    # HiddenRegime net of costs: 0.30356 an episode of 128 bars whose moves are 1 %: 0.237; Leak about sqrt(2 / pi) / 0.6 = 1.3
    assert np.mean(rewards) / np.std(rewards) > 0.2
