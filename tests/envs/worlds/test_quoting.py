"""Worlds of market makers: their steps against another implementation, their optima, the paper's table through the exchange."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.avellaneda_stoikov import AvellanedaStoikov
from quantgym.envs.worlds.avellaneda_stoikov import AvellanedaStoikovEnv, AvellanedaStoikovVectorEnv
from quantgym.envs.worlds.cartea_jaimungal import CarteaJaimungalVectorEnv
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError

WORLDS = [CarteaJaimungalVectorEnv, AvellanedaStoikovVectorEnv]


def replayed(env, actions):
    """Fills, inventory and P&L of each step by NumPy alone, from the world's drawn mids and reach: (steps, E) each."""
    n, rows = env.num_envs, np.arange(env.num_envs) * env.path_rows
    low, wide, largest = env.narrowest, env.widest - env.narrowest, env.market.largest
    q, filled, held, earned = np.zeros(n), [], [], []
    for action in actions:
        offsets = low + 0.5 * (action + 1.0) * wide
        hit = offsets <= env.simulator.reach[rows, 0]
        hit[:, 0] &= q < largest
        hit[:, 1] &= q > -largest
        q = q + hit[:, 0] - hit[:, 1]
        move = env.simulator.bars["close"][rows + 1, 0] - env.simulator.bars["close"][rows, 0]
        filled.append(hit.sum(axis=1))
        held.append(q)
        earned.append((hit * offsets).sum(axis=1) + q * move)
        rows = rows + 1
    return np.array(filled), np.array(held), np.array(earned)


def random_actions(env, n_steps, seed=0):
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (n_steps, env.num_envs, 2))


def test_every_reward_is_what_another_implementation_of_the_model_says():
    env = CarteaJaimungalVectorEnv(num_envs=64, episode_bars=40, autoreset_mode="disabled", info=("n_fills", "refused"))
    env.reset(seed=7)
    actions = random_actions(env, 40)
    filled, held, earned = replayed(env, actions)
    penalty = 0.1 * 0.25 * held**2
    penalty[-1] += 0.01 * held[-1] ** 2
    for step, action in enumerate(actions):
        seen, rewards, terminated, truncated, info = env.step(action)
        assert rewards == pytest.approx(earned[step] - penalty[step], abs=1e-6)  # limits stand on ticks of 1e-8
        assert np.array_equal(info["n_fills"], filled[step])
        assert seen[:, 1] == pytest.approx(held[step] / 3.0, abs=1e-6)
        assert seen[:, 2] == pytest.approx((39 - step) / 40.0, abs=1e-6)
        assert not truncated.any()
        assert terminated.all() == (step == 39)
    assert filled.mean() > 0.1
    assert np.abs(held).max() == 3.0
    env.simulator.check()


def test_utilities_of_an_episode_add_up_to_that_of_its_profit():
    env = AvellanedaStoikovVectorEnv(num_envs=32, episode_bars=50, autoreset_mode="disabled", info=("equity",))
    env.reset(seed=3)
    actions = random_actions(env, 50)
    _, _, earned = replayed(env, actions)
    total = np.zeros(32)
    for step, action in enumerate(actions):
        seen, rewards, *_, info = env.step(action)
        total += rewards
        excess = earned[: step + 1].sum(axis=0) - env.formula_equivalent() * (step + 1) / 50.0
        assert seen[:, 3] == pytest.approx(np.clip(0.1 * excess, -10.0, 10.0), abs=1e-5)
    profit = info["equity"] - 1_000_000.0
    assert profit == pytest.approx(earned.sum(axis=0), abs=1e-5)
    assert total == pytest.approx((1.0 - np.exp(-0.1 * (profit - env.formula_equivalent()))) / 0.1, abs=1e-6)


def test_the_papers_formula_through_the_exchange_has_its_exact_moments():
    n = 1_000  # as many simulations as the paper's tables have
    env = AvellanedaStoikovVectorEnv(num_envs=n, info=("equity",), autoreset_mode="disabled")
    seen, _ = env.reset(seed=11)
    for _ in range(200):
        seen, _, _, _, info = env.step(env.formula_action(seen))
    profit, q = info["equity"] - 1_000_000.0, env.simulator.position["units"][:, 0]
    exact = AvellanedaStoikov(largest=30, lowest=-1.0, highest=3.0)
    exact = exact.outcome_of(exact.formula())
    assert abs(profit.mean() - exact.profit) < 4.0 * exact.deviation / math.sqrt(n)
    assert abs(profit.std() - exact.deviation) < 4.0 * exact.deviation * math.sqrt((exact.kurtosis - 1.0) / (4 * n))
    assert abs(q.std() - exact.inventory_deviation) < 4.0 * exact.inventory_deviation * math.sqrt(0.5 / n)


def test_values_stand_in_their_order():
    world = AvellanedaStoikovVectorEnv()
    assert world.optimal_value() == pytest.approx(2.182126, abs=1e-6)
    assert world.certainty_equivalent(world.optimal_value()) == pytest.approx(65.24898, abs=1e-5)
    assert world.certainty_equivalent(0.0) == pytest.approx(62.787256, abs=1e-6)
    assert world.certainty_equivalent(world.reference_value()) == pytest.approx(49.128468, abs=1e-6)
    assert world.certainty_equivalent(10.0) == math.inf
    world = CarteaJaimungalVectorEnv()
    assert (world.optimal_value(), world.reference_value()) == pytest.approx((16.161036, 8.832233), abs=1e-6)


def test_shorter_steps_come_to_the_book():
    gaps = []
    for bars in (120, 480):
        world = CarteaJaimungalVectorEnv(step_s=30.0 / bars, episode_bars=bars)
        gaps.append(world.market.limit_value(30.0)[3] - world.optimal_value())
    assert gaps[1] / gaps[0] == pytest.approx(0.25, abs=0.02)


def test_a_grid_of_quotes_is_played_at_its_nearest_pairs():
    world = CarteaJaimungalVectorEnv(num_envs=2, action={"kind": "quote_grid", "levels": 8, "narrowest": -0.5, "widest": 3.0,
                                                         "relative": False, "lots": 1, "largest": 3})
    seen, _ = world.reset(seed=0)
    # best at the start 1.31 on both sides; levels are 0.5 apart from -0.5: 1.5 is the fifth
    assert world.optimal_action(seen).tolist() == [4 * 8 + 4] * 2
    world.step(world.optimal_action(seen))
    with pytest.raises(ConfigError, match="its own action alone"):
        world.optimal_value()


@pytest.mark.parametrize("make", WORLDS)
def test_a_world_goes_on_from_a_saved_state(make):
    env, other = make(num_envs=3, episode_bars=20), make(num_envs=3, episode_bars=20)
    seen, _ = env.reset(seed=1)
    for _ in range(7):
        seen, *_ = env.step(env.optimal_action(seen))
    other.reset(seed=2)
    other.set_state(env.get_state())
    for _ in range(30):
        action = env.optimal_action(seen)
        seen, rewards, *_ = env.step(action)
        twin, paid, *_ = other.step(action)
        assert twin.tobytes() == seen.tobytes()
        assert paid.tobytes() == rewards.tobytes()


@pytest.mark.parametrize("make", WORLDS)
def test_a_million_fit_into_the_clock(make):
    # int64 ns end in 2262, 2.3 million hours after the year 2000
    assert make.bar_ns * 1_000_000 * make().path_rows < np.iinfo(np.int64).max - np.datetime64("2000-01-01", "ns").astype(int)


@pytest.mark.parametrize("make", WORLDS)
def test_threads_change_nothing(make):
    one, two = make(num_envs=16, episode_bars=10), make(num_envs=16, episode_bars=10, threads=2)
    seen, other = one.reset(seed=4)[0], two.reset(seed=4)[0]
    for _ in range(10):
        action = one.optimal_action(seen)
        seen, rewards, *_ = one.step(action)
        other, paid, *_ = two.step(action)
    assert (seen.tobytes(), rewards.tobytes()) == (other.tobytes(), paid.tobytes())


@pytest.mark.parametrize("make", WORLDS)
@pytest.mark.parametrize(("settings", "says"), [
    ({"costs": CostSettings(allow_short=True)}, "its own costs alone"),
    ({"reward": "log_return"}, "its own reward alone"),
    ({"action": {"kind": "quotes", "lots": 2}}, "its own action alone"),
])  # fmt: skip
def test_a_changed_world_has_no_known_value(make, settings, says):
    with pytest.raises(ConfigError, match=says):
        make(**settings).optimal_value()


def test_best_quotes_need_inventory_and_time():
    world = CarteaJaimungalVectorEnv(private=("time_left", "account"))
    with pytest.raises(ConfigError, match="inventory was left out"):
        world.optimal_action(world.reset(seed=0)[0])


def test_wrong_worlds_are_refused():
    with pytest.raises(ConfigError, match="rate of a quoted market must be positive"):
        CarteaJaimungalVectorEnv(rate=0.0)
    with pytest.raises(ConfigError, match="could fall to 0"):
        AvellanedaStoikovVectorEnv(volatility=20.0)
    with pytest.raises(ConfigError, match="draws its own paths"):
        CarteaJaimungalVectorEnv(tape="sample:eurusd-1h")
    with pytest.raises(ConfigError, match="did you mean episode_bars"):
        AvellanedaStoikovVectorEnv(episode_bar=1)


def test_where_an_episode_stands_is_read_from_any_window():
    env = AvellanedaStoikovVectorEnv(num_envs=50, window=3, episode_bars=12)
    seen, _ = env.reset(seed=6)
    for step in range(12):
        steps, states = env.places(seen)
        assert (steps == step).all()
        assert np.array_equal(states - 30, env.simulator.position["units"][:, 0])
        if step < 11:
            seen, *_ = env.step(np.full((50, 2), -0.5))  # both quotes at the mid: many fills
    assert np.abs(states - 30).max() > 0
    assert env.places(seen[0]) == (11, states[0])


def test_a_single_one_says_what_is_best():
    env = AvellanedaStoikovEnv()
    seen, _ = env.reset(seed=0)
    assert env.optimal_action(seen).shape == (2,)
    assert env.optimal_value() == env.batch.optimal_value()
