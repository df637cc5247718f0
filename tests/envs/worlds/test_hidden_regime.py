"""Hidden regimes: what remembering earns, what it takes, and what it refuses."""

import gymnasium
import numpy as np
import pytest

import quantgym  # noqa: F401
from quantgym.envs.optimum.memoryless import best_memoryless_rule
from quantgym.envs.worlds.hidden_regime import HiddenRegimeEnv, HiddenRegimeVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, ShapeError

SHORT, FLAT, LONG = 0, 1, 2
SEED = 11


def error(values):
    return values.std(ddof=1) / np.sqrt(len(values))


def test_the_optimum_earns_its_value_and_a_threshold_on_the_belief_less(played):
    # N = 3,000 episodes, standard error about 0.0028 of 0.3036
    env = HiddenRegimeVectorEnv(num_envs=3_000, info=())
    best = played(env, env.optimal_action, SEED)
    assert abs(best.mean() - env.optimal_value()) < 4.0 * error(best)
    lost = best - played(env, env.perturbed_action, SEED)
    assert lost.mean() > 10.0 * error(lost)


def test_the_best_without_memory_plays_at_its_bound_and_below_half_of_the_optimum(played):
    env = HiddenRegimeVectorEnv(num_envs=3_000, info=())
    policy, value = env.memoryless()
    rng = np.random.default_rng(0)

    def without_memory(seen):
        chances = policy[(seen[:, 0] > 0).astype(int), np.rint(seen[:, 1]).astype(int) + 1]
        return (rng.random(len(seen))[:, None] > np.cumsum(chances, axis=1)[:, :2]).sum(axis=1)

    total = played(env, without_memory, SEED)
    assert abs(total.mean() - value) < 4.0 * error(total)
    assert total.mean() + 4.0 * error(total) < 0.55 * env.optimal_value()
    rule, worth = best_memoryless_rule(env.market)

    def by_rule(seen):
        return (rule[(seen[:, 0] > 0).astype(int), np.rint(seen[:, 1]).astype(int) + 1] + 1).astype(int)

    total = played(env, by_rule, SEED)
    assert abs(total.mean() - worth) < 4.0 * error(total)


def test_rewards_are_returns_and_costs_in_units_of_the_price():
    env = HiddenRegimeVectorEnv(num_envs=2, episode_bars=3)
    env.reset(seed=3)
    seen, rewards, *_ = env.step(np.array([LONG, SHORT]))
    # one unit, a return of one percent up or down; trading it costs half a percent
    assert rewards == pytest.approx(seen[:, 0].astype(float) / 100.0 * [1.0, -1.0] - 0.005, abs=1e-8)
    assert seen[:, 1].tolist() == [1.0, -1.0]
    seen, rewards, *_ = env.step(np.array([LONG, LONG]))
    # what is held costs nothing; from short to long are two units
    assert rewards == pytest.approx(seen[:, 0].astype(float) / 100.0 - [0.0, 0.01], abs=1e-8)


def test_an_observation_holds_the_last_return_and_the_position_alone():
    env = HiddenRegimeVectorEnv(num_envs=4)
    seen, _ = env.reset(seed=0)
    assert [column.name for column in (*env.layout.columns, *env.layout.private)] == ["last_return", "held"]
    assert np.abs(seen[:, 0]) == pytest.approx(np.ones(4))
    assert seen[:, 1].tolist() == [0.0] * 4


def test_beliefs_know_what_was_shown_and_nothing_later():
    env = HiddenRegimeVectorEnv(num_envs=3, episode_bars=6)
    seen, _ = env.reset(seed=5)
    market, belief = env.market, None
    for _ in range(6):
        before = 0.5 if belief is None else market.predict(belief)
        belief = market.update(before, seen[:, 0] > 0)
        assert env.beliefs() == pytest.approx(belief, abs=1e-12)
        assert np.array_equal(env.beliefs(), env.beliefs())
        seen, *_ = env.step(env.optimal_action(seen))
    # the episodes that begin know nothing of the last ones
    assert env.beliefs() == pytest.approx(market.update(0.5, seen[:, 0] > 0), abs=1e-12)


def test_beliefs_follow_a_state_that_is_restored():
    env = HiddenRegimeVectorEnv(num_envs=3, episode_bars=8)
    seen, _ = env.reset(seed=5)
    for _ in range(3):
        seen, *_ = env.step(env.optimal_action(seen))
    saved, known = env.get_state(), env.beliefs()
    for _ in range(7):
        seen, *_ = env.step(np.full(3, FLAT))
        env.beliefs()
    env.set_state(saved)
    assert np.array_equal(env.beliefs(), known)


def test_more_is_earned_where_regimes_last_and_less_where_trading_is_dear(played):
    value = HiddenRegimeVectorEnv().optimal_value()
    assert HiddenRegimeVectorEnv(stay=0.99).optimal_value() > value > HiddenRegimeVectorEnv(cost_rate=0.01).optimal_value()
    env = HiddenRegimeVectorEnv(num_envs=3_000, info=(), stay=0.9, up_probability=0.8, cost_rate=0.002, episode_bars=40)
    best = played(env, env.optimal_action, SEED)
    assert abs(best.mean() - env.optimal_value()) < 4.0 * error(best)


@pytest.mark.parametrize(("name", "settings"), [
    ("costs", {"costs": CostSettings(allow_short=True)}), ("reward", {"reward": "log_return"}), ("window", {"window": 4}),
    ("private", {"private": "account"}), ("cash", {"cash": 1_000.0}), ("outgrow", {"episode_bars": 800}),
    ("own randomise alone", {"randomise": {"spread": [0.5, 2.0]}}), ("own limits alone", {"limits": {"max_order": 1e6}}),
    ("action", {"action": {"kind": "positions", "short": True}}),
])
def test_the_optimum_is_not_claimed_for_other_worlds(name, settings):
    with pytest.raises(ConfigError, match=name):
        HiddenRegimeVectorEnv(**settings).optimal_value()


def test_wrong_options_are_refused():
    with pytest.raises(ConfigError, match=r"stay in \(0, 1\)"):
        HiddenRegimeVectorEnv(stay=1.0)
    with pytest.raises(ConfigError, match="unknown option 'sty'"):
        HiddenRegimeVectorEnv(sty=0.9)
    with pytest.raises(ConfigError, match="draws its own paths"):
        gymnasium.make("quantgym/HiddenRegime-v0", tape="sample:eurusd-1h")
    env = HiddenRegimeVectorEnv(num_envs=2)
    seen, _ = env.reset(seed=0)
    with pytest.raises(ShapeError, match="depends on all it has shown"):
        env.optimal_action(seen[:1])


def test_one_of_them_says_what_is_best_too():
    env = gymnasium.make("quantgym/HiddenRegime-v0").unwrapped
    assert isinstance(env, HiddenRegimeEnv)
    seen, _ = env.reset(seed=0)
    assert env.optimal_action(seen) in (SHORT, FLAT, LONG)
