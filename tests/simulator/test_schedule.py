"""Schedules cut a large order into whole lots, and the impact of what they traded can be fitted back."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, ShapeError
from quantgym.simulator.impact_fit import fit_almgren_chriss
from quantgym.simulator.schedule import implementation_shortfall, pov, sliced, twap, vwap
from quantgym.simulator.targets import run_targets


def test_equal_slices_of_ten_lots_over_four_bars():
    # exact sums 2.5, 5, 7.5, 10; rounded half to even 2, 5, 8, 10
    assert twap(10, 4).tolist() == [2, 3, 3, 2]
    assert twap(-10, 4).tolist() == [-2, -3, -3, -2]


def test_slices_follow_the_volume_that_is_expected():
    assert vwap(100, np.array([1.0, 3.0, 0.0, 4.0, 2.0])).tolist() == [10, 30, 0, 40, 20]


def test_a_share_of_the_volume_just_seen_in_whole_lots():
    assert pov(1_000, 505.0, 0.1) == 50
    assert pov(-30, 505.0, 0.1) == -30
    # 0.3 of one unit in lots of 0.1 is three lots, not 2.999...
    assert pov(50, 1.0, 0.3, lot=0.1) == 3


def test_urgency_brings_the_slices_forward_as_almgren_and_chriss_say():
    assert implementation_shortfall(1_000, 5, urgency=0.0).tolist() == [200] * 5
    # holdings sinh(0.5 (4 - t)) / sinh(2) for t = 0..4: 1, 0.587086, 0.324027, 0.143677, 0; sold by then 41,291, 67,597, 85,632
    assert implementation_shortfall(100_000, 4, urgency=0.5).tolist() == [41_291, 26_306, 18_035, 14_368]
    assert implementation_shortfall(-7, 500, urgency=50.0).tolist() == [-7, *[0] * 499]


@pytest.mark.parametrize("lots", [1, -17, 10**12, 0])
def test_slices_add_up_and_never_stray_a_lot_from_the_exact_sum(lots):
    weights = np.random.default_rng(0).random(300)
    cut = sliced(lots, weights)
    assert cut.sum() == lots
    assert (cut * np.sign(lots) >= 0).all()
    exact = lots * (np.cumsum(weights) / weights.sum())
    assert np.abs(np.cumsum(cut) - exact).max() <= 1.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: twap(10, 0), "n_slices must be a whole number of at least 1, was 0"),
        (lambda: twap(True, 2), "lots of a schedule must be a whole number"),
        (lambda: vwap(10, np.array([1.0, -2.0])), "was -2.0 at index 1"),
        (lambda: vwap(10, np.zeros(2)), "all were 0"),
        (lambda: vwap(10, np.ones((1, 1))), r"shape \(n,\)"),
        (lambda: pov(10, 5.0, 0.0), r"rate of participation must lie in \(0, 1\], was 0.0"),
        (lambda: pov(10, float("nan"), 0.5), "volume must be finite"),
        (lambda: implementation_shortfall(10, 5, urgency=-1.0), r"urgency must lie in \[0, 50\], was -1.0"),
    ],
)
def test_schedules_that_make_no_sense_are_refused(call, words):
    with pytest.raises((ConfigError, ShapeError), match=words):
        call()


def played(temporary, permanent, n_slices=12, seed=0):
    """Fills of orders that the simulator charged with known coefficients."""
    costs = CostSettings(
        fee_rate=0.0, half_spread_rate=0.0, impact="almgren_chriss", impact_temporary=temporary, impact_permanent=permanent,
        impact_volume=1_000.0, sizing_margin=0.0,
    )  # fmt: skip
    slices = implementation_shortfall(600, n_slices, urgency=0.2)
    return run_targets(gbm_tape(seed, 40), costs, np.cumsum(slices) * 1.0, cash=1e7, keep=("fills",)).fills


def test_coefficients_that_the_simulator_charged_are_found_again():
    fills = played(0.02, 0.01)
    fit = fit_almgren_chriss(fills["units"], fills["reference"], fills["price"], 1_000.0)
    assert (fit.temporary, fit.permanent) == pytest.approx((0.02, 0.01), rel=1e-9)
    assert fit.n_trades == 12
    assert fit.explained == pytest.approx(1.0)


def test_with_noise_the_errors_say_how_far_off_the_fit_is():
    generator, gaps = np.random.default_rng(1), []
    for _ in range(200):
        units = generator.integers(1, 100, (40, 8)) * generator.choice([-1.0, 1.0], (40, 1))
        earlier = np.cumsum(units, axis=1) - units
        moved = (0.02 * units + 0.01 * earlier) / 1_000.0 + generator.normal(0.0, 0.002, units.shape)
        orders = np.repeat(np.arange(40), 8)
        fit = fit_almgren_chriss(units.ravel(), np.full(320, 50.0), 50.0 * (1.0 + moved.ravel()), 1_000.0, orders)
        gaps.append(((fit.temporary - 0.02) / fit.temporary_error, (fit.permanent - 0.01) / fit.permanent_error))
    spread = np.array(gaps)
    # 200 standardised gaps: mean 0 +- 4 / sqrt(200), deviation 1 +- 4 / sqrt(400)
    assert np.abs(spread.mean(axis=0)).max() < 0.28
    assert np.abs(spread.std(axis=0) - 1.0).max() < 0.2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"units": [1.0, 2.0]}, "a fit needs 3 or more trades"),
        ({"price": [1.0, np.nan, 1.0]}, "trade 1: units 2.0, reference 1.0 and price nan"),
        ({"units": [1.0, 0.0, 1.0]}, "trade 1: units 0.0"),
        ({"orders": [0, 1, 2]}, "cannot be told apart"),
        ({"volume": 0.0}, "volume must be positive and finite, was 0.0"),
    ],
)
def test_trades_from_which_nothing_can_be_learned_are_refused(change, words):
    trades = {"units": [1.0, 2.0, 1.0], "reference": [1.0] * 3, "price": [1.01] * 3, "volume": 10.0, "orders": None, **change}
    with pytest.raises((ConfigError, DataError), match=words):
        fit_almgren_chriss(**trades)
