"""What random positions cost: by hand, by Monte Carlo."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.no_edge import random_value
from quantgym.market.errors import ConfigError

LEVELS = np.array([-1.0, 0.0, 1.0])


def test_one_bar_by_hand():
    # from nothing two of three levels trade all of the equity: 2/3 x 0.001
    assert random_value(LEVELS, 0.001, 0.01, 4.0, 1) == pytest.approx(-0.002 / 3.0, rel=1e-9)


def test_two_bars_by_hand_where_prices_stand_still():
    # first bar 2/3; then the mean distance of two levels, (0 x 3 + 1 x 4 + 2 x 2) / 9 = 8/9; compounding is of second order
    assert random_value(LEVELS, 1e-5, 1e-9, 4.0, 2) == pytest.approx(-1e-5 * (2 / 3 + 8 / 9), rel=1e-4)


def test_a_level_alone_pays_once_and_then_for_keeping_its_weight():
    # always all of the equity: the weight never drifts, one trade
    assert random_value(np.array([1.0]), 0.001, 0.05, 4.0, 30) == pytest.approx(-0.001, abs=1e-5)


def test_a_monte_carlo_agrees():
    draw = np.random.default_rng(0)
    n, bars, cost, volatility = 40_000, 20, 0.01, 0.02
    wealth, weight = np.ones(n), np.zeros(n)
    for _ in range(bars):
        theta = draw.choice(LEVELS, n)
        returns = volatility * np.clip(draw.standard_normal(n), -2.0, 2.0)
        growth = 1.0 + theta * returns - cost * np.abs(theta - weight)
        weight = theta * (1.0 + returns) / growth
        wealth *= growth
    assert abs(wealth.mean() - 1.0 - random_value(LEVELS, cost, volatility, 2.0, bars)) < 4.0 * wealth.std() / math.sqrt(n)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="bars must be 1 or more"):
        random_value(LEVELS, 0.001, 0.01, 4.0, 0)
    with pytest.raises(ConfigError, match=r"a level of 1\.0 may be ruined by a bar of 4\.0 x 0\.3"):
        random_value(LEVELS, 0.001, 0.3, 4.0, 5)
