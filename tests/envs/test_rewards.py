import math

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.rewards.differential import DifferentialSettings, DifferentialSharpe
from quantgym.envs.rewards.moments import MOMENTS, differential_ratio
from quantgym.envs.rewards.registry import REWARDS, Reward, build_reward
from quantgym.market.account import ACCOUNT, POSITION, STEP
from quantgym.market.cost import CostSettings
from quantgym.market.desk import Books, open_episodes
from quantgym.market.errors import ConfigError, ShapeError, UnknownNameError
from quantgym.market.instrument import Instrument, instrument_records

COSTS = CostSettings()


class Returning(Reward):
    def __init__(self, returned):
        self.returned = returned

    def pay(self, step, books):
        return self.returned(step)


def steps(*pairs, **lines):
    step = np.zeros(len(pairs), STEP)
    step["equity_before"], step["equity"] = np.array(pairs, float).T
    for name, values in lines.items():
        step[name] = values
    account = np.zeros(len(pairs), ACCOUNT)
    account["initial_equity"] = 100.0
    account["equity"] = step["equity"]
    account["peak_equity"] = np.maximum(100.0, step["equity"])
    return step, books_of(account)


def books_of(account):
    instruments = instrument_records((Instrument(symbol="S0"),))
    n_envs = len(account)
    return Books(np.zeros(n_envs, np.int64), instruments, account, np.zeros((n_envs, 1), POSITION), open_episodes(n_envs))


def test_log_return_is_the_log_of_the_ratio_of_equities():
    paid = build_reward("log_return", COSTS).pay(*steps((100, 110), (100, 90), (100, 100)))
    assert paid == pytest.approx([math.log(1.1), math.log(0.9), 0.0])


def test_ruin_pays_the_log_of_the_floor_whatever_is_left():
    paid = build_reward("log_return", COSTS).pay(*steps((100, 0.05), (100, -40), ruined=1))
    assert paid == pytest.approx([math.log(0.001)] * 2)


def test_log_return_has_the_same_bits_in_every_batch_size():
    rng = np.random.default_rng(0)
    pairs = rng.uniform(50, 150, (1024, 2))
    step, held = steps(*pairs)
    reward = build_reward("log_return", COSTS)
    whole = reward.pay(step, held)
    for size in (1, 3, 7):
        parts = [reward.pay(step[i : i + size], books_of(held.account[i : i + size])) for i in range(0, 1024, size)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_gross_minus_cost_weighs_the_costs():
    step, held = steps((100, 102), gross=3.0, dividends=0.5, interest=-0.1, commission=0.6, spread=0.5, borrow=0.3)
    # income 3 + 0.5 - 0.1 = 3.4, costs 0.6 + 0.5 + 0.3 = 1.4, initial equity 100
    net = build_reward("gross_minus_cost", COSTS).pay(step, held)
    double = build_reward({"kind": "gross_minus_cost", "cost_weight": 2.0}, COSTS).pay(step, held)
    assert net == pytest.approx([0.020])  # = (102 - 100) / 100
    assert double == pytest.approx([0.006])


def test_differential_sharpe_by_hand():
    moments = np.zeros(1, MOMENTS)
    moments[0] = (0.01, 0.0005, 1000)
    step, _ = steps((100, 103))
    # R = 0.03; dA = 0.02; dB = 0.0009 - 0.0005 = 0.0004; variance 0.0005 - 0.0001 = 0.0004, ^1.5 = 8e-6
    # D = (0.0005 x 0.02 - 0.5 x 0.01 x 0.0004) / 8e-6 = (1e-5 - 2e-6) / 8e-6 = 1
    assert differential_ratio(0, step, moments, False, 0.01, 20, 10.0) == pytest.approx(1.0)
    # A = 0.01 + 0.01 x 0.02, B = 0.0005 + 0.01 x 0.0004
    assert moments[0].tolist() == (pytest.approx(0.0102), pytest.approx(0.000504), 1001)


def test_differential_sharpe_tells_how_the_sharpe_ratio_changes_with_eta():
    # the definition: S(eta) after the step, differentiated at eta = 0
    mean, square, change = 0.002, 0.0004, -0.015

    def sharpe(eta):
        a, b = mean + eta * (change - mean), square + eta * (change**2 - square)
        return a / math.sqrt(b - a * a)

    slope = (sharpe(1e-6) - sharpe(-1e-6)) / 2e-6
    moments = np.zeros(1, MOMENTS)
    moments[0] = (mean, square, 1000)
    step, _ = steps((100, 98.5))
    assert differential_ratio(0, step, moments, False, 0.01, 20, 10.0) == pytest.approx(slope, rel=1e-6)


def test_the_warm_up_pays_nothing_and_forms_plain_averages():
    reward = build_reward({"kind": "differential_sharpe", "warmup_bars": 2}, COSTS)
    assert isinstance(reward, DifferentialSharpe)
    reward.start(1)
    paid = [reward.pay(*steps((100, after)))[0] for after in (102, 104, 103)]
    assert paid[:2] == [0.0, 0.0]
    assert paid[2] != 0.0
    assert reward.moments[0]["first"] == pytest.approx((0.02 + 0.04 + 0.03) / 3)


def test_a_flat_account_is_paid_nothing_and_ruin_pays_the_lower_clip():
    reward = build_reward({"kind": "differential_sharpe", "warmup_bars": 1}, COSTS)
    reward.start(1)
    assert [reward.pay(*steps((100, 100)))[0] for _ in range(5)] == [0.0] * 5
    assert reward.pay(*steps((100, 0.01), ruined=1))[0] == -10.0


def test_the_moments_are_in_the_private_observation_and_cleared_with_the_episode():
    reward = build_reward({"kind": "differential_sharpe", "warmup_bars": 4}, COSTS)
    reward.start(2)
    reward.pay(*steps((100, 102), (100, 99)))
    reward.pay(*steps((100, 100), (100, 99)))
    out = np.zeros((2, 4), np.float32)
    reward.write(out, 1)
    # returns 2 % and 0: mean 1 %, deviation 1 %; -1 % twice: mean -1 %, deviation 0; two of four steps of the warm-up
    assert out == pytest.approx(np.array([[0, 1.0, 1.0, 0.5], [0, -1.0, 0.0, 0.5]]), abs=1e-5)
    reward.clear(np.array([True, False]))
    reward.write(out, 1)
    assert out[0].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert out[1, 1] == pytest.approx(-1.0)


def test_the_kernel_equals_its_python_bit_for_bit():
    rng = np.random.default_rng(1)
    moments = np.zeros(1, MOMENTS).view(np.recarray)
    compiled = np.zeros(1, MOMENTS)
    for change in rng.normal(0, 0.02, 200):
        step, _ = steps((100, 100 * (1 + change)))
        expected = differential_ratio.py_func(0, step.view(np.recarray), moments, False, 0.01, 20, 10.0)
        assert differential_ratio(0, step, compiled, False, 0.01, 20, 10.0) == expected
    assert compiled.tobytes() == moments.tobytes()


def test_a_reward_of_ones_own_takes_ten_lines():
    class Drawdown(Reward):
        def __init__(self, settings, costs):
            self.weight = settings["weight"]

        def pay(self, step, books):
            return -self.weight * (1.0 - step["equity"] / step["equity_before"])

    REWARDS["drawdown_of_bar"] = Drawdown
    try:
        paid = build_reward({"kind": "drawdown_of_bar", "weight": 2.0}, COSTS).pay(*steps((100, 90)))
    finally:
        del REWARDS["drawdown_of_bar"]
    assert paid == pytest.approx([-0.2])


@pytest.mark.parametrize(("reward", "error", "says"), [
    ("log_retrun", UnknownNameError, "unknown reward 'log_retrun'; did you mean log_return"),
    ({"kind": "gross_minus_cost", "cost_wieght": 2.0}, ConfigError, "did you mean cost_weight"),
    ({"kind": "differential_sharpe", "adaptation_rate": 0.0}, ConfigError, r"adaptation_rate must lie in \(0, 1\), was 0.0"),
    ({"cost_weight": 2.0}, ConfigError, "reward needs a kind"),
    ({"kind": "log_return", "x": 1}, ConfigError, "unknown setting x"),
])
def test_wrong_rewards_are_refused_by_name(reward, error, says):
    with pytest.raises(error, match=says):
        build_reward(reward, COSTS)


def test_batches_that_share_a_reward_share_no_memory():
    reward = DifferentialSharpe(DifferentialSettings(warmup_bars=1), COSTS)
    tape = gbm_tape(0, 100)
    one, twin = (TradingVectorEnv(tape, num_envs=n, reward=reward, start="first", episode_bars=20) for n in (2, 3))
    for made in (one, twin):
        made.reset(seed=0)
    for _ in range(10):
        paid, theirs = (made.step(np.ones(made.num_envs, int))[1][:2].tolist() for made in (one, twin))
        assert paid == theirs


@pytest.mark.parametrize(("returned", "says"), [
    (lambda step: 0.0, r"pay must return numbers of shape \(2,\), returned 0.0"),
    (lambda step: [0.0, 0.0], r"returned \[0.0, 0.0\]"),
    (lambda step: None, "returned None"),
    (lambda step: np.zeros((2, 1)), r"returned float64 \(2, 1\)"),
    (lambda step: np.zeros(2, bool), r"returned bool \(2,\)"),
])  # fmt: skip
@pytest.mark.parametrize("beside", [[], ["log_return"]], ids=["alone", "in a sum"])
def test_a_reward_of_ones_own_that_is_no_number_for_each_is_refused_at_its_first_step(returned, says, beside):
    env = TradingVectorEnv(num_envs=2, episode_bars=3, reward=[Returning(returned), *beside] if beside else Returning(returned))
    env.reset(seed=0)
    with pytest.raises(ShapeError, match=f"reward Returning: .*{says}"):
        env.step(np.array([2, 2]))


def test_a_reward_of_ones_own_may_return_other_numbers_and_views_of_its_own():
    for returned in (lambda step: np.ones(len(step), np.float32), lambda step: np.broadcast_to(1, len(step))):
        env = TradingVectorEnv(num_envs=2, episode_bars=3, reward=Returning(returned), autoreset_mode="next_step")
        env.reset(seed=0)
        for paid in (1.0, 1.0, 1.0, 0.0, 1.0):  # 0 where an episode begins again
            _, rewards, *_ = env.step(np.array([2, 2]))
            assert rewards.dtype == np.float64
            assert rewards.tolist() == [paid, paid]


def test_a_reward_of_ones_own_cannot_let_the_ledger_be_changed_through_what_it_returns():
    env = TradingVectorEnv(num_envs=2, episode_bars=3, reward=Returning(lambda step: step["equity"]))
    env.reset(seed=0)
    _, rewards, *_ = env.step(np.array([0, 2]))
    rewards[:] = 0.0
    assert (env.simulator.record["equity"] > 0.0).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_reward_of_ones_own_that_is_not_finite_names_the_sub_environment(wrong):
    env = TradingVectorEnv(num_envs=2, episode_bars=3, reward=[Returning(lambda step: np.array([0.0, wrong])), "log_return"])
    env.reset(seed=0)
    with pytest.raises(ConfigError, match=f"must be finite, was {wrong} in sub-environment 1"):
        env.step(np.array([2, 2]))


def test_what_an_episode_that_begins_would_have_been_paid_does_not_matter():
    def grown(step):
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(step["equity_before"] > 0.0, step["equity"] / step["equity_before"], np.nan)

    env = TradingVectorEnv(num_envs=2, episode_bars=2, reward=Returning(grown), autoreset_mode="next_step")
    env.reset(seed=0)
    paid = [env.step(np.array([2, 2]))[1][0] for _ in range(6)]
    assert paid == [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]
