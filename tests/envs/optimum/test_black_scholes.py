"""Price, delta and gamma against published numbers; the hedge of one step against its definition."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.black_scholes import call_delta, call_gamma, call_price, hedge_ratio, hedge_residual


def test_the_call_of_a_textbook():
    # Hull, Options, Futures, and Other Derivatives, Black-Scholes-Merton chapter: S 42, K 40, r 10 %, sigma 20 %, half a year: 4.76
    growth = math.exp(0.10 * 0.5)
    assert call_price(42.0 * growth, 40.0, 0.2 * math.sqrt(0.5)) / growth == pytest.approx(4.76, abs=0.005)


def test_delta_and_gamma_of_a_textbook():
    # Hull, the chapter on the Greek letters: S 49, K 50, r 5 %, sigma 20 %, 20 weeks: price 2.40, delta 0.522, gamma 0.066
    growth, deviation = math.exp(0.05 * 0.3846), 0.2 * math.sqrt(0.3846)
    forward = 49.0 * growth
    assert call_price(forward, 50.0, deviation) / growth == pytest.approx(2.40, abs=0.005)
    assert call_delta(forward, 50.0, deviation) == pytest.approx(0.522, abs=0.0005)
    assert call_gamma(forward, 50.0, deviation) * growth == pytest.approx(0.066, abs=0.0005)


def test_at_maturity_it_is_the_payoff():
    spot = np.array([90.0, 100.0, 110.0])
    assert call_price(spot, 100.0, 0.0).tolist() == [0.0, 0.0, 10.0]
    assert call_delta(spot, 100.0, 0.0).tolist() == [0.0, 0.5, 1.0]
    assert call_gamma(spot, 100.0, 0.0).tolist() == [0.0, np.inf, 0.0]


def test_at_the_money_by_hand():
    # 100 (2 N(0.1) - 1) = 100 x 0.0796557
    assert call_price(100.0, 100.0, 0.2) == pytest.approx(7.96557, abs=1e-5)


def test_greeks_are_the_derivatives_of_the_price():
    spot, step = np.array([80.0, 100.0, 130.0]), 1e-3
    up, down = (call_price(spot + sign * step, 100.0, 0.25) for sign in (1.0, -1.0))
    assert call_delta(spot, 100.0, 0.25) == pytest.approx((up - down) / (2.0 * step), abs=1e-8)
    slopes = [call_delta(spot + sign * step, 100.0, 0.25) for sign in (1.0, -1.0)]
    assert call_gamma(spot, 100.0, 0.25) == pytest.approx((slopes[0] - slopes[1]) / (2.0 * step), abs=1e-8)


@pytest.mark.parametrize("deviation", [0.3, 0.1])  # several steps before maturity, and the last one
def test_the_hedge_of_a_step_is_covariance_over_variance(deviation):
    rng = np.random.default_rng(0)
    factor = np.exp(0.1 * rng.standard_normal(400_000) - 0.005)
    later = call_price(95.0 * factor, 100.0, math.sqrt(deviation**2 - 0.01))
    expected = np.cov(later, 95.0 * factor)
    # the error of a regression slope over 400,000 draws is below 2e-3 here
    assert hedge_ratio(95.0, 100.0, deviation, 0.1) == pytest.approx(expected[0, 1] / expected[1, 1], abs=4e-3)


def test_the_hedge_tends_to_delta_with_the_length_of_the_step_at_first_order():
    delta, gamma = call_delta(95.0, 100.0, 0.3), call_gamma(95.0, 100.0, 0.3)
    steps = np.array([0.1, 0.05, 0.025, 0.0125])
    gap = hedge_ratio(95.0, 100.0, 0.3, steps) - delta
    # gap = gamma S s^2 / 2 + O(s^4): a quarter each time
    assert gap[:-1] / gap[1:] == pytest.approx([4.0, 4.0, 4.0], rel=0.03)
    assert gap[-1] == pytest.approx(0.5 * gamma * 95.0 * 0.0125**2, rel=0.01)


def test_no_other_holding_leaves_less_variance():
    best = float(hedge_ratio(100.0, 100.0, 0.2, 0.1))
    least = float(hedge_residual(100.0, 100.0, 0.2, 0.1, best))
    around = hedge_residual(100.0, 100.0, 0.2, 0.1, best + np.array([-0.1, -0.01, 0.01, 0.1]))
    # the variance is a parabola: least + (h - best)^2 (exp(s^2) - 1)
    assert around - least == pytest.approx(np.square([0.1, 0.01, 0.01, 0.1]) * math.expm1(0.01), abs=1e-9)


def test_the_residual_agrees_with_monte_carlo():
    rng = np.random.default_rng(1)
    factor = np.exp(0.1 * rng.standard_normal(400_000) - 0.005)
    rise = np.maximum(factor * 100.0 - 100.0, 0.0) - call_price(100.0, 100.0, 0.1)
    squared = np.square(0.5 * (factor - 1.0) - rise / 100.0)
    error = squared.std() / math.sqrt(len(squared))
    assert abs(hedge_residual(100.0, 100.0, 0.1, 0.1, 0.5) - squared.mean()) < 4.0 * error
