"""Ratios: numbers worked by hand or published, and what is not defined."""

import math

import numpy as np
import pytest

from quantgym.evaluation.annualisation import YEAR_NS, bars_per_year, simple_returns
from quantgym.evaluation.ratio import (
    annual_return,
    calmar_ratio,
    hit_rate,
    omega_ratio,
    profit_factor,
    sharpe_ratio,
    sortino_ratio,
    total_return,
    volatility,
)
from quantgym.market.errors import DataError, ShapeError

ROLLINGER = np.array([0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04])
"""Annual returns of the example in Rollinger & Hoffman, "Sortino: a sharper ratio", Red Rock Capital 2013."""


def test_total_and_annual_return_compound():
    # 1.1 x 0.9 x 1.2 = 1.188; three bars at twelve a year: 1.188 ** 4 = 1.991873...
    returns = np.array([0.1, -0.1, 0.2])
    assert total_return(returns) == pytest.approx(0.188)
    assert annual_return(returns, 12.0) == pytest.approx(1.188**4 - 1.0)


def test_a_loss_of_everything_is_minus_one_and_stays_there():
    assert total_return(np.array([0.5, -1.4, 0.0])) == -1.0
    assert annual_return(np.array([0.5, -1.4, 0.0]), 252.0) == -1.0


def test_volatility_uses_one_degree_of_freedom():
    # deviations of 1, 2, 3 % from 2 %: squares 1 + 0 + 1 = 2, over n - 1 = 2: 1 %; times sqrt(4)
    assert volatility(np.array([0.01, 0.02, 0.03]), 4.0) == pytest.approx(0.02)


def test_the_sharpe_ratio_deducts_the_rate_of_a_bar():
    # mean 2 %, deviation 1 %, rate 4 % a year over 4 bars = 1 % a bar: (2 - 1) / 1 x sqrt(4) = 2
    returns = np.array([0.01, 0.02, 0.03])
    assert sharpe_ratio(returns, 4.0) == pytest.approx(4.0)
    assert sharpe_ratio(returns, 4.0, risk_free=0.04) == pytest.approx(2.0)


def test_the_sortino_ratio_of_the_published_example():
    # mean 10 %, downside sqrt((0.05^2 + 0.04^2) / 8) = 2.264 %; the article prints 4.417
    assert sortino_ratio(ROLLINGER, 1.0) == pytest.approx(4.417, abs=5e-4)


def test_omega_and_profit_factor_are_gains_over_losses():
    # gains 17 + 15 + 23 + 12 + 9 + 13 = 89, losses 5 + 4 = 9
    assert omega_ratio(ROLLINGER, 1.0) == pytest.approx(89 / 9)
    # above a threshold of 10 % a year: 7 + 5 + 13 + 2 + 3 = 30 over 15 + 1 + 14 = 30
    assert omega_ratio(ROLLINGER, 1.0, threshold=0.10) == pytest.approx(1.0)
    # money: +10, -5, +15 on 100, 110, 105, 120
    assert profit_factor(np.array([100.0, 110.0, 105.0, 120.0])) == pytest.approx(5.0)


def test_hit_rate_leaves_out_bars_without_a_result():
    assert hit_rate(np.array([0.1, 0.0, -0.1, 0.2, 0.0])) == pytest.approx(2 / 3)


def test_calmar_is_annual_return_over_depth():
    assert calmar_ratio(0.1, 0.25) == pytest.approx(0.4)


def test_what_is_not_defined_is_nan():
    flat, none = np.full(5, 0.01), np.array([])
    undefined = [
        sharpe_ratio(flat, 252.0),
        sharpe_ratio(none, 252.0),
        sortino_ratio(flat, 252.0),
        omega_ratio(flat, 252.0),
        calmar_ratio(0.1, 0.0),
    ]
    undefined += [
        hit_rate(np.zeros(3)),
        profit_factor(np.array([1.0, 2.0])),
        total_return(none),
        annual_return(none, 252.0),
        volatility(flat[:1], 1.0),
    ]
    assert all(math.isnan(value) for value in undefined)


def test_bars_per_year_is_read_from_the_clock():
    # 11 closes, ten steps over one mean year
    assert bars_per_year(np.linspace(0, int(YEAR_NS), 11).astype(np.int64)) == pytest.approx(10.0)
    day = 86_400 * 10**9
    weekdays = np.array([day * d for d in range(7 * 104) if d % 7 < 5], np.int64)
    assert bars_per_year(weekdays) == pytest.approx(365.2425 * 5 / 7, rel=5e-3)


@pytest.mark.parametrize("clock", [[5], [1, 1], [3, 2]])
def test_a_clock_that_does_not_rise_is_refused(clock):
    with pytest.raises(DataError, match=r"at least 2|rise strictly"):
        bars_per_year(np.array(clock, np.int64))


def test_returns_stop_where_nothing_is_left():
    # 100 -> 50 is -50 %; 50 -> -10 is -120 %; after ruin nothing can grow
    assert simple_returns(np.array([100.0, 50.0, -10.0, -10.0, 5.0])).tolist() == pytest.approx([-0.5, -1.2, 0.0, 0.0])


@pytest.mark.parametrize(
    ("equity", "error", "says"),
    [
        ([1.0, np.nan, 2.0], DataError, "first at index 1"),
        ([0.0, 1.0], DataError, "above zero"),
        ([1.0], DataError, "at least 2"),
        ([[1.0, 2.0]], ShapeError, "shape"),
    ],
)
def test_a_broken_equity_is_refused_by_name(equity, error, says):
    with pytest.raises(error, match=says):
        simple_returns(np.array(equity))
