"""Probabilistic Sharpe ratio and minimum track record against published numbers."""

import math

import numpy as np
import pytest

from quantgym.evaluation import probability
from quantgym.evaluation.moment import kurtosis, skewness
from quantgym.evaluation.probability import minimum_track_record, normal_quantile, probabilistic_sharpe
from quantgym.market.errors import ConfigError


@pytest.mark.parametrize(("periods", "years"), [(252, 2.73), (52, 2.83), (12, 3.24)])
def test_the_minimum_track_record_of_the_paper(monkeypatch, periods, years):
    # Bailey & Lopez de Prado 2012, section 5: an annual Sharpe ratio of 2 from normal returns needs 2.73 years of daily, 2.83 of
    # weekly or 3.24 of monthly data to exceed 1 at 95 %
    sharpe = 2.0 / math.sqrt(periods)
    monkeypatch.setattr(probability, "_sharpe_and_spread", lambda returns: (sharpe, 1.0 + 0.5 * sharpe**2))
    assert minimum_track_record(np.zeros(2), periods, benchmark=1.0) / periods == pytest.approx(years, abs=0.005)


def test_a_record_of_the_minimum_length_has_just_that_probability():
    returns = np.random.default_rng(4).normal(0.01, 0.1, 500)
    needed = minimum_track_record(returns, 12.0)
    sharpe = returns.mean() / returns.std(ddof=1)
    spread = 1 - skewness(returns) * sharpe + (kurtosis(returns) - 1) / 4 * sharpe**2
    assert probability.normal_cdf(sharpe * math.sqrt(needed - 1) / math.sqrt(spread)) == pytest.approx(0.95)


def test_half_of_the_probability_lies_above_the_estimate():
    returns = np.array([0.01, -0.02, 0.03, 0.01])
    annual = returns.mean() / returns.std(ddof=1) * math.sqrt(252.0)
    assert probabilistic_sharpe(returns, 252.0, benchmark=annual) == pytest.approx(0.5)


def test_a_negative_skew_lowers_the_probability():
    base = np.random.default_rng(1).normal(0.0, 0.01, 400)
    crash = base.copy()
    crash[0] = -0.08
    rise = base.copy()
    rise[0] = 0.08
    lift = [0.0004 * r.std(ddof=1) / base.std(ddof=1) - r.mean() for r in (crash, rise)]
    low, high = probabilistic_sharpe(crash + lift[0], 252.0), probabilistic_sharpe(rise + lift[1], 252.0)
    assert low < high


def test_no_length_is_enough_for_a_sharpe_ratio_below_the_benchmark():
    assert minimum_track_record(np.array([0.01, -0.02, 0.005]), 252.0) == math.inf


def test_equal_returns_have_no_probability():
    assert math.isnan(probabilistic_sharpe(np.full(9, 0.01), 252.0))
    assert math.isnan(minimum_track_record(np.full(9, 0.01), 252.0))


def test_moments_equal_those_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    returns = np.random.default_rng(2).standard_t(5, 300)
    assert skewness(returns) == pytest.approx(stats.skew(returns))
    assert kurtosis(returns) == pytest.approx(stats.kurtosis(returns, fisher=False))
    # by hand: 0, 0, 3 has mean 1, deviations -1, -1, 2: (6 / 3) / 2 ** 1.5 = 0.7071; 18 / 3 / 4 = 1.5
    assert skewness(np.array([0.0, 0.0, 3.0])) == pytest.approx(1 / math.sqrt(2))
    assert kurtosis(np.array([0.0, 0.0, 3.0])) == pytest.approx(1.5)


def test_the_normal_quantile_of_95_percent():
    assert normal_quantile(0.95) == pytest.approx(1.6448536, abs=1e-6)


def test_a_level_below_one_half_is_refused():
    with pytest.raises(ConfigError, match="level"):
        minimum_track_record(np.array([0.01, 0.02, 0.0]), 252.0, level=0.4)
