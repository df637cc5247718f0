"""Market making with penalties on inventory: the matrix exponential, its limits, the steps that converge to it, brute force."""

import math

import numpy as np
import pytest

from quantgym.envs.optimum.cartea_jaimungal import CarteaJaimungal
from quantgym.market.errors import ConfigError, UnknownNameError


def test_one_unit_either_way_without_penalty_by_hand():
    # Q = 1: A has a = rate / e beside the diagonal; its eigenvalues are 0 and +-a sqrt 2, z = 1, so that by symmetry
    # omega(0) = cosh(a sqrt2 T) + sqrt2 sinh(a sqrt2 T), omega(+-1) = cosh(a sqrt2 T) + sinh(a sqrt2 T) / sqrt2
    market = CarteaJaimungal(rate=2.0, decay=4.0, horizon=3.0, largest=1, running_penalty=0.0, terminal_penalty=0.0)
    a = 2.0 / math.e * math.sqrt(2.0) * 3.0
    middle = math.log(math.cosh(a) + math.sqrt(2.0) * math.sinh(a)) / 4.0
    side = math.log(math.cosh(a) + math.sinh(a) / math.sqrt(2.0)) / 4.0
    assert market.limit_value(3.0) == pytest.approx([side, middle, side], rel=1e-12)
    # quotes 1/k + h(q) - h(q -+ 1)
    assert market.limit_offsets(3.0)[1] == pytest.approx([0.25 + middle - side] * 2, rel=1e-12)


def test_the_exponential_equals_another_one_entry_by_entry():
    from scipy.linalg import expm

    market = CarteaJaimungal(largest=8, running_penalty=0.05)
    q = market.inventories
    matrix = np.diag(-0.05 * q * q) + np.diag(np.full(16, 1 / math.e), 1) + np.diag(np.full(16, 1 / math.e), -1)
    assert market.limit_value(30.0) == pytest.approx(np.log(expm(30.0 * matrix) @ np.exp(-0.01 * q * q)), abs=1e-10)


def test_the_value_solves_its_differential_equation():
    # Cartea, Jaimungal & Penalva 2015, chapter 10.2: -dh/dt = -phi q^2 + rate / (e k) sum over sides of exp(-k (h(q) - h(q')))
    market, gap = CarteaJaimungal(), 1e-4
    h = market.limit_value(10.0)
    slope = (market.limit_value(10.0 + gap) - market.limit_value(10.0 - gap)) / (2.0 * gap)
    gain = np.exp(h[1:] - h[:-1]) / math.e  # of a bid, k = rate = 1
    lost = np.exp(h[:-1] - h[1:]) / math.e
    expected = -0.1 * market.inventories**2 + np.append(gain, 0.0) + np.append(0.0, lost)
    assert slope == pytest.approx(expected, abs=1e-6)


def test_far_from_the_end_offsets_stand_still():
    market = CarteaJaimungal()
    assert market.limit_offsets(300.0) == pytest.approx(market.limit_offsets(400.0), abs=1e-10)


def test_without_penalty_and_without_bounds_in_reach_a_quote_stands_at_one_over_decay():
    market = CarteaJaimungal(largest=60, running_penalty=0.0, terminal_penalty=0.0, decay=2.0)
    assert market.limit_offsets(30.0)[60] == pytest.approx([0.5, 0.5], abs=1e-9)


def test_steps_converge_to_continuous_time_in_their_length():
    exact, gaps = CarteaJaimungal(), []
    for n_steps in (120, 480, 1_920):
        market = CarteaJaimungal(n_steps=n_steps)
        values, offsets = market.solution
        gaps.append(np.abs(values[0] - exact.limit_value(30.0)).max())
        away = np.abs(offsets[0] - exact.limit_offsets(30.0))[:-1, 0].max()
    assert gaps[1] / gaps[0] == pytest.approx(0.25, abs=0.02)
    assert gaps[2] / gaps[1] == pytest.approx(0.25, abs=0.02)
    assert away < 0.01


def test_one_step_by_hand():
    # one step without penalties: each side alone, p (d): maximise (1 - exp(-x)) d, x = exp(-d): d = (e^x - 1) / x
    market = CarteaJaimungal(horizon=1.0, n_steps=1, running_penalty=0.0, terminal_penalty=0.0, largest=1)
    values, offsets = market.solution
    best = offsets[0, 1, 0]
    x = math.exp(-best)
    assert best == pytest.approx((math.exp(x) - 1.0) / x, rel=1e-13)
    assert offsets[0, 1, 1] == pytest.approx(best, rel=1e-13)
    assert values[0, 1] == pytest.approx(2.0 * (1.0 - math.exp(-x)) * best, rel=1e-13)
    # at a bound one side is left
    assert values[0, 2] == pytest.approx((1.0 - math.exp(-x)) * best, rel=1e-13)


@pytest.mark.parametrize("fills", ["poisson", "linear"])
def test_no_pair_of_a_fine_grid_is_better(fills):
    market = CarteaJaimungal(n_steps=3, horizon=1.5, largest=2, running_penalty=0.2, terminal_penalty=0.3, fills=fills)
    values = market.solution[0]
    grid = np.linspace(-1.5, 5.0, 651)  # 0.01 apart
    chance = market.chances(grid)
    q = market.inventories
    for t in range(3):
        after = values[t + 1] - 0.2 * 0.5 * q * q
        for state in range(5):
            bid, ask = (chance[:, None] if state < 4 else np.zeros((1, 1))), (chance[None] if state > 0 else np.zeros((1, 1)))
            up, down = after[min(state + 1, 4)], after[max(state - 1, 0)]
            worth = (bid * grid[:, None] + ask * grid[None] + bid * (1 - ask) * up + ask * (1 - bid) * down
                     + (bid * ask + (1 - bid) * (1 - ask)) * after[state])  # fmt: skip
            assert worth.max() <= values[t, state] + 1e-12
            assert worth.max() >= values[t, state] - 1e-4  # the grid's own coarseness


def test_the_value_of_the_best_policy_is_the_best_value_and_others_are_worse():
    market = CarteaJaimungal()
    values, offsets = market.solution
    assert market.values_of(offsets) == pytest.approx(values, abs=1e-12)
    for other in (offsets + 0.05, offsets - 0.05, market.fixed(1.2), market.limit_offsets(30.0).clip(-5.0, 5.0)):
        assert np.all(market.values_of(other)[0] < values[0])


def test_a_monte_carlo_of_the_steps_agrees():
    market, n_paths = CarteaJaimungal(), 20_000
    values, offsets = market.solution
    draw = np.random.default_rng(5)
    q, total = np.zeros(n_paths, int), np.zeros(n_paths)
    for t in range(market.n_steps):
        quoted = offsets[t][q + 3]
        filled = draw.random((n_paths, 2)) < -np.expm1(-0.25 * np.exp(-quoted))
        filled[:, 0] &= q < 3
        filled[:, 1] &= q > -3
        q = q + filled[:, 0] - filled[:, 1]
        total += (filled * quoted).sum(axis=1) + q * 0.5 * draw.standard_normal(n_paths) - 0.1 * 0.25 * q**2
    total -= 0.01 * q**2
    assert abs(total.mean() - values[0, 3]) < 4.0 * total.std() / math.sqrt(n_paths)


def test_offsets_stay_within_their_bounds_where_these_bind():
    free, bound = CarteaJaimungal(), CarteaJaimungal(lowest=0.0, highest=2.0)
    values, offsets = bound.solution
    assert offsets.min() == 0.0
    assert offsets.max() == 2.0
    assert np.all(values[0] <= free.solution[0][0])
    assert np.all(bound.values_of(offsets.clip(0.05, 1.95))[0] < values[0])


def test_steps_too_long_for_a_certain_optimum_are_refused():
    with pytest.raises(ConfigError, match="too long"):
        _ = CarteaJaimungal(terminal_penalty=50.0).solution


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"decay": math.inf}, {"n_steps": 0}, {"largest": 1.5}, {"running_penalty": -0.1},
                                   {"terminal_penalty": math.nan}, {"lowest": 1.0, "highest": 1.0}])  # fmt: skip
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        CarteaJaimungal(**wrong)


def test_wrong_calls_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean poisson"):
        CarteaJaimungal(fills="poison")
    with pytest.raises(ConfigError, match="time left"):
        CarteaJaimungal().limit_value(-1.0)
    with pytest.raises(ConfigError, match="shape"):
        CarteaJaimungal().values_of(np.zeros((3, 7)))
    with pytest.raises(ConfigError, match="finite"):
        CarteaJaimungal().values_of(np.full(2, np.nan))
