"""The lead-lag ring: what edges are worth, what an observation holds, and what is refused."""

import gymnasium
import numpy as np
import pytest

import quantgym  # noqa: F401
from quantgym.envs.worlds.lead_lag import LeadLagEnv, LeadLagVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError

SEED = 11


def error(values):
    return values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize("n_leaders", [1, 2])
def test_the_optimum_earns_its_value_and_smaller_weights_less(n_leaders, played):
    # N = 1,000 episodes, standard error about 0.003 of 0.487 with one leader
    env = LeadLagVectorEnv(num_envs=1_000, info=(), n_leaders=n_leaders)
    best = played(env, env.optimal_action, SEED)
    assert abs(best.mean() - env.optimal_value()) < 4.0 * error(best)
    lost = best - played(env, env.perturbed_action, SEED)
    assert lost.mean() > 10.0 * error(lost)


def test_the_best_without_edges_plays_at_its_bound_and_far_below_half_of_the_optimum(played):
    env = LeadLagVectorEnv(num_envs=1_000, info=())
    total = played(env, env.edgeless_action, SEED)
    assert abs(total.mean() - env.edgeless_value()) < 4.0 * error(total)
    assert env.edgeless_value() < 0.15 * env.optimal_value()
    # other weights on the same knowledge do no better: the followers' own last returns, the whole market's mean
    for blind in (lambda last: 0.5 * last, lambda last: np.broadcast_to(last.mean(axis=1, keepdims=True), last.shape)):
        def act(seen, blind=blind):
            last = seen[:, env.layout.positions_of("last_return")]
            return np.clip(blind(last) / 1.75, -1.0, 1.0)

        assert played(env, act, SEED).mean() < env.edgeless_value()


def test_edges_are_those_of_the_ring_and_stay_for_the_episode():
    env = LeadLagVectorEnv(num_envs=3, n_assets=5, n_leaders=2, episode_bars=4)
    seen, _ = env.reset(seed=0)
    edges = seen[:, env.layout.edge_positions]
    assert env.layout.edges == tuple((i, j) for i in range(5) for j in range(5) if i != j)
    weights = np.zeros((3, 5, 5))
    weights[:, env.layout.edge_index[1], env.layout.edge_index[0]] = edges
    # each asset follows two others with one half each, and leads two
    assert weights.sum(axis=2).tolist() == weights.sum(axis=1).tolist() == [[1.0] * 5] * 3
    assert set(edges.ravel().tolist()) == {0.0, 0.5}
    again, *_ = env.step(np.zeros((3, 5), np.float32))
    assert np.array_equal(again[:, env.layout.edge_positions], edges)
    later, _ = env.reset()
    assert not np.array_equal(later[:, env.layout.edge_positions], edges)


def test_edges_travel_in_a_dict_too():
    flat, parts = LeadLagVectorEnv(num_envs=2), LeadLagVectorEnv(num_envs=2, observation="dict")
    seen, shown = flat.reset(seed=4)[0], parts.reset(seed=4)[0]
    assert np.array_equal(shown["edge_weight"][:, 0], seen[:, flat.layout.edge_positions])
    assert shown["edge_index"].shape == (2, 2, 56)


def test_a_reward_by_hand():
    env = LeadLagVectorEnv(num_envs=2, n_assets=3, episode_bars=3)
    env.reset(seed=1)
    seen, rewards, *_ = env.step(np.array([[0.5, -0.2, 0.0], [1.0, 0.0, -1.0]], np.float32))
    returns = seen[:, env.layout.positions_of("last_return")].astype(float) / 100.0
    # w r - 175 / 2 x 1e-4 w^2 = w r - 0.00875 w^2
    expected = (returns * [[0.5, -0.2, 0.0], [1.0, 0.0, -1.0]]).sum(axis=1) - 0.00875 * np.array([0.25 + 0.04, 2.0])
    assert rewards == pytest.approx(expected, abs=1e-7)


def test_costs_are_paid_in_units_of_the_mean_price():
    free = LeadLagVectorEnv(num_envs=1, n_assets=3)
    dear = LeadLagVectorEnv(num_envs=1, n_assets=3, costs=CostSettings(
        fee_rate=0.001, half_spread_rate=0.0, spread="fixed", impact_coefficient=0.0, sizing_margin=0.0, allow_short=True,
        borrow_rate=0.0, margin_interest_rate=0.0))
    action = np.array([[1.0, 0.0, -1.0]], np.float32)
    paid = []
    for env in (free, dear):
        env.reset(seed=2)
        paid.append(env.step(action)[1][0])
    # two units at a rate of 0.001, prices within a percent or two of their mean
    assert paid[0] - paid[1] == pytest.approx(0.002, rel=0.03)


def test_last_returns_follow_the_leaders_last_returns():
    env = LeadLagVectorEnv(num_envs=2_000, episode_bars=3)
    seen, _ = env.reset(seed=0)
    graphs, last = env._read(seen)
    later = env._read(env.step(np.zeros((2_000, 8), np.float32))[0])[1]
    followed = np.einsum("eij,ej->ei", graphs, last)
    slope = (followed * later).sum() / (followed**2).sum()
    # 16,000 pairs: standard error 0.01 / (0.0115 x 126) = 0.007
    assert slope == pytest.approx(0.5, abs=0.028)
    assert last.std() == pytest.approx(0.01 / np.sqrt(0.75), rel=0.03)


@pytest.mark.parametrize(("name", "settings"), [
    ("costs", {"costs": CostSettings(allow_short=True)}), ("reward", {"reward": "log_return"}), ("window", {"window": 4}),
    ("private", {"private": "weights"}), ("action", {"action": "target_weights"}),
])
def test_the_optimum_is_not_claimed_for_other_worlds(name, settings):
    with pytest.raises(ConfigError, match=name):
        LeadLagVectorEnv(**settings).optimal_value()


def test_wrong_options_are_refused():
    with pytest.raises(ConfigError, match="n_assets >= 3"):
        LeadLagVectorEnv(n_assets=2)
    with pytest.raises(ConfigError, match=r"at most 0.02, was 0.5"):
        LeadLagVectorEnv(volatility=0.5)
    with pytest.raises(ConfigError, match="n_leaders 1, was 2"):
        LeadLagVectorEnv(n_leaders=2).edgeless_value()
    with pytest.raises(ConfigError, match="draws its own paths"):
        gymnasium.make("quantgym/LeadLag-v0", tape="sample:us-tech")


def test_one_of_them_says_what_is_best_too():
    env = gymnasium.make("quantgym/LeadLag-v0").unwrapped
    assert isinstance(env, LeadLagEnv)
    seen, _ = env.reset(seed=0)
    assert env.action_space.contains(env.optimal_action(seen))
