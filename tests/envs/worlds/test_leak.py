"""The world whose best policy is known."""

import numpy as np
import pytest

from quantgym.data.synthetic import leak_tape
from quantgym.envs.worlds.drawn import FREE
from quantgym.envs.worlds.leak import LeakVectorEnv, leak_features
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError

SHORT, FLAT, LONG = 0, 1, 2
SEED = 3


def test_it_declares_that_it_leaks():
    env = LeakVectorEnv()
    assert env.leaks
    assert env.metadata["leaks"]


def test_the_observation_is_what_the_next_fill_earns():
    env = LeakVectorEnv(num_envs=2, episode_bars=6)
    seen, info = env.reset(seed=0)
    for _ in range(5):
        equity = info["equity"]
        # long with all equity from the open after the decision, which is the close of the decision: one bar's return
        told = seen[:, 0].astype(float) / 100.0
        seen, rewards, _, _, info = env.step(np.array([LONG, SHORT]))
        assert rewards == pytest.approx(np.log1p(np.clip(told, -0.05, 0.05) * [1.0, -1.0]), abs=1e-7)
        assert info["equity"] / equity == pytest.approx(1.0 + told * [1.0, -1.0], abs=1e-7)


def test_the_optimum_has_its_value_within_monte_carlo_error(played):
    env = LeakVectorEnv(num_envs=400, info=())
    total = played(env, env.optimal_action, SEED)
    error = total.std(ddof=1) / np.sqrt(len(total))
    assert abs(total.mean() - env.optimal_value()) < 4.0 * error


def test_the_value_by_hand_for_small_returns():
    # ln(1 + |r|) is about |r| - r^2 / 2; E|r| = sqrt(2 / pi) s = 0.0079788, E r^2 / 2 = 0.00005: 0.0079288 a bar, 128 bars
    assert LeakVectorEnv().optimal_value() == pytest.approx(128 * 0.0079288, rel=2e-3)


def test_a_perturbed_policy_is_worse_and_cash_earns_nothing(played):
    env, rng = LeakVectorEnv(num_envs=400, info=()), np.random.default_rng(0)

    def perturbed(seen):
        return np.where(rng.random(len(seen)) < 0.1, FLAT, env.optimal_action(seen))

    optimal, worse = played(env, env.optimal_action, SEED), played(env, perturbed, SEED)
    assert (worse < optimal).mean() > 0.99
    assert worse.mean() == pytest.approx(0.9 * optimal.mean(), rel=0.02)
    assert played(env, lambda seen: np.full(len(seen), FLAT), SEED).tolist() == [0.0] * 400


def test_a_window_shows_a_sub_environments_own_path_and_no_other():
    alone, many = LeakVectorEnv(num_envs=1, window=4, episode_bars=6), LeakVectorEnv(num_envs=3, window=4, episode_bars=6)
    first, others = alone.reset(seed=[2])[0][0], many.reset(seed=[1, 2, 3])[0]
    assert np.array_equal(others[1], first)
    assert np.array_equal(many.reset(seed=[2, 8, 9])[0][0], first)
    assert np.array_equal(many.reset(seed=[7, 8, 2])[0][2], first)
    for step in range(6):
        seen, rewards, _, truncated, _ = alone.step(alone.optimal_action(first[None]))
        assert rewards[0] == pytest.approx(np.log1p(abs(float(first[3])) / 100.0), abs=1e-6)
        assert truncated[0] == (step == 5)
        first = seen[0]
    assert LeakVectorEnv(window=4).optimal_value() == LeakVectorEnv().optimal_value()


def test_a_reset_of_nobody_changes_nothing():
    env = LeakVectorEnv(num_envs=2, autoreset_mode="disabled")
    first, _ = env.reset(seed=0)
    assert np.array_equal(env.reset(options={"reset_mask": np.zeros(2, bool)})[0], first)


def test_paths_are_drawn_anew_and_are_martingales():
    env = LeakVectorEnv(num_envs=300)
    first = env.reset(seed=0)[0][:, 0]
    second = env.reset()[0][:, 0]
    assert not np.array_equal(first, second)
    assert np.array_equal(first, env.reset(seed=0)[0][:, 0])
    ends = env.simulator.bars["close"][:, 0].reshape(300, -1)[:, -1] / 100.0
    assert abs(ends.mean() - 1.0) < 4.0 * ends.std() / np.sqrt(300)


def test_a_tape_of_ones_own_leaks_too():
    tape = leak_tape(3, 200)
    env = LeakVectorEnv(tape, num_envs=1, episode_bars=50, start="first")
    seen, _ = env.reset(seed=0)
    assert seen[0, 0] == pytest.approx(100.0 * (tape.open[2, 0] / tape.open[1, 0] - 1.0), rel=1e-5)
    with pytest.raises(ConfigError, match="optimal_value of Leak-v0 holds for its own paths alone, was 'given'"):
        env.optimal_value()


def test_the_optimum_is_not_claimed_where_it_does_not_hold():
    with pytest.raises(ConfigError, match="holds for its own costs alone"):
        LeakVectorEnv(costs=CostSettings()).optimal_value()
    with pytest.raises(ConfigError, match="features, rows and asset need a tape"):
        LeakVectorEnv(features=leak_features(leak_tape(0, 50)))
    with pytest.raises(ConfigError, match="needs episode_bars to draw its own paths"):
        LeakVectorEnv(episode_bars=None)
    assert LeakVectorEnv(costs=FREE).optimal_value() > 0.0


def test_every_sub_environment_lives_in_the_same_hours_however_many_there_are():
    # 20,000 stretches of 129 hours, one after the other, would end after the year 2262
    env = LeakVectorEnv(num_envs=20_000)
    alone = LeakVectorEnv(num_envs=1)
    clock = env.tape.clock.reshape(20_000, env.path_rows)
    assert clock[-1].tobytes() == clock[0].tobytes() == alone.tape.clock.tobytes()
    env.reset(seed=0)
    assert np.isfinite(env.step(np.full(20_000, 2))[1]).all()


def test_rows_that_are_drawn_anew_cannot_be_referred_to():
    with pytest.raises(ConfigError, match="draws its rows anew, so that a reference to one would soon point to another"):
        LeakVectorEnv(num_envs=2, observation="reference")
    assert LeakVectorEnv(leak_tape(0, 300), num_envs=2, observation="reference").view.form == "reference"


@pytest.mark.parametrize("start", ["sequential", {"kind": "rows", "rows": [3]}, {"kind": "regime", "columns": ["a", "b"]}])
def test_a_start_that_paths_drawn_anew_cannot_have_is_refused(start):
    with pytest.raises(ConfigError, match="Leak-v0 draws each episode from its first row; start needs a tape, was"):
        LeakVectorEnv(num_envs=2, start=start)
