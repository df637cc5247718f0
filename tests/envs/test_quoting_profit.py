"""What market makers are paid, and what they see of their inventory, by hand."""

import math

import numpy as np
import pytest

from quantgym.envs.parts.part import PartContext
from quantgym.envs.parts.registry import build_parts
from quantgym.envs.rewards.exponential_utility import pay_utility, utility
from quantgym.envs.rewards.registry import build_reward
from quantgym.market.account import ACCOUNT, POSITION, STEP
from quantgym.market.actions.quotes import Quotes
from quantgym.market.cost import CostSettings
from quantgym.market.desk import Books, open_episodes
from quantgym.market.errors import ConfigError
from quantgym.market.instrument import Instrument, instrument_records

COSTS = CostSettings()


def world(before, after, *, units=0.0, row=3, last=10, initial=100.0, lot=0.5):
    step, account, position = np.zeros(1, STEP), np.zeros(1, ACCOUNT), np.zeros((1, 1), POSITION)
    step["equity_before"], step["equity"] = before, after
    account["initial_equity"], account["equity"] = initial, after
    position["units"], position["mark"], position["fx"] = units, 10.0, 1.0
    episode = open_episodes(1)
    episode["last_row"] = last
    return step, Books(np.array([row]), instrument_records((Instrument(symbol="S0", lot=lot),)), account, position, episode)


def test_quoting_profit_pays_money_less_squared_lots():
    reward = build_reward({"kind": "quoting_profit", "unit": 2.0, "running_penalty": 0.1, "terminal_penalty": 1.0}, COSTS)
    # 6 / 2 - 0.1 x 4^2: two units are four lots
    assert reward.pay(*world(100.0, 106.0, units=-2.0))[0] == pytest.approx(1.4)
    # at the last row 16 more
    assert reward.pay(*world(100.0, 106.0, units=-2.0, row=10))[0] == pytest.approx(-14.6)


def test_exponential_utility_by_hand_telescopes():
    reward = build_reward({"kind": "exponential_utility", "risk_aversion": 0.5, "benchmark": 20.0}, COSTS)
    reward.start(1)
    first = reward.pay(*world(100.0, 104.0, row=5, last=10))[0]
    # profit 4, half of the benchmark is 10: x = -6, U = (1 - e^3) / 0.5
    assert first == pytest.approx((1.0 - math.e**3) / 0.5)
    out = np.zeros((1, 1))
    reward.write(out, 0)
    assert out[0, 0] == pytest.approx(-3.0)
    second = reward.pay(*world(104.0, 122.0, row=10, last=10))[0]
    # profit 22, all of the benchmark: x = 2
    assert first + second == pytest.approx((1.0 - math.exp(-1.0)) / 0.5)
    reward.clear(np.array([True]))
    reward.write(out, 0)
    assert out[0, 0] == 0.0


def test_a_huge_loss_stays_a_number():
    reward = build_reward({"kind": "exponential_utility", "risk_aversion": 1.0}, COSTS)
    reward.start(1)
    assert np.isfinite(reward.pay(*world(100.0, -1e9))).all()


def test_inventory_is_a_part_of_its_bound():
    out = np.zeros((1, 1), np.float32)
    for scheme, units, expected in [
        (Quotes(lots=4, largest=2), -2.0, -0.5),  # 4 of 8 lots of half a unit
        (Quotes(lots=4, largest=2), 50.0, 1.0),
        (Quotes(equity_share=0.1, largest=5), 3.0, 0.6),  # 30 of half of 100
    ]:
        (part,) = build_parts("inventory", PartContext(("S0",), scheme))
        part.write(np.array([True]), world(100.0, 100.0, units=units)[1], out, 0)
        assert out[0, 0] == pytest.approx(expected)
    part.write(np.array([True]), world(100.0, -5.0, units=3.0)[1], out, 0)
    assert out[0, 0] == 0.0


@pytest.mark.parametrize(("reward", "says"), [
    ({"kind": "quoting_profit", "unit": 0.0}, "unit"), ({"kind": "quoting_profit", "running_penalty": -1.0}, "running_penalty"),
    ({"kind": "exponential_utility", "risk_aversion": 0.0}, "risk_aversion"), ({"kind": "exponential_utility"}, "risk_aversion"),
    ({"kind": "exponential_utility", "risk_aversion": 1.0, "benchmark": math.inf}, "benchmark"),
])  # fmt: skip
def test_wrong_settings_are_refused(reward, says):
    with pytest.raises(ConfigError, match=says):
        build_reward(reward, COSTS)


def test_the_kernel_equals_its_own_python():
    before, after = np.linspace(-50.0, 50.0, 41), np.linspace(60.0, -40.0, 41)
    paid, plain = np.empty(41), getattr(utility, "py_func", utility)
    pay_utility(before, after, 0.1, paid)
    expected = [plain(late, 0.1) - plain(early, 0.1) for early, late in zip(before, after, strict=True)]
    assert paid == pytest.approx(expected, rel=1e-12)
