"""Penalties, sums of rewards and the differential Sortino ratio, worked by hand."""

import math

import numpy as np
import pytest

from quantgym.envs.rewards.moments import MOMENTS, differential_ratio
from quantgym.envs.rewards.registry import build_reward
from quantgym.market.account import ACCOUNT, POSITION, STEP
from quantgym.market.cost import CostSettings
from quantgym.market.desk import Books, open_episodes
from quantgym.market.errors import ConfigError, UnknownNameError
from quantgym.market.instrument import Instrument, instrument_records

COSTS = CostSettings()


def step_and_books(before=100.0, after=90.0, peak=120.0, traded=50.0, units=-3.0, mark=15.0):
    step, account, position = np.zeros(1, STEP), np.zeros(1, ACCOUNT), np.zeros((1, 1), POSITION)
    step["equity_before"], step["equity"], step["traded_notional"] = before, after, traded
    account["equity"], account["peak_equity"], account["initial_equity"] = after, peak, 100.0
    position["units"], position["mark"], position["fx"] = units, mark, 1.0
    instruments = instrument_records((Instrument(symbol="S0"),))
    return step, Books(np.zeros(1, np.int64), instruments, account, position, open_episodes(1))


@pytest.mark.parametrize(("reward", "paid"), [
    ({"kind": "drawdown_penalty", "weight": 2.0}, -2.0 * 0.25),  # 1 - 90 / 120
    ({"kind": "drawdown_penalty", "weight": 2.0, "power": 2.0}, -2.0 * 0.0625),
    ({"kind": "turnover_penalty", "weight": 0.1}, -0.1 * 0.5),  # 50 / 100
    ({"kind": "inventory_penalty", "weight": 0.1}, -0.1 * 0.5),  # |-3 x 15| / 90
    ({"kind": "inventory_penalty", "weight": 0.1, "power": 2.0}, -0.1 * 0.25),
    (["log_return", {"kind": "drawdown_penalty", "weight": 2.0}], math.log(0.9) - 0.5),
    ([{"kind": "log_return", "scale": 9.0}, {"kind": "turnover_penalty", "scale": 2.0, "weight": 0.1}], 9 * math.log(0.9) - 0.1),
    ({"kind": "gross_minus_cost", "scale": 3.0}, 0.0),
])
def test_a_penalty_or_a_sum_by_hand(reward, paid):
    assert build_reward(reward, COSTS).pay(*step_and_books()) == pytest.approx([paid])


@pytest.mark.parametrize("name", ["drawdown_penalty", "turnover_penalty", "inventory_penalty"])
@pytest.mark.parametrize("equity", [0.0, -10.0])
def test_penalties_of_a_ruined_account_are_finite(name, equity):
    paid = build_reward(name, COSTS).pay(*step_and_books(before=equity, after=equity, peak=0.0 if equity else 120.0))
    assert np.isfinite(paid).all()


def test_a_sum_keeps_the_columns_and_moments_of_all_its_terms():
    reward = build_reward(["differential_sharpe", "log_return", {"kind": "differential_sortino", "scale": 0.5}], COSTS)
    assert [column.name for column in reward.columns][1::3] == ["return_deviation", "loss_deviation"]
    # two terms would show return_mean twice: the layout refuses that with its own message
    reward.start(1)
    reward.pay(*step_and_books())
    out = np.zeros((1, 6), np.float32)
    reward.write(out, 0)
    # one return of -10 %: mean -10, deviation 0; mean -10, loss deviation 10; a twentieth of the warm-up
    assert out[0] == pytest.approx([-10.0, 0.0, 0.05, -10.0, 10.0, 0.05], abs=1e-5)
    state = reward.state()
    reward.clear(np.array([True]))
    reward.write(out, 0)
    assert out[0].tolist() == [0.0] * 6
    reward.load(state)
    reward.write(out, 0)
    assert out[0, 0] == pytest.approx(-10.0)


@pytest.mark.parametrize("change", [0.03, -0.02])
def test_differential_sortino_is_the_slope_of_the_ratio_in_eta(change):
    mean, square = 0.002, 0.0004
    counted = min(change, 0.0) ** 2

    def sortino(eta):
        return (mean + eta * (change - mean)) / math.sqrt(square + eta * (counted - square))

    slope = (sortino(1e-6) - sortino(-1e-6)) / 2e-6
    moments, step = np.zeros(1, MOMENTS), np.zeros(1, STEP)
    moments[0] = (mean, square, 1000)
    step["equity_before"], step["equity"] = 100.0, 100.0 * (1.0 + change)
    assert differential_ratio(0, step, moments, True, 0.01, 20, 10.0) == pytest.approx(slope, rel=1e-6)
    assert moments[0]["second"] == pytest.approx(square + 0.01 * (counted - square))


@pytest.mark.parametrize(("reward", "error", "says"), [
    ([], ConfigError, "reward must name at least one reward"),
    (["log_return", "drawdown_penlty"], UnknownNameError, "did you mean drawdown_penalty"),
    ({"kind": "drawdown_penalty", "weight": -1.0}, ConfigError, "a penalty's weight must be finite and not negative, was -1.0"),
    ({"kind": "drawdown_penalty", "power": 0.5}, ConfigError, "a penalty's power must be finite and at least 1, was 0.5"),
    ({"kind": "log_return", "scale": "much"}, ConfigError, "reward.log_return.scale must be a finite number, was 'much'"),
    (3, ConfigError, "reward must be a name"),
])
def test_wrong_sums_are_refused(reward, error, says):
    with pytest.raises(error, match=says):
        build_reward(reward, COSTS)
