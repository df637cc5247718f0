"""Avellaneda & Stoikov 2008: the formula, the paper's tables against exact moments, the exact optimum in steps."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.avellaneda_stoikov import AvellanedaStoikov
from quantgym.market.errors import ConfigError

# Tables 1 to 3, pp. 222-223, 1,000 simulations each: gamma, average spread, policy, profit, its deviation, final inventory, its
# deviation. (The working paper of 2006 prints other numbers, for another spread and gamma 0.5 in place of 1.)
TABLES = [
    (0.1, 1.49, "formula", 65.0, 6.6, 0.08, 2.9), (0.1, 1.49, "symmetric", 68.4, 12.7, 0.26, 8.4),
    (0.01, 1.35, "formula", 68.6, 8.7, 0.12, 5.1), (0.01, 1.35, "symmetric", 68.8, 12.8, 0.09, 8.7),
    (1.0, 3.02, "formula", 31.4, 5.0, 0.02, 1.7), (1.0, 3.02, "symmetric", 44.0, 11.0, 0.00, 5.1),
]  # fmt: skip
PRINTED = 0.05  # half of the last digit


@pytest.mark.parametrize(("gamma", "spread", "policy", "profit", "deviation", "inventory", "inventory_deviation"), TABLES)
def test_the_tables_of_the_paper_lie_within_their_own_error_of_exact_moments(
    gamma, spread, policy, profit, deviation, inventory, inventory_deviation
):
    market = AvellanedaStoikov(risk_aversion=gamma)
    exact, n = market.outcome_of(getattr(market, policy)()), 1_000
    assert market.spread(market.times_left()).mean() == pytest.approx(spread, abs=0.015)  # printed down for gamma = 1
    assert abs(profit - exact.profit) < PRINTED + 3.0 * exact.deviation / math.sqrt(n)
    # a sample's deviation is off by deviation x sqrt((kurtosis - 1) / 4 n); the symmetric policy's tails are fat
    assert abs(deviation - exact.deviation) < PRINTED + 3.0 * exact.deviation * math.sqrt((exact.kurtosis - 1.0) / (4 * n))
    assert abs(inventory - exact.inventory) < PRINTED + 3.0 * exact.inventory_deviation / math.sqrt(n)
    error = exact.inventory_deviation * math.sqrt((exact.inventory_kurtosis - 1.0) / (4 * n))
    assert abs(inventory_deviation - exact.inventory_deviation) < PRINTED + 3.0 * error


def test_reservation_price_and_spread_by_hand():
    # gamma 0.1, sigma 2, T - t = 0.5, q = 3: -3 x 0.1 x 4 x 0.5 = -0.6; spread 0.2 + 20 ln(1 + 0.1 / 1.5) = 0.2 + 1.290770
    market = AvellanedaStoikov()
    assert market.reservation_shift(3.0, 0.5) == pytest.approx(-0.6)
    assert market.spread(0.5) == pytest.approx(1.490770, abs=1e-6)
    # at t = 0: shift -3 x 0.4, half spread (0.4 + 1.290770) / 2: the bid is 0.845385 + 1.2 below the mid, the ask 0.3546 below
    assert market.formula()[0, market.largest + 3] == pytest.approx([2.045385, -0.354615], abs=1e-6)
    assert np.ptp(market.symmetric()[:, 1:-1]) == 0.0


def test_moments_of_two_steps_by_hand():
    # rate dt = 1/4 at an offset of 0, decay 1, move 1, offsets 0: chances 1/4 a side, at most one unit either way in a step.
    # After a step inventory is +-1 with 3/16 each. Profit is inventory x (+-1), in each of two steps: mean 0,
    # variance E[q1^2] + E[q2^2] = 6/16 + 12/16
    market = AvellanedaStoikov(rate=0.25, decay=1.0, horizon=2.0, n_steps=2, volatility=1.0, largest=3)
    exact = market.outcome_of(np.zeros(2))
    assert (exact.profit, exact.deviation) == pytest.approx((0.0, math.sqrt(18.0 / 16.0)), abs=1e-15)
    assert (exact.inventory, exact.inventory_deviation) == pytest.approx((0.0, math.sqrt(12.0 / 16.0)), abs=1e-15)


def test_moments_of_an_odd_policy_agree_with_a_monte_carlo():
    market, n_paths = AvellanedaStoikov(fills="poisson", largest=4, n_steps=50), 200_000
    policy = market.formula() + np.array([0.1, -0.05])
    exact, draw = market.outcome_of(policy), np.random.default_rng(11)
    q, profit = np.zeros(n_paths, int), np.zeros(n_paths)
    for t in range(50):
        quoted = policy[t][q + 4]
        filled = draw.random((n_paths, 2)) < -np.expm1(-140.0 / 50.0 * np.exp(-1.5 * quoted))
        filled[:, 0] &= q < 4
        filled[:, 1] &= q > -4
        q = q + filled[:, 0] - filled[:, 1]
        profit += (filled * quoted).sum(axis=1) + q * market.move * np.where(draw.random(n_paths) < 0.5, 1.0, -1.0)
    assert abs(profit.mean() - exact.profit) < 4.0 * exact.deviation / math.sqrt(n_paths)
    error = exact.deviation * math.sqrt((exact.kurtosis - 1.0) / (4 * n_paths))
    assert abs(profit.std() - exact.deviation) < 4.0 * error
    assert abs(q.mean() - exact.inventory) < 4.0 * exact.inventory_deviation / math.sqrt(n_paths)
    worth = np.exp(-0.1 * profit)
    equivalent = math.exp(-0.1 * market.certainty_equivalent_of(policy))
    assert abs(worth.mean() - equivalent) < 4.0 * worth.std() / math.sqrt(n_paths)


def test_the_formula_is_near_the_optimum_and_below_it():
    market = AvellanedaStoikov()
    best, offsets = market.solution
    equivalents = [market.certainty_equivalent_of(policy) for policy in (offsets, market.formula(), market.symmetric())]
    assert equivalents[0] == pytest.approx(best[0, market.largest], abs=1e-10)
    # exact, in steps: 65.2490, 62.7873, 40.5459
    assert equivalents == pytest.approx([65.2490, 62.7873, 40.5459], abs=1e-4)
    for other in (offsets + 0.05, offsets - 0.05):
        assert market.certainty_equivalent_of(other) < equivalents[0]


@pytest.mark.parametrize("fills", ["poisson", "linear"])
def test_no_pair_of_a_fine_grid_is_better(fills):
    market = AvellanedaStoikov(rate=2.0, decay=1.5, horizon=0.6, n_steps=2, largest=2, risk_aversion=0.5, fills=fills)
    equivalents = market.solution[0]
    surely = math.log(2.0 * 0.3) / 1.5  # a linear fill is certain from here on, and the gain has a kink
    grid = np.append(np.linspace(-1.0, 4.0, 501), surely)  # 0.01 apart
    chance, won = market.chances(grid), np.exp(-0.5 * grid)
    for t in range(2):
        after = np.exp(-0.5 * equivalents[t + 1]) * np.cosh(0.5 * market.inventories * market.move)
        for state in range(5):
            bid, ask = (chance[:, None] if state < 4 else np.zeros((1, 1))), (chance[None] if state > 0 else np.zeros((1, 1)))
            up, down = after[min(state + 1, 4)], after[max(state - 1, 0)]
            expected = (bid * (1 - ask) * won[:, None] * up + ask * (1 - bid) * won[None] * down
                        + (bid * ask * won[:, None] * won[None] + (1 - bid) * (1 - ask)) * after[state])  # fmt: skip
            best = math.exp(-0.5 * equivalents[t, state])
            assert best * (1.0 - 1e-12) <= expected.min() <= best * (1.0 + 1e-4)


def test_at_the_last_step_inventory_that_moves_no_more_is_quoted_by_the_premium_alone():
    # short steps and little inventory risk: ln(1 + gamma / k) / gamma, the classical premium
    market = AvellanedaStoikov(n_steps=200, largest=2, horizon=1e-5, volatility=1e-6)
    assert market.solution[1][-1, 2] == pytest.approx([10.0 * math.log1p(0.1 / 1.5)] * 2, abs=1e-9)


def test_more_risk_aversion_means_less_inventory():
    spread = [AvellanedaStoikov(risk_aversion=gamma).outcome_of(AvellanedaStoikov(risk_aversion=gamma).solution[1])
              for gamma in (0.01, 0.1, 1.0)]
    assert spread[0].inventory_deviation > spread[1].inventory_deviation > spread[2].inventory_deviation
    assert spread[0].deviation > spread[1].deviation > spread[2].deviation


@pytest.mark.parametrize("wrong", [{"risk_aversion": 0.0}, {"volatility": math.nan}, {"horizon": -1.0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        AvellanedaStoikov(**wrong)
