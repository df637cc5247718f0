"""The band of the best hedge under costs: limits, brute force, Monte Carlo and the grid halved."""

import math

import numpy as np
import pytest

import quantgym.envs.optimum.hedge_band as module
from quantgym.envs.optimum.black_scholes import call_gamma, call_price, hedge_ratio, hedge_residual
from quantgym.envs.optimum.hedge_band import HedgeBand
from quantgym.market.errors import ConfigError

BAND = HedgeBand(n_bars=32, volatility=0.02, risk=100.0, cost_rate=0.001)


def rewards_of(policy, band, n_paths, seed=0):
    """Return the sums of rewards (n_paths,) of policy(bars_left, moneyness, holding), by simulation alone."""
    rng = np.random.default_rng(seed)
    level, held, total = np.ones(n_paths), np.zeros(n_paths), np.zeros(n_paths)
    for left in range(band.n_bars, 0, -1):
        wanted = policy(left, level, held)
        later = level * np.exp(band.volatility * rng.standard_normal(n_paths) - 0.5 * band.volatility**2)
        rise = call_price(later, 1.0, band.volatility * math.sqrt(left - 1))
        rise -= call_price(level, 1.0, band.volatility * math.sqrt(left))
        gain = (wanted * (later - level) - rise) / level
        total += gain - 0.5 * band.risk * gain**2 - band.cost_rate * np.abs(wanted - held)
        level, held = later, wanted
    return total


def test_without_costs_the_band_closes_on_the_ratio_of_least_variance():
    band = HedgeBand(n_bars=8, volatility=0.05, risk=10.0, cost_rate=0.0)
    moneyness = np.exp(np.linspace(-0.3, 0.3, 7))
    for left in (1, 4, 8):
        ratio = hedge_ratio(moneyness, 1.0, 0.05 * math.sqrt(left), 0.05)
        assert band.hedge(left, moneyness, 0.3).tolist() == ratio.tolist()
        for edge in band.band(left, moneyness):
            assert edge == pytest.approx(ratio, abs=3e-3)  # straight lines between nodes


def test_the_value_without_costs_is_the_sum_of_residual_variances():
    band = HedgeBand(n_bars=3, volatility=0.05, risk=10.0, cost_rate=0.0)
    z = np.linspace(-7.0, 7.0, 57)
    weight = np.exp(-0.5 * z * z) / np.exp(-0.5 * z * z).sum()
    expected = 0.0
    for past in range(3):
        level = np.exp(0.05 * math.sqrt(past) * z - 0.5 * 0.0025 * past)
        deviation = 0.05 * math.sqrt(3 - past)
        ratio = hedge_ratio(level, 1.0, deviation, 0.05)
        expected -= 5.0 * float(weight @ hedge_residual(level, 1.0, deviation, 0.05, ratio))
    assert band.value == pytest.approx(expected, rel=1e-5)


def test_costs_that_no_hedge_is_worth_leave_the_option_alone():
    band = HedgeBand(n_bars=4, volatility=0.05, risk=10.0, cost_rate=1.0)
    assert band.hedge(4, np.array([0.9, 1.0, 1.1]), 0.4).tolist() == [0.4, 0.4, 0.4]
    assert band.value == pytest.approx(band.unhedged_value, rel=1e-12)


def test_the_last_step_by_hand():
    # one bar: least -5 Var R (h - ratio)^2 - c |h - h'|: the band is ratio +- c / (risk Var R) = 0.02 / (10 x 0.0100502) = 0.199
    band = HedgeBand(n_bars=1, volatility=0.1, risk=10.0, cost_rate=0.02)
    ratio, half = float(hedge_ratio(1.0, 1.0, 0.1, 0.1)), 0.02 / (10.0 * math.expm1(0.01))
    low, high = band.band(1, 1.0)
    assert (float(low), float(high)) == pytest.approx((ratio - half, ratio + half), abs=1e-3)
    # from nothing held: trade to the lower edge
    by_hand = -5.0 * float(hedge_residual(1.0, 1.0, 0.1, 0.1, ratio - half)) - 0.02 * (ratio - half)
    assert band.value == pytest.approx(by_hand, rel=1e-4)


def test_two_steps_by_brute_force():
    # every first holding of a fine grid, the second one by its closed form, expectations by quadrature
    band = HedgeBand(n_bars=2, volatility=0.1, risk=10.0, cost_rate=0.01)
    half = 0.01 / (10.0 * math.expm1(0.01))
    z = np.linspace(-7.0, 7.0, 141)
    weight = np.exp(-0.5 * z * z) / np.exp(-0.5 * z * z).sum()
    level = np.exp(0.1 * z - 0.005)
    ratio = hedge_ratio(level, 1.0, 0.1, 0.1)
    best = -np.inf
    for first in np.linspace(0.4, 0.7, 61):
        second = np.clip(first, ratio - half, ratio + half)
        later = -5.0 * hedge_residual(level, 1.0, 0.1, 0.1, second) - 0.01 * np.abs(second - first)
        now = -5.0 * float(hedge_residual(1.0, 1.0, 0.1 * math.sqrt(2.0), 0.1, first)) - 0.01 * first
        if now + float(weight @ later) > best:
            best, at = now + float(weight @ later), first
    assert band.value == pytest.approx(best, rel=2e-4)
    assert band.hedge(2, 1.0, 0.0) == pytest.approx(at, abs=0.006)


def test_its_width_for_small_costs_is_the_published_one():
    # half width (3 c Gamma^2 S^2 / (2 risk))^(1/3) in units of S (Whalley & Wilmott 1997). That is for trading at all times; at
    # bars a barrier acts as one that is 0.5826 standard deviations of a step further out (Broadie, Glasserman & Kou 1997,
    # Math. Finance 7), a step of delta being Gamma S sigma, so the best one is that much nearer
    band = HedgeBand(n_bars=100, volatility=0.008, risk=200.0, cost_rate=0.01)
    gamma = float(call_gamma(1.0, 1.0, 0.008 * math.sqrt(100)))
    low, high = band.band(100, 1.0)
    published = (1.5 * 0.01 * gamma**2 / 200.0) ** (1.0 / 3.0)
    assert 0.5 * float(high - low) == pytest.approx(published - 0.5826 * gamma * 0.008, rel=0.05)


def test_the_value_is_that_of_a_simulation_and_perturbed_bands_are_worse():
    total = rewards_of(BAND.hedge, BAND, 100_000)
    assert abs(total.mean() - BAND.value) < 4.0 * total.std() / math.sqrt(100_000)
    every_bar = rewards_of(lambda left, level, held: hedge_ratio(level, 1.0, 0.02 * math.sqrt(left), 0.02), BAND, 100_000)
    shifted = rewards_of(lambda left, level, held: np.clip(BAND.hedge(left, level, held) + 0.05, 0.0, 1.0), BAND, 100_000)
    for worse in (every_bar, shifted):
        difference = total - worse  # on the same paths
        assert difference.mean() > 6.0 * difference.std() / math.sqrt(100_000)
    nothing = rewards_of(lambda left, level, held: held, BAND, 100_000)
    assert abs(nothing.mean() - BAND.unhedged_value) < 4.0 * nothing.std() / math.sqrt(100_000)


def test_half_the_grid_gives_the_same_answer(monkeypatch):
    monkeypatch.setattr(module, "NODES", 12)
    fine = HedgeBand(n_bars=32, volatility=0.02, risk=100.0, cost_rate=0.001, n_holdings=401)
    assert BAND.value == pytest.approx(fine.value, rel=5e-4)
    moneyness = np.exp(np.linspace(-0.2, 0.2, 41))
    monkeypatch.setattr(module, "NODES", 6)
    coarse = [BAND.band(left, moneyness) for left in (1, 8, 32)]
    monkeypatch.setattr(module, "NODES", 12)
    for edges, left in zip(coarse, (1, 8, 32), strict=True):
        assert np.abs(np.subtract(edges, fine.band(left, moneyness))).max() < 4e-3


@pytest.mark.parametrize(("name", "value"), [("n_bars", 0), ("volatility", 0.0), ("risk", 0.0), ("cost_rate", -0.1)])
def test_a_band_of_nonsense_is_refused(name, value):
    with pytest.raises(ConfigError, match=name):
        HedgeBand(**{"n_bars": 4, "volatility": 0.1, "risk": 1.0, "cost_rate": 0.0, name: value})
