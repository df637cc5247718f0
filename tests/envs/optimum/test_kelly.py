"""The growth-optimal fraction: by hand, by brute force, by Monte Carlo."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.kelly import BinomialMarket
from quantgym.market.errors import ConfigError


def test_an_even_bet_at_six_in_ten_by_hand():
    # m = 1/2, p = 0.6: f = 0.2 / 0.5 = 0.4; 0.6 ln 1.2 + 0.4 ln 0.8 = 0.109393 - 0.089257 = 0.020136
    market = BinomialMarket(move=0.5, up_probability=0.6)
    assert market.best_fraction == pytest.approx(0.4)
    assert market.best_growth == pytest.approx(0.020136, abs=1e-6)
    assert market.growth(0.4) == pytest.approx(market.best_growth)


def test_growth_in_bits_is_kellys_rate_of_transmission():
    # Kelly 1956: 1 + p log2 p + q log2 q; with p = 0.75 it is 1 - 0.811278 bits
    assert BinomialMarket(up_probability=0.75).best_growth / math.log(2.0) == pytest.approx(0.188722, abs=1e-6)


def test_it_does_not_depend_on_the_move():
    assert BinomialMarket(move=0.1).best_growth == BinomialMarket(move=0.5).best_growth
    assert BinomialMarket(move=0.1).growth(2.0) == pytest.approx(BinomialMarket(move=0.5).growth(0.4))


def test_no_fraction_of_a_fine_grid_grows_faster():
    market = BinomialMarket()
    grid = np.linspace(-9.99, 9.99, 200_001)
    assert grid[np.argmax(market.growth(grid))] == pytest.approx(2.0, abs=1e-4)
    assert market.growth(grid).max() <= market.best_growth + 1e-15


def test_a_bar_that_may_take_everything_never_grows():
    assert BinomialMarket().growth(np.array([10.0, -10.0, 12.0])).tolist() == [-math.inf] * 3


def test_doubled_kelly_hardly_grows():
    # g(2 f*) of small edges is 0 to second order: 0.6 ln 1.4 + 0.4 ln 0.6 = 0.201883 - 0.204330 = -0.002447
    assert BinomialMarket().growth(4.0) == pytest.approx(-0.002447, abs=1e-6)


def test_the_best_of_a_grid_is_not_always_the_nearest():
    # around f* = 2, growth falls faster above: 0.25 below beats 0.25 above
    market = BinomialMarket()
    assert market.best_level([0.0, 1.75, 2.25, 3.0]) == 1
    assert market.best_level([0.0, 1.0, 2.0, 3.0, 4.0]) == 2
    assert BinomialMarket(up_probability=0.4).best_level([-2.0, 0.0, 2.0]) == 0


def test_a_grid_without_levels_is_refused():
    with pytest.raises(ConfigError, match="at least one level"):
        BinomialMarket().best_level([])


def test_a_limit_below_the_best_fraction_binds():
    assert BinomialMarket().clipped(1.0) == 1.0
    assert BinomialMarket(up_probability=0.4).clipped(1.0) == -1.0
    assert BinomialMarket().clipped(5.0) == pytest.approx(2.0)


def test_a_monte_carlo_of_growth_agrees():
    market = BinomialMarket()
    draw = np.random.default_rng(7)
    returns = np.where(draw.random(400_000) < 0.6, 0.1, -0.1)
    logs = np.log(1.0 + market.best_fraction * returns)
    assert abs(logs.mean() - market.best_growth) < 4.0 * logs.std() / math.sqrt(len(logs))
    assert market.sharpe == pytest.approx(returns.mean() / returns.std(), abs=0.01)
    assert market.sharpe >= 0.2


@pytest.mark.parametrize("wrong", [{"move": 0.0}, {"move": 1.0}, {"up_probability": 1.2}, {"up_probability": float("nan")}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=r"must lie in \(0, 1\)"):
        BinomialMarket(**wrong)
