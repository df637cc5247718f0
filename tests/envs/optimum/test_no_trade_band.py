"""The no-trade band: its limits, its width for small costs, brute force, Monte Carlo."""

import math
from functools import cache

import numpy as np
import pytest

from quantgym.envs.optimum.merton import MertonMarket, crra
from quantgym.envs.optimum.no_trade_band import NoTradeBand
from quantgym.market.errors import ConfigError

COST, BARS = 0.005, 40


@cache
def band(cost=COST, bars=BARS, points=801):
    return NoTradeBand(MertonMarket(), cost, bars, points=points)


def test_without_costs_there_is_no_band():
    free, market = band(0.0, 5), MertonMarket()
    assert free.lowest[1:] == pytest.approx([market.best_fraction()] * 5, abs=1e-6)
    assert free.highest[1:] == pytest.approx([market.best_fraction()] * 5, abs=1e-6)
    assert free.value() == pytest.approx(market.optimal_value(5), abs=1e-9)


def test_the_last_bar_solves_its_first_order_condition():
    # a buyer from w stops where E (r - c) (1 + theta r - c (theta - w))^-gamma = 0
    one, market = band(COST, 1), MertonMarket()
    returns, chances = market.nodes()
    theta = float(one.target(np.array([0.1]), 1)[0])
    growth = 1.0 + theta * returns - COST * (theta - 0.1)
    assert (returns - COST) * growth**-4.0 @ chances == pytest.approx(0.0, abs=1e-8)
    assert theta == pytest.approx(market.best_fraction(COST), abs=2e-3)


def test_inside_the_band_nothing_is_traded_and_outside_to_its_end():
    for left in (1, 10, BARS):
        low, high = band().lowest[left], band().highest[left]
        inside = np.linspace(low + 1e-7, high - 1e-7, 7)
        assert band().target(inside, left) == pytest.approx(inside, abs=1e-15)
        # from farther away the cost of the way makes one a little poorer, so that the same weight is a little less
        assert band().target(np.array([0.0, 0.9]), left) == pytest.approx([low, high], abs=2e-3)


def test_the_band_holds_the_fraction_without_costs_and_is_wider_near_the_end():
    best = MertonMarket().best_fraction()
    assert (band().lowest[1:] < best).all()
    assert (band().highest[1:] > best).all()
    width = band().highest - band().lowest
    assert (np.diff(width[1:8]) < 0.0).all()
    assert band(0.01).highest[-1] - band(0.01).lowest[-1] > width[-1]


def test_the_width_for_small_costs_is_the_published_one():
    """Half of it is (3 / (2 gamma) pi^2 (1 - pi)^2 cost)^(1/3): Gerhold et al. 2014 (their spread is 2 cost).

    One who looks once a bar sees the weight jump over the end of the band, on average by 0.5826 of its deviation in a bar
    (Broadie, Glasserman & Kou 1997, Mathematical Finance 7(4)), and draws the ends in by as much.
    """
    market = MertonMarket(mean=0.5 * 4.0 * 1e-4 * 0.973337, volatility=0.01)  # pi = 1/2
    far = NoTradeBand(market, 1e-3, 500, points=201)
    half = 0.5 * (far.highest[-1] - far.lowest[-1])
    # (0.375 x 0.0625 x 0.001)^(1/3) = 0.028618; a weight moves by pi (1 - pi) 0.01 = 0.0025 in a bar
    assert half == pytest.approx(0.028618 - 0.5826 * 0.0025, rel=0.02)


def test_a_finer_grid_changes_nothing_that_matters():
    assert band(points=1601).value() == pytest.approx(band().value(), abs=1e-8)


def test_two_bars_by_brute_force():
    """Every pair of positions on a grid: the first from nothing, the second after each return."""
    two, market = band(COST, 2), MertonMarket()
    returns, chances = market.nodes()

    def rewards(theta, weight):
        growth = 1.0 - COST * np.abs(theta - weight)[..., None] + theta[..., None] * returns
        return growth, crra(growth, 4.0)

    first = np.linspace(0.0, 0.8, 81)
    second = np.linspace(0.2, 0.8, 121)
    growth, paid = rewards(first, np.zeros(81))
    weights = first[:, None] * (1.0 + returns) / growth
    best = np.full(weights.shape, -np.inf)
    for theta in second:
        np.maximum(best, rewards(np.full(weights.shape, theta), weights)[1] @ chances, out=best)
    np.maximum(best, rewards(weights, weights)[1] @ chances, out=best)
    totals = (paid + best) @ chances
    assert totals.max() <= two.value() + 1e-9
    assert totals.max() == pytest.approx(two.value(), abs=1e-5)
    assert first[totals.argmax()] == pytest.approx(two.lowest[2], abs=0.01)


def played(policy, n, seed):
    market, draw = MertonMarket(), np.random.default_rng(seed)
    weight, total = np.zeros(n), np.zeros(n)
    for left in range(BARS, 0, -1):
        theta = policy(weight, left)
        r = market.draw(draw, n)
        growth = 1.0 + theta * r - COST * np.abs(theta - weight)
        total += (growth**-3.0 - 1.0) / -3.0
        weight = theta * (1.0 + r) / growth
    return total


def test_a_monte_carlo_earns_the_value_and_other_policies_earn_less():
    best = played(band().target, 20_000, seed=4)
    assert abs(best.mean() - band().value()) < 4.0 * best.std() / math.sqrt(len(best))
    fraction = MertonMarket().best_fraction()
    for other in (
        lambda w, left: np.full(w.shape, fraction),  # no band
        lambda w, left: 0.9 * band().target(w / 0.9, left),  # a band elsewhere
        lambda w, left: np.clip(w, fraction - 0.15, fraction + 0.15),  # a band too wide
    ):
        lost = best - played(other, 20_000, seed=4)
        assert lost.mean() > 4.0 * lost.std() / math.sqrt(len(lost))


def test_the_reach_is_how_far_an_episode_from_cash_can_come():
    low, high = band().reach
    assert low == 0.0
    # two bars from the end at most the upper end of the band; then the best return r = 0.32: theta (1 + r) / (1 + theta r)
    before = band().highest[2]
    assert high == pytest.approx(min(band().highest[1], before * 1.32 / (1.0 + 0.32 * before)), abs=1e-4)
    assert NoTradeBand(MertonMarket(), COST, 1).reach == pytest.approx((0.0, float(band().target(np.zeros(1), 1)[0])), abs=1e-7)


def test_bars_left_may_differ_from_place_to_place():
    together = band().target(np.array([0.0, 0.0, 0.9]), np.array([1, 40, 7]))
    assert together == pytest.approx([float(band().target(np.array([w]), k)[0]) for w, k in ((0.0, 1), (0.0, 40), (0.9, 7))])


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="bars of a no-trade band must be 1 or more, was 0"):
        NoTradeBand(MertonMarket(), COST, 0)
    with pytest.raises(ConfigError, match=r"cost_rate .* must lie in \[0, 0.1\], was 0.2"):
        NoTradeBand(MertonMarket(), 0.2, 3)
    with pytest.raises(ConfigError, match="which a bar may ruin"):
        NoTradeBand(MertonMarket(risk_aversion=0.2, truncation=2.0), COST, 3)
