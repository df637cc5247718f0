"""Highest and lowest points of Brownian bridges against what is known about them."""

import math
from itertools import pairwise

import numpy as np
import pytest

from quantgym.data.scenario.bridge import bridge_extremes, lowest_given_highest
from quantgym.market.seeding import generator

N = 200_000


def motion(seed=0, n=N, sd=1.0, drift=0.0):
    """Ends, highs and lows of n Brownian motions from 0."""
    draw = generator(seed)
    end = drift + sd * draw.standard_normal(n)
    high, low = bridge_extremes(np.zeros(n), end, np.full(n, sd), draw.random(n), draw.random(n))
    return end, high, low


def kuiper(x):
    """P(range of a bridge from 0 to 0 <= x). Source: Kuiper 1960."""
    k = np.arange(1, 60)
    return 1.0 - 2.0 * np.sum((4.0 * k**2 * x**2 - 1.0) * np.exp(-2.0 * k**2 * x**2))


def test_moments_of_the_range_of_a_motion_are_those_of_parkinson_and_garman_and_klass():
    end, high, low = motion(sd=2.0)
    spread = (high - low) / 2.0
    # Parkinson 1980: E[r] = sqrt(8 / pi), E[r^2] = 4 ln 2, E[r^4] = 9 zeta(3); tolerances are 4 standard errors
    assert spread.mean() == pytest.approx(math.sqrt(8.0 / math.pi), abs=4 * 0.476 / math.sqrt(N))
    assert (spread**2).mean() == pytest.approx(4.0 * math.log(2.0), abs=4 * 1.77 / math.sqrt(N))
    assert (spread**4).mean() == pytest.approx(9.0 * 1.2020569, rel=0.02)
    # Garman & Klass 1980, appendix: E[high low] = 1 - 2 ln 2, E[high end] = 1 / 2
    assert (high * low / 4.0).mean() == pytest.approx(1.0 - 2.0 * math.log(2.0), abs=0.006)
    assert (high * end / 4.0).mean() == pytest.approx(0.5, abs=0.01)


def test_the_range_of_a_bridge_that_returns_has_kuipers_law():
    draw = generator(1)
    high, low = bridge_extremes(np.zeros(N), np.zeros(N), np.ones(N), draw.random(N), draw.random(N))
    for x in (0.7, 0.9, 1.2, 1.6, 2.1):
        assert np.mean(high - low <= x) == pytest.approx(kuiper(x), abs=4 * 0.5 / math.sqrt(N))


def test_a_bridge_with_other_ends_agrees_with_one_drawn_in_four_pieces():
    # the piecewise bridge is drawn through its middle points; the extremes of its pieces are those of the whole
    draw = generator(2)
    points = [np.zeros(N)]
    for left in (4, 3, 2, 1):  # quarters of the bar that are left before the end at 0.8
        mean, variance = points[-1] + (0.8 - points[-1]) / left, 0.25 * (left - 1) / left
        points.append(mean + math.sqrt(variance) * draw.standard_normal(N))
    pieces = [bridge_extremes(a, b, np.full(N, 0.5), draw.random(N), draw.random(N)) for a, b in pairwise(points)]
    high, low = np.max([piece[0] for piece in pieces], axis=0), np.min([piece[1] for piece in pieces], axis=0)
    whole = bridge_extremes(np.zeros(N), np.full(N, 0.8), np.ones(N), draw.random(N), draw.random(N))
    for ours, theirs in ((whole[0], high), (whole[1], low), (whole[0] - whole[1], high - low), (whole[0] * whole[1], high * low)):
        assert ours.mean() == pytest.approx(theirs.mean(), abs=0.006)
        assert ours.std() == pytest.approx(theirs.std(), abs=0.006)


def test_up_and_down_are_mirror_images_and_ends_lie_inside():
    draw = generator(3)
    end, first, second = draw.standard_normal(1000), draw.random(1000), draw.random(1000)
    high, low = bridge_extremes(np.zeros(1000), end, np.ones(1000), first, second)
    mirrored = bridge_extremes(np.zeros(1000), -end, np.ones(1000), first, second)
    assert np.array_equal(high, -mirrored[1])
    assert np.array_equal(low, -mirrored[0])
    assert (low <= np.minimum(end, 0.0)).all()
    assert (high >= np.maximum(end, 0.0)).all()


def test_a_still_motion_is_a_straight_line_and_a_steep_one_hardly_leaves_it():
    high, low = bridge_extremes(np.zeros(2), np.array([0.5, -50.0]), np.array([0.0, 1.0]), np.full(2, 0.5), np.full(2, 0.5))
    assert (high[0], low[0]) == (0.5, 0.0)
    # P(> m) = exp(-2 m (m + 50)) on the side of the start: half at m = 0.0069
    assert high[1] == pytest.approx(math.log(2.0) / 100.0, rel=0.01)
    assert low[1] == pytest.approx(-50.0 - math.log(2.0) / 100.0, rel=0.01)


def test_a_deeper_quantile_lies_deeper_for_every_highest_point():
    for rise in (0.0, 0.3, 2.0):
        for above in (1.0 - 1e-12, 0.9, 0.5, 1e-3, 1e-12):
            spread = math.sqrt(rise**2 - 2.0 * math.log(above))
            uniform = np.linspace(0.0, 1.0 - 1e-12, 200)
            depth = lowest_given_highest(*(np.full(200, x) for x in (rise, spread, above)), uniform)
            assert np.isfinite(depth).all()
            assert (np.diff(depth) > -1e-6).all()
            assert depth[0] >= 0.0
