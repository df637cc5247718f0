"""The constant fraction: against continuous time, brute force, Monte Carlo."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.merton import MertonMarket, crra, crra_inverse
from quantgym.market.errors import ConfigError


def test_utility_by_hand():
    # gamma 2: (G^-1 - 1) / -1 = 1 - 1 / G; gamma 1: ln G
    assert crra(np.array([1.25, 0.8]), 2.0) == pytest.approx([0.2, -0.25])
    assert crra(math.e, 1.0) == pytest.approx(1.0)
    # gamma near 1 is log utility, without cancellation
    assert crra(1.1, 1.0 + 1e-9) == pytest.approx(math.log(1.1), rel=1e-8)
    assert crra_inverse(0.2, 2.0) == pytest.approx(0.25)
    assert crra_inverse(float(crra(1.07, 4.0)), 4.0) == pytest.approx(0.07)
    assert crra_inverse(0.1, 1.0) == pytest.approx(math.expm1(0.1))


def test_for_short_bars_it_is_mertons_fraction():
    # mu / (gamma sigma^2) = 0.0001 / (2 x 0.0001) = 1/2; the variance inside three sigma is 0.973337 sigma^2
    market = MertonMarket(mean=1e-4, volatility=0.01, risk_aversion=2.0)
    assert market.best_fraction() == pytest.approx(0.5 / 0.973337, rel=1e-3)
    whole = MertonMarket(mean=1e-4, volatility=0.01, risk_aversion=2.0, truncation=8.0)
    assert whole.best_fraction() == pytest.approx(0.5, rel=1e-3)


def test_quadrature_has_the_moments_of_the_truncated_normal():
    # variance of a normal inside c: 1 - 2 c phi(c) / (2 Phi(c) - 1); c = 3: 1 - 6 x 0.00443185 / 0.9973002
    returns, chances = MertonMarket().nodes()
    assert chances.sum() == pytest.approx(1.0, abs=1e-15)
    assert returns @ chances == pytest.approx(0.02)
    assert (returns - 0.02) ** 2 @ chances == pytest.approx(0.01 * (1.0 - 6.0 * 0.0044318484 / 0.9973002039), rel=1e-9)


def test_no_fraction_of_a_fine_grid_is_better():
    market = MertonMarket()
    grid = np.linspace(-1.0, 2.0, 30_001)
    values = market.utility(grid)
    assert grid[np.argmax(values)] == pytest.approx(market.best_fraction(), abs=1e-4)
    assert values.max() <= market.utility(market.best_fraction()) + 1e-16
    assert market.marginal(market.best_fraction()) == pytest.approx(0.0, abs=1e-13)


def test_twice_the_fear_is_about_half_the_fraction_and_a_fair_asset_is_left_alone():
    assert MertonMarket(risk_aversion=8.0).best_fraction() == pytest.approx(MertonMarket().best_fraction() / 2.0, rel=0.05)
    assert MertonMarket(mean=0.0).best_fraction() == pytest.approx(0.0, abs=1e-12)
    assert MertonMarket(mean=-0.02).best_fraction() == pytest.approx(-MertonMarket().best_fraction())


def test_a_cost_moves_the_fraction_down_for_a_buyer_and_up_for_a_seller():
    market = MertonMarket()
    assert market.best_fraction(0.005) < market.best_fraction() < market.best_fraction(-0.005)


def test_draws_stay_inside_the_truncation_and_have_its_utility():
    market = MertonMarket()
    returns = market.draw(np.random.default_rng(3), 400_000)
    assert returns.min() >= market.lowest
    assert returns.max() <= market.highest
    paid = crra(1.0 + market.best_fraction() * returns, market.risk_aversion)
    assert abs(paid.mean() - market.optimal_value(1)) < 4.0 * paid.std() / math.sqrt(len(paid))
    assert market.optimal_value(100) == pytest.approx(100 * market.optimal_value(1))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"volatility": 0.0}, "volatility .* finite and positive"), ({"mean": float("inf")}, "mean .* must be finite"),
     ({"volatility": 0.5}, r"above -1, was -1\.48")],
)
def test_numbers_out_of_range_are_refused(wrong, says):
    with pytest.raises(ConfigError, match=says):
        MertonMarket(**wrong)
