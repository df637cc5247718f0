"""NoEdge-v0: nothing to earn, costs to pay."""

import numpy as np
import pytest

from quantgym.envs.worlds.no_edge import NoEdgeVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError

FLAT, LONG = 1, 2


def test_flat_earns_nothing_and_trades_nothing():
    env = NoEdgeVectorEnv(num_envs=4, info=("turnover",))
    seen, _ = env.reset(seed=0)
    for _ in range(10):
        seen, rewards, _, _, info = env.step(env.optimal_action(seen))
        assert rewards.tolist() == [0.0] * 4
        assert info["turnover"].tolist() == [0.0] * 4


def test_a_position_pays_the_half_spread_and_gains_the_return():
    env = NoEdgeVectorEnv(num_envs=4)
    env.reset(seed=0)
    seen, rewards, *_ = env.step(np.full(4, LONG))
    # sized at equity / 1.001: 0.001 / 1.001 of equity is spent
    returns = env.seen(seen, "S0.last_return") * 0.01
    assert rewards == pytest.approx((returns - 0.001) / 1.001, abs=1e-8)


def test_buying_and_holding_loses_the_cost_of_buying_on_average():
    env = NoEdgeVectorEnv(num_envs=2_048, episode_bars=20, action={"kind": "positions", "short": True}, info=())
    env.reset(seed=2)
    total = np.zeros(2_048)
    for _ in range(20):
        total += env.step(np.full(2_048, LONG))[1]
    # standard error 0.045 / sqrt(2048) = 0.001
    assert abs(total.mean() + 0.001) < 4.0 * total.std(ddof=1) / np.sqrt(2_048)


def test_random_positions_lose_what_the_reference_says():
    env = NoEdgeVectorEnv(num_envs=1_024, episode_bars=40, info=())
    seen, _ = env.reset(seed=3)
    total = np.zeros(1_024)
    for _ in range(40):
        seen, rewards, *_ = env.step(env.reference_action(seen))
        total += rewards
    assert abs(total.mean() - env.reference_value()) < 4.0 * total.std(ddof=1) / np.sqrt(1_024)
    # the mean distance of two of -1, 0, 1 is 8/9: about 40 x 0.001 x 8/9
    assert env.reference_value() == pytest.approx(-40 * 0.001 * 8 / 9, rel=0.05)


def test_returns_are_symmetric_and_features_tell_nothing():
    env = NoEdgeVectorEnv(num_envs=400)
    env.reset(seed=4)
    seen = env.world.table.values.reshape(400, -1, 2).astype(float)
    nexts = seen[:, 1:, 0].ravel()
    assert abs(nexts.mean()) < 4.0 / np.sqrt(nexts.size)
    for column in range(2):
        assert abs(np.corrcoef(seen[:, :-1, column].ravel(), nexts)[0, 1]) < 4.0 / np.sqrt(nexts.size)


def test_exposures_have_a_best_action_too():
    env = NoEdgeVectorEnv(num_envs=2, action="exposure")
    seen, _ = env.reset(seed=0)
    assert env.optimal_action(seen).tolist() == [[0.0], [0.0]]
    assert env.single_action_space.contains(env.reference_action(seen)[0])


def test_what_is_best_is_not_claimed_where_it_is_not_known():
    with pytest.raises(ConfigError, match="optimal_value of NoEdge-v0 holds for its own costs alone"):
        NoEdgeVectorEnv(costs=CostSettings()).optimal_value()
    with pytest.raises(ConfigError, match="holds for its own reward alone"):
        NoEdgeVectorEnv(reward="log_return").optimal_value()
    env = NoEdgeVectorEnv(action="six_actions")
    with pytest.raises(ConfigError, match="was 'six_actions'"):
        env.optimal_action(env.reset(seed=0)[0])
    with pytest.raises(ConfigError, match=r"cost_rate of NoEdge-v0 must lie in \(0, 0.1\), was 0"):
        NoEdgeVectorEnv(cost_rate=0.0)
    assert NoEdgeVectorEnv(cost_rate=0.002).rebuild().optimal_value() == 0.0


def test_the_best_policy_turns_over_less_than_a_hundredth_of_what_random_positions_do():
    env = NoEdgeVectorEnv(num_envs=64, info=("turnover",))
    turned = {}
    for name, act in (("best", env.optimal_action), ("random", env.reference_action), ("sometimes", None)):
        seen, _ = env.reset(seed=5)
        turned[name] = 0.0
        for step in range(128):
            action = act(seen) if act else np.full(64, FLAT if step % 64 else LONG)
            seen, *_, info = env.step(action)
            turned[name] += info["turnover"].sum()
    # random positions move by 8/9 of equity a bar on average; two round trips in 128 bars are 4 / (128 x 8/9) = 3.5 %: too much
    assert turned["random"] == pytest.approx(64 * 128 * 8 / 9, rel=0.05)
    assert turned["best"] <= 0.01 * turned["random"] < turned["sometimes"]
