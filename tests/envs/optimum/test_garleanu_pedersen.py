"""Trading a mean-reverting signal: the paper's formulas as the limit, brute force, Monte Carlo."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.garleanu_pedersen import SignalMarket
from quantgym.market.errors import ConfigError


def test_one_bar_by_hand():
    # maximise n x - 0.005 n^2 - 0.025 n^2 from nothing: n = x / 0.06; value x^2 / 0.12 on average 0.0004 / 0.12
    plan = SignalMarket().plan(1)
    assert plan.position(np.array(0.0), np.array(0.03), 1) == pytest.approx(0.5)
    assert plan.value() == pytest.approx(0.0004 / 0.12)
    # holding 2: n = (0.05 x 2 + 0.03) / 0.06
    assert plan.position(np.array(2.0), np.array(0.03), 1) == pytest.approx(0.13 / 0.06)


def test_far_from_the_end_it_is_the_papers_policy():
    market = SignalMarket()
    plan = market.plan(400)
    # per unit: gamma sigma^2 = 0.01, lambda = 0.05: a = (-0.01 + sqrt(0.0001 + 0.002)) / 2 = 0.0179129, a / lambda = 0.358258
    assert market.trading_rate == pytest.approx(0.358258, abs=1e-6)
    # 1 / (0.01 (1 + 0.1 x 0.0179129 / 0.01)) = 100 / 1.179129
    assert market.aim == pytest.approx(84.8084, abs=1e-3)
    assert 1.0 - plan.keep[400] == pytest.approx(market.trading_rate)
    assert plan.follow[400] == pytest.approx(market.trading_rate * market.aim)


def test_the_limit_is_proposition_2_as_printed_whatever_the_parameters():
    # lambda = cost / sigma^2 in the paper's units (Lambda = lambda Sigma), rho = 0
    draw = np.random.default_rng(5)
    for _ in range(20):
        phi, sigma, gamma, paper_cost = draw.uniform([0.0, 0.05, 0.3, 0.1], [0.95, 0.3, 5.0, 20.0])
        market = SignalMarket(persistence=phi, noise=sigma, risk_aversion=gamma, cost=paper_cost * sigma**2)
        a = 0.5 * (-gamma + math.sqrt(gamma**2 + 4.0 * gamma * paper_cost))
        aim = 1.0 / (gamma * sigma**2) / (1.0 + a * (1.0 - phi) / gamma)
        plan = market.plan(600)
        assert 1.0 - plan.keep[600] == pytest.approx(a / paper_cost)
        assert plan.follow[600] == pytest.approx(a / paper_cost * aim)


def test_without_costs_it_is_markowitz_at_once():
    market = SignalMarket(cost=0.0)
    plan = market.plan(50)
    assert plan.position(np.array(3.0), np.array(0.02), 50) == pytest.approx(2.0)
    assert plan.value() == pytest.approx(50 * market.myopic())
    assert market.trading_rate == 1.0


def test_a_signal_that_lasts_longer_gets_a_larger_aim_and_more_costs_less_trading():
    assert SignalMarket(persistence=0.99).aim > SignalMarket(persistence=0.5).aim
    assert SignalMarket(cost=0.5).trading_rate < SignalMarket(cost=0.05).trading_rate
    # a signal without memory: only this bar counts, and the position must be carried out again
    assert SignalMarket(persistence=0.0).aim == pytest.approx(100.0 / (1.0 + 1.79129), rel=1e-5)


def test_near_the_end_it_trades_less():
    plan = SignalMarket().plan(20)
    # what is held weighs lambda / (gamma sigma^2 + lambda) = 5 / 6 in the last bar, and 1 - a / lambda far from it
    assert plan.keep[1] == pytest.approx(5.0 / 6.0)
    assert (np.diff(plan.keep[1:]) < 0.0).all()


def test_a_matrix_of_all_bars_agrees_for_a_signal_that_is_known():
    """With no innovation the whole episode is one quadratic programme: solve it at once."""
    market = SignalMarket(signal=1e-12)  # innovations vanish; x0 is given
    bars, x0 = 12, 0.03
    signal = x0 * 0.9 ** np.arange(bars)
    change = np.eye(bars) - np.eye(bars, k=-1)
    matrix = market.fear * np.eye(bars) + market.cost * change.T @ change
    best = np.linalg.solve(matrix, signal)
    plan, held, path = market.plan(bars), 0.0, []
    for k in range(bars):
        held = float(plan.position(np.array(held), np.array(signal[k]), bars - k))
        path.append(held)
    assert path == pytest.approx(best)
    assert plan.value(0.0, x0) == pytest.approx(0.5 * signal @ best)


def played(market, bars, policy, n, seed):
    draw = np.random.default_rng(seed)
    signal, held, total = market.signal * draw.standard_normal(n), np.zeros(n), np.zeros(n)
    for left in range(bars, 0, -1):
        wanted = policy(held, signal, left)
        earned = wanted * (signal + market.noise * draw.standard_normal(n))
        total += earned - 0.5 * market.fear * wanted**2 - 0.5 * market.cost * (wanted - held) ** 2
        held, signal = wanted, market.persistence * signal + market.innovation * draw.standard_normal(n)
    return total


def test_a_monte_carlo_earns_the_value():
    market = SignalMarket()
    plan = market.plan(30)
    total = played(market, 30, plan.position, 40_000, seed=1)
    assert abs(total.mean() - plan.value()) < 4.0 * total.std() / math.sqrt(len(total))


def test_perturbed_policies_are_worse_on_the_same_paths():
    market = SignalMarket()
    plan = market.plan(30)
    best = played(market, 30, plan.position, 20_000, seed=2)
    for keep, follow in ((0.8, 1.0), (1.0, 0.8), (1.15, 1.0), (1.0, 1.3)):
        def other(held, signal, left, keep=keep, follow=follow):
            return keep * plan.keep[left] * held + follow * plan.follow[left] * signal

        lost = best - played(market, 30, other, 20_000, seed=2)
        assert lost.mean() > 4.0 * lost.std() / math.sqrt(len(lost))


def test_the_value_of_a_fixed_linear_policy_is_that_of_its_moments():
    market = SignalMarket()
    plan = market.plan(30)
    total = played(market, 30, lambda held, signal, left: 0.5 * held + 40.0 * signal, 40_000, seed=3)
    assert abs(total.mean() - plan.value_of(0.5, 40.0)) < 4.0 * total.std() / math.sqrt(len(total))
    assert plan.value_of(0.0, 1.0 / market.fear) < plan.value_of(1.0 - market.trading_rate, market.trading_rate * market.aim)
    assert plan.value_of(1.0 - market.trading_rate, market.trading_rate * market.aim) < plan.value()
    assert SignalMarket(cost=0.0).plan(30).value_of(0.0, 100.0) == pytest.approx(SignalMarket(cost=0.0).plan(30).value())


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"persistence": 1.0}, r"persistence .* must lie in \[0, 1\)"), ({"cost": -1.0}, "cost .* not negative"),
     ({"noise": 0.0}, "must be positive"), ({"signal": float("nan")}, "signal .* finite")],
)
def test_numbers_out_of_range_are_refused(wrong, says):
    with pytest.raises(ConfigError, match=says):
        SignalMarket(**wrong)


def test_an_episode_without_bars_is_refused():
    with pytest.raises(ConfigError, match="bars of a plan must be 1 or more, was 0"):
        SignalMarket().plan(0)
