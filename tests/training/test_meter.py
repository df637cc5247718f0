"""What the meter says about sampled environments, with sums made by hand beside it."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.features import price_features
from quantgym.market.account import COSTS
from quantgym.training.environment import Blueprint
from quantgym.training.meter import MeteredVectorEnv


@pytest.fixture(scope="module")
def blueprint():
    tape = gbm_tape(2, 120, 1)
    settings = {"action": "six_actions", "episode_bars": 6}
    return Blueprint("quantgym/Trading-v0", tape, price_features(tape), (20, 100), None, settings, reward_scale=10.0)


def metered(blueprint, n=3):
    return MeteredVectorEnv(blueprint.make(n, autoreset_mode="next_step", info=()), blueprint.reward_scale)


def test_figures_are_means_over_bars_that_were_played_not_over_resets(blueprint):
    env, plain = metered(blueprint), blueprint.make(3, autoreset_mode="next_step", info=("turnover", "exposure"))
    env.reset(seed=1)
    plain.reset(seed=1)
    reward_sum = turnover = exposure = commission = 0.0
    bars = 0
    resetting = np.zeros(3, np.bool_)
    for step in range(20):
        actions = np.array([1, step % 6, 5 - step % 6])
        _, scaled, terminated, truncated, _ = env.step(actions)
        _, reward, _, _, info = plain.step(actions)
        assert scaled == pytest.approx(10.0 * reward)
        played = ~resetting
        record = plain.simulator.record[played]
        bars += int(played.sum())
        reward_sum += reward[played].sum()
        turnover += info["turnover"][played].sum()
        exposure += info["exposure"][played].sum()
        commission += (record["commission"] / record["equity_before"]).sum()
        resetting = terminated | truncated
    # 20 calls: 6 bars and a reset, three times; 18 bars would be 3 x 6, and 2 calls are resets of every sub-environment
    assert bars == 3 * 18
    figures = env.read()
    assert figures["train/reward"] == pytest.approx(reward_sum / bars)
    assert figures["train/turnover"] == pytest.approx(turnover / bars)
    assert figures["train/exposure"] == pytest.approx(exposure / bars)
    assert figures["costs/commission_bp"] == pytest.approx(commission / bars * 1e4)
    assert sum(value for name, value in figures.items() if name.startswith("actions/")) == pytest.approx(1.0)


def test_an_episode_that_ends_reports_its_equity_and_deepest_drawdown(blueprint):
    env = metered(blueprint, 1)
    env.reset(seed=1)
    account, equity = env.env.simulator.account, []
    for _ in range(6):
        env.step(np.array([1]))
        equity.append(float(account["equity"][0]))
    path = np.array([100_000.0, *equity])
    figures = env.read()
    assert figures["train/equity"] == pytest.approx(path[-1] / path[0])
    assert figures["train/drawdown"] == pytest.approx((1.0 - path / np.maximum.accumulate(path)).max())
    assert figures["train/ruined"] == 0.0


def test_reading_begins_anew_and_no_data_means_no_tag(blueprint):
    env = metered(blueprint)
    env.reset(seed=1)
    env.step(np.zeros(3, np.int64))
    assert set(env.read()) >= {"train/reward", "speed/env_us_a_step", *(f"costs/{line}_bp" for line in COSTS)}
    assert env.read() == {}


def test_the_meter_passes_observations_through_untouched(blueprint):
    env, plain = metered(blueprint), blueprint.make(3, autoreset_mode="next_step", info=())
    assert np.array_equal(env.reset(seed=4)[0], plain.reset(seed=4)[0])
    for _ in range(9):
        one, other = env.step(np.ones(3, np.int64)), plain.step(np.ones(3, np.int64))
        for place in (0, 2, 3):
            assert np.array_equal(one[place], other[place])
    env.close()
    assert env.closed


def test_every_autoreset_mode_gives_the_same_figures(blueprint):
    figures = []
    for mode in ("same_step", "next_step"):
        env = MeteredVectorEnv(blueprint.make(2, autoreset_mode=mode, info=(), start="first"))
        env.reset(seed=3)
        done = np.zeros(2, np.bool_)
        for step in range(12):
            if mode == "next_step" and done.any():
                env.step(np.zeros(2, np.int64))  # begins anew, counts nothing
            _, _, terminated, truncated, _ = env.step(np.array([1, step % 6]))
            done = terminated | truncated
        figures.append(env.read())
        figures[-1].pop("speed/env_us_a_step")
    assert figures[0] == figures[1]
    # 12 bars of episodes of 6: two of each sub-environment have ended
    assert figures[0]["train/episode_bars"] == 6.0
    assert figures[0]["train/episode_return"] == pytest.approx(6.0 * figures[0]["train/reward"])


def test_a_meter_goes_on_from_its_state(blueprint):
    one, other = (MeteredVectorEnv(blueprint.make(2, autoreset_mode="same_step", info=())) for _ in range(2))
    one.reset(seed=3)
    for _ in range(4):
        one.step(np.array([1, 3]))
    other.reset(seed=9)
    other.env.set_state(one.env.get_state())
    other.load(one.state())
    for env in (one, other):
        env.step(np.array([1, 3]))
        env.step(np.array([1, 3]))
    told = [env.read() for env in (one, other)]
    assert all(figures.pop("speed/env_us_a_step") > 0.0 for figures in told)
    assert told[0] == told[1]
