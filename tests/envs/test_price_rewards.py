"""Utility of growth, and rewards in units of price."""

import math

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.envs.rewards.registry import build_reward
from quantgym.market.account import STEP, new_accounts
from quantgym.market.cost import CostSettings
from quantgym.market.desk import Books, open_episodes
from quantgym.market.errors import ConfigError
from quantgym.market.instrument import Instrument, instrument_records

COSTS = CostSettings(ruin_equity_fraction=0.01)


def paid(risk_aversion, *pairs):
    step = np.zeros(len(pairs), STEP)
    step["equity_before"], step["equity"] = np.array(pairs, float).T
    account, position = new_accounts(len(pairs), 1)
    books = Books(np.zeros(len(pairs), np.int64), instrument_records((Instrument(symbol="S0"),)), account, position,
                  open_episodes(len(pairs)))
    return build_reward({"kind": "crra", "risk_aversion": risk_aversion}, COSTS).pay(step, books)


def test_utility_by_hand():
    # gamma 2: 1 - 1 / G; gamma 0: G - 1; gamma 1: ln G
    assert paid(2.0, (100, 125), (100, 80)) == pytest.approx([0.2, -0.25])
    assert paid(0.0, (100, 125)) == pytest.approx([0.25])
    assert paid(1, (100, 125)) == pytest.approx([math.log(1.25)])
    assert paid(2, (100, 125)) == pytest.approx([0.2])


def test_ruin_pays_the_utility_of_the_floor():
    # 1 - 1 / 0.01
    assert paid(2.0, (100, -5)) == pytest.approx([-99.0])


def traded(reward, actions):
    """One account on a random walk with gaps: rewards, and its simulator after each step."""
    tape = gbm_tape(3, n_bars=40, lot=1e-6, tick=1e-8)
    costs = CostSettings(allow_short=True, max_leverage=5.0)
    env = TradingVectorEnv(tape, action={"kind": "holding", "max_units": 10.0}, reward=reward, episode_bars=9, costs=costs,
                           cash=1e6)
    env.reset(seed=0)
    for action in actions:
        before, row = env.simulator.account["equity"][0], env.simulator.rows[0]
        _, rewards, *_ = env.step(np.array([[action]]))
        yield rewards[0], env.simulator, before, tape.close[row, 0], tape.close[row + 1, 0]


def test_mean_variance_is_profit_in_units_of_price_less_half_of_fear():
    reward = {"kind": "mean_variance", "risk_aversion": 3.0, "volatility": 0.02}
    for got, sim, before, price, _ in traded(reward, (0.5, -0.2, 0.0)):
        units = sim.position["units"][0, 0]
        # 3 x 0.02^2 / 2 = 0.0006 a unit squared
        assert got == pytest.approx((sim.account["equity"][0] - before) / price - 0.0006 * units**2)


def test_execution_cost_is_what_was_paid_what_waiting_lost_and_fear_of_it():
    reward = {"kind": "execution_cost", "units": 10.0, "risk_aversion": 5.0, "volatility": 0.02}
    for got, sim, _, price, after in traded(reward, (0.3, 0.6, 1.0)):
        waits = 10.0 - sim.position["units"][0, 0]
        spent = sum(float(sim.record[line][0]) for line in ("commission", "fees", "spread", "slippage", "impact", "borrow"))
        assert spent > 0.0
        # 5 x 0.02^2 = 0.002
        assert got == pytest.approx(-(spent / price + waits * (after / price - 1.0) + 0.002 * waits**2))


@pytest.mark.parametrize(
    ("reward", "says"),
    [({"kind": "crra", "risk_aversion": -1.0}, "crra.risk_aversion must be finite and not negative, was -1.0"),
     ({"kind": "mean_variance", "volatility": -1.0}, "mean_variance.volatility must be finite and not negative"),
     ({"kind": "execution_cost", "risk_aversion": math.inf}, "execution_cost.risk_aversion must be finite"),
     ({"kind": "execution_cost", "units": 0.0}, "execution_cost.units must be finite and not 0")],
)
def test_wrong_settings_are_refused(reward, says):
    with pytest.raises(ConfigError, match=says):
        build_reward(reward, COSTS)


def test_units_of_price_need_one_asset():
    with pytest.raises(ConfigError, match="reward mean_variance counts in units of the price of one asset"):
        PortfolioVectorEnv(gbm_tape(0, n_bars=40, n_assets=2), num_envs=1, episode_bars=5, reward="mean_variance")
