"""The best schedule of an order: published numbers, limits, brute force, and the same among adaptive schedules."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.almgren_chriss import AlmgrenChriss
from quantgym.market.errors import ConfigError

# Almgren & Chriss 2000, table 1: a million shares at 50, sold in five days
PAPER = {"units": 1e6, "slices": 5, "volatility": 0.95, "temporary": 2.5e-6, "permanent": 2.5e-7, "half_spread": 0.0625,
         "risk_aversion": 1e-6}  # fmt: skip


def test_the_papers_urgency_is_061_a_day():
    assert AlmgrenChriss(**PAPER).kappa == pytest.approx(0.61, abs=0.005)


def test_the_papers_even_schedule_costs_662500_dollars():
    # gamma X^2 / 2 = 125,000; epsilon X = 62,500; (eta - gamma tau / 2) X^2 / T = 2.375e-6 x 1e12 / 5 = 475,000
    order = AlmgrenChriss(**PAPER)
    assert order.expected_cost(order.even()) == pytest.approx(662_500.0)
    # eq. 11: sigma^2 X^2 T (1 - 1/N) (1 - 1/2N) / 3 = 0.9025 x 1e12 x 5 x 0.8 x 0.9 / 3
    assert order.variance(order.even()) == pytest.approx(1.083e12)


def test_everything_at_once_has_no_variance_and_costs_most():
    # eq. 12: E = epsilon X + eta X^2 / tau, V = 0
    order = AlmgrenChriss(**PAPER)
    at_once = np.array([1e6, 0.0, 0.0, 0.0, 0.0])
    assert order.expected_cost(at_once) == pytest.approx(62_500.0 + 2.5e6)
    assert order.variance(at_once) == 0.0


def test_the_cost_is_what_its_slices_pay_one_after_the_other():
    order = AlmgrenChriss(units=3.0, slices=3, permanent=0.02, temporary=0.05, half_spread=0.01)
    # slices 1.5, 1, 0.5: spread 0.03; permanent: 1 x 0.02 x 1.5 + 0.5 x 0.02 x 2.5 = 0.055; temporary 0.05 x 3.5 = 0.175
    assert order.expected_cost(np.array([1.5, 1.0, 0.5])) == pytest.approx(0.03 + 0.055 + 0.175)


def test_without_fear_of_risk_slices_are_equal():
    order = AlmgrenChriss(risk_aversion=0.0)
    assert order.trades() == pytest.approx(order.even())
    assert order.share(np.array([1, 2, 4])) == pytest.approx([1.0, 0.5, 0.25])


def test_with_great_fear_everything_goes_at_once():
    order = AlmgrenChriss(risk_aversion=1e9)
    assert order.trades()[0] == pytest.approx(order.units, rel=1e-6)
    assert np.isfinite(AlmgrenChriss(risk_aversion=1e9, slices=10_000).trades()).all()


def test_with_many_slices_it_becomes_the_continuous_one():
    # kappa^2 -> lambda sigma^2 / eta as tau -> 0
    order = AlmgrenChriss(slices=20_000, interval=1e-3, volatility=0.3, temporary=0.05, permanent=0.02, risk_aversion=0.5)
    kappa = math.sqrt(0.5 * 0.09 / 0.05)
    assert order.kappa == pytest.approx(kappa, rel=1e-3)
    assert order.remaining()[10_000] / order.units == pytest.approx(math.sinh(10 * kappa) / math.sinh(20 * kappa), rel=5e-3)


def test_the_schedule_follows_from_its_feedback():
    order = AlmgrenChriss(risk_aversion=60.0)
    left, traded = order.units, []
    for slices_left in range(order.slices, 0, -1):
        traded.append(left * float(order.share(slices_left)))
        left -= traded[-1]
    assert traded == pytest.approx(order.trades())
    assert left == pytest.approx(0.0, abs=1e-12)


def test_a_small_change_of_any_two_slices_is_worse():
    order = AlmgrenChriss(risk_aversion=60.0)
    best = order.trades()
    for i in range(order.slices - 1):
        for change in (1e-3, -1e-3):
            moved = best.copy()
            moved[i] += change
            moved[i + 1] -= change
            assert order.value(moved) < order.optimal_value()
    assert order.optimal_value() > order.value(order.even())


def test_a_linear_solution_of_the_first_order_conditions_agrees():
    # gradient of E + lambda V over free x_1 .. x_{N-1} is linear: solve it without hyperbolic sines
    order = AlmgrenChriss(risk_aversion=60.0, slices=8)
    n = order.slices - 1
    matrix = 2.0 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    matrix += order.risk_aversion * order.volatility**2 / order.own * np.eye(n)
    right = np.zeros(n)
    right[0] = order.units
    assert order.remaining()[1:-1] == pytest.approx(np.linalg.solve(matrix, right))


def test_no_adaptive_schedule_beats_it_on_a_price_tree():
    """Dynamic programming over what is left and the price's path (a binomial tree): no decision uses the price."""
    order = AlmgrenChriss(units=1.0, slices=4, volatility=0.1, risk_aversion=4.0)
    n = 201
    grid = np.linspace(0.0, order.units, n)
    moves = np.array([-order.volatility, order.volatility])
    done = order.units - grid
    trade = grid[:, None] - grid[None, :]  # from what is left to what shall be left
    paid = trade * (order.permanent * done[:, None] + order.temporary * trade)
    fear = order.risk_aversion * order.volatility**2 * grid**2
    value = np.full((1, n), -np.inf)  # by number of ups so far (rows), and what is left
    value[0, 0] = 0.0  # nothing may be left at the end
    value = np.repeat(value, order.slices + 1, axis=0)
    for k in range(order.slices - 1, -1, -1):
        nodes = []
        choices = []
        for ups in range(k + 1):
            # a wait of grid units loses grid x move on each branch
            ahead = 0.5 * (value[ups] - moves[0] * grid) + 0.5 * (value[ups + 1] - moves[1] * grid)
            total = -paid - fear[None, :] + ahead[None, :]
            total[trade < 0.0] = -np.inf
            nodes.append(total.max(axis=1))
            choices.append(total.argmax(axis=1))
        assert all(np.array_equal(choice, choices[0]) for choice in choices)
        value = np.array(nodes)
    assert value[0, -1] == pytest.approx(order.optimal_value(), abs=2e-5)
    assert value[0, -1] <= order.optimal_value()


def test_a_monte_carlo_of_costs_has_its_mean_and_variance():
    order = AlmgrenChriss(**PAPER)
    draw = np.random.default_rng(3)
    left, trades = order.remaining()[1:], order.trades()
    moves = 0.95 * draw.standard_normal((100_000, 5))
    already = np.concatenate([[0.0], np.cumsum(trades)[:-1]])
    fixed = (trades * (order.half_spread + order.permanent * already + order.temporary * trades)).sum()
    cost = fixed + moves @ left
    assert abs(cost.mean() - order.expected_cost(trades)) < 4.0 * cost.std() / math.sqrt(len(cost))
    assert cost.var() == pytest.approx(order.variance(trades), rel=0.02)


def test_numbers_without_a_best_schedule_are_refused():
    with pytest.raises(ConfigError, match=r"temporary .* must be above permanent x interval / 2 = 0.05, was 0.05"):
        AlmgrenChriss(temporary=0.05, permanent=0.1)
    with pytest.raises(ConfigError, match=r"units .* must be finite and positive, was 0"):
        AlmgrenChriss(units=0)
    with pytest.raises(ConfigError, match=r"risk_aversion .* not negative, was -1"):
        AlmgrenChriss(risk_aversion=-1.0)
    with pytest.raises(ConfigError, match=r"slices .* whole number, was 2.5"):
        AlmgrenChriss(slices=2.5)
