"""Accounting faults that other environments have: each is a test of ours."""

import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.market.cost import CostSettings

TAPE = gbm_tape(0, 400)
BUY_10, BUY_50, HOLD, SELL_10, SELL_50, CLOSE_ALL = range(6)


def env(**settings):
    return TradingVectorEnv(**{"tape": TAPE, "num_envs": 3, "start": "first", "episode_bars": 5, **settings})


def test_an_episode_ends_truncated_after_its_bars_and_every_step_is_paid_once():
    made = env(autoreset_mode="disabled")
    _, info = made.reset(seed=0)
    total, began = np.zeros(3), info["equity"]
    for step in range(5):
        _, rewards, terminated, truncated, info = made.step(np.array([BUY_50, HOLD, CLOSE_ALL]))
        total += rewards
        assert truncated.all() == (step == 4)
        assert not terminated.any()
    assert total == pytest.approx(np.log(info["equity"] / began))
    assert total[0] != 0.0


def test_the_end_of_the_tape_is_truncation():
    made = env(episode_bars=None, rows=(390, 400), autoreset_mode="disabled")
    made.reset(seed=0)
    ends = [made.step(np.array([HOLD] * 3))[2:4] for _ in range(9)]  # rows 390 .. 398 decide
    assert [bool(truncated.all()) for _, truncated in ends] == [False] * 8 + [True]
    assert not any(terminated.any() for terminated, _ in ends)


def test_ruin_terminates_and_its_reward_is_paid_in_that_step():
    bars = TAPE.bars.copy()
    for name in ("open", "high", "low", "close"):
        bars[name][30:] *= 1e-5  # the price collapses between rows 29 and 30
    made = env(tape=replace(TAPE, bars=bars), rows=(25, 60), episode_bars=20, autoreset_mode="disabled",
               action="positions", num_envs=2, costs=CostSettings(ruin_equity_fraction=0.1))
    made.reset(seed=0)
    for _ in range(4):  # rows 25 .. 28 decide, 29 is reached
        _, rewards, terminated, truncated, _ = made.step(np.array([1, 0]))
        assert not (terminated | truncated).any()
    seen, rewards, terminated, truncated, info = made.step(np.array([1, 0]))
    assert terminated.tolist() == [True, False]
    assert truncated.tolist() == [False, False]
    assert rewards == pytest.approx([math.log(0.1), 0.0])
    assert np.isfinite(seen).all()
    assert made.single_observation_space.contains(seen[0])
    assert info["equity"][0] < 0.1 * 100_000


def test_a_new_episode_holds_nothing_of_the_last():
    made = env(autoreset_mode="same_step", start="random", reward="differential_sharpe")
    first, _ = made.reset(seed=0)
    for _ in range(12):
        seen, _, _, truncated, info = made.step(np.array([BUY_50] * 3))
        if truncated.any():
            assert info["final_obs"][0][-10:].tolist() != first[0, -10:].tolist()
            assert seen[:, -10:].tobytes() == first[:, -10:].tobytes()
            assert info["equity"].tolist() == [100_000.0] * 3


def test_memory_does_not_grow_with_episodes():
    made = env(num_envs=2)
    made.reset(seed=0)
    action = np.array([BUY_10, SELL_50])
    for _ in range(200):
        made.step(action)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(2_000):
        made.step(action)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000


def test_borrow_is_charged_for_every_bar_and_adds_up():
    costs = CostSettings(allow_short=True, borrow_rate=0.365)  # a thousandth of the short's value a day
    made = env(action="exposure", costs=costs, num_envs=1, info=("borrow",), autoreset_mode="disabled")
    made.reset(seed=0)
    charged = []
    for step in range(5):
        worth = -made.simulator.position["units"][0, 0] * made.simulator.position["mark"][0, 0]
        *_, info = made.step(np.array([[-1.0]]))
        charged.append(info["borrow"][0])
        if step:
            assert charged[-1] == pytest.approx(0.001 * worth, rel=1e-9)
    assert charged[0] == 0.0  # the short begins inside the first bar
    assert made.simulator.account["borrow"][0] == pytest.approx(sum(charged))


def test_an_environment_that_trades_much_takes_no_longer_later():
    made = env(num_envs=1, episode_bars=350, rows=(0, 400))
    made.reset(seed=0)
    for step in range(349):
        made.step(np.array([BUY_50 if step % 2 else CLOSE_ALL]))
    assert made.simulator.account["n_fills"][0] > 300
    assert made.simulator.orders.shape == (1, 8)  # no memory of closed trades is kept anywhere
