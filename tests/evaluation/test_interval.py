"""The stationary bootstrap: its walk, its errors, its coverage and its seed."""

import math
import time

import numpy as np
import pytest

from quantgym.evaluation import resample
from quantgym.evaluation.block_length import block_length
from quantgym.evaluation.interval import bootstrap, common_block, stationary_error
from quantgym.evaluation.resample import draw_walks, measure_growth, measure_moments
from quantgym.market.errors import ConfigError, ShapeError


def autoregressive(rng, n, phi):
    shocks, x = rng.standard_normal(n + 50), np.zeros(n + 50)
    for t in range(1, n + 50):
        x[t] = phi * x[t - 1] + shocks[t]
    return x[50:] * math.sqrt(1.0 - phi**2)


def test_a_walk_goes_on_inside_a_block_and_wraps_around():
    path = np.empty(6, np.int64)
    # fresh at 0 and 3: jump to 4, go on to 5, wrap to... 6 bars: 4, 5, 0; then jump to 2: 2, 3, 4
    resample.follow(6, np.array([True, False, False, True, False, False]), np.array([4, 2]), path)
    assert path.tolist() == [4, 5, 0, 2, 3, 4]


def test_blocks_have_the_mean_length_asked_for_and_begin_anywhere():
    walks = list(draw_walks(400, 8.0, 500, np.random.default_rng(0)))
    fresh = np.concatenate([walk.fresh[:, 1:] for walk in walks])
    assert fresh.mean() == pytest.approx(1 / 8, rel=0.02)
    starts = np.concatenate([walk.paths[walk.fresh] for walk in walks])
    assert starts.mean() == pytest.approx(199.5, rel=0.02)


def test_kernels_equal_their_own_python(monkeypatch):
    values = np.random.default_rng(3).normal(0.0, 0.01, (40, 3))
    walk = next(draw_walks(40, 3.0, 5, np.random.default_rng(1)))
    fast = (*measure_moments(walk, values), measure_growth(walk, values))
    for name in ("close_block", "moments_of", "growth_of", "moments_batch", "growth_batch"):
        monkeypatch.setattr(resample, name, getattr(resample, name).py_func)
    slow = (*measure_moments(walk, values), measure_growth(walk, values))
    for one, other in zip(fast, slow, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-16)


def test_growth_and_drawdown_of_a_resample_by_hand():
    # 1 -> 1.1 -> 0.88 -> 0.968 -> 1.2584: deepest fall 1 - 0.88 / 1.1 = 20 %, three bars from the peak to its recovery
    growth = resample.growth_of(np.array([0, 1, 0, 2]), np.array([[0.1], [-0.2], [0.3]]), 0)
    assert growth == pytest.approx((1.2584, 0.2, 3))


def test_the_whole_sample_error_is_that_of_many_resamples():
    series = autoregressive(np.random.default_rng(5), 200, 0.4)
    walks = draw_walks(200, 6.0, 40_000, np.random.default_rng(6))
    means = np.concatenate([series[walk.paths].mean(axis=1) for walk in walks])
    assert stationary_error(series, 6.0) == pytest.approx(means.std(), rel=0.02)


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.5, 0.95, -0.4])
def test_the_automatic_block_equals_the_reference_implementation(phi):
    reference = pytest.importorskip("arch.bootstrap").optimal_block_length
    series = autoregressive(np.random.default_rng(0), 1000, phi)
    # ours is never below one bar
    assert block_length(series) == pytest.approx(max(float(reference(series)["stationary"].iloc[0]), 1.0), rel=1e-9)


def test_a_series_without_variation_needs_no_blocks():
    assert block_length(np.ones(50)) == 1.0
    with pytest.raises(ShapeError, match="shape"):
        block_length(np.ones((5, 2)))


@pytest.mark.parametrize(("phi", "n"), [(0.0, 250), (0.4, 400)])
def test_intervals_cover_the_truth_as_often_as_they_say(phi, n):
    rng, covered, repeats = np.random.default_rng(11), np.zeros(3), 200
    for seed in range(repeats):
        shared = autoregressive(rng, n, phi)
        pair = np.stack(
            [0.8 * shared + 0.6 * autoregressive(rng, n, phi) + 0.06, 0.8 * shared + 0.6 * autoregressive(rng, n, phi)], axis=1
        )
        boot = bootstrap(pair, 1.0, seed=seed, resamples=299)
        # both deviations are 1, so the Sharpe ratios are 0.06 and 0 and so is their difference
        found = (boot.mean[0], boot.sharpe[0], boot.sharpe_difference[0])
        covered += [one.low <= 0.06 <= one.high for one in found]
    # 95 % of 200 has a standard error of 1.5 %
    assert np.all(covered / repeats > 0.905)
    assert np.all(covered / repeats < 0.99)


def test_pairing_makes_the_interval_of_a_difference_narrow():
    rng = np.random.default_rng(2)
    market = rng.normal(0.0005, 0.01, 800)
    near = bootstrap(np.stack([market + rng.normal(0.0, 0.001, 800), market], axis=1), 252.0, resamples=2_000)
    far = bootstrap(np.stack([rng.normal(0.0005, 0.01, 800), market], axis=1), 252.0, resamples=2_000)
    width = [one.sharpe_difference[0].high - one.sharpe_difference[0].low for one in (near, far)]
    assert width[0] < 0.2 * width[1]


def test_ten_thousand_resamples_of_a_thousand_bars_take_under_two_seconds():
    values = np.random.default_rng(0).normal(0.0, 0.01, (1_000, 2))
    bootstrap(values, 252.0, resamples=10)
    began = time.process_time()
    boot = bootstrap(values, 252.0)
    assert time.process_time() - began < 2.0
    assert boot.drawdown.shape == (10_000, 2)


def test_the_seed_decides_every_bit():
    values = np.random.default_rng(0).normal(0.0, 0.01, (300, 2))
    first, again, other = (bootstrap(values, 252.0, resamples=500, seed=seed) for seed in (7, 7, 8))
    assert first.sharpe == again.sharpe
    assert first.drawdown.tobytes() == again.drawdown.tobytes()
    assert first.sharpe != other.sharpe


def test_a_rate_shifts_the_sharpe_ratio_and_not_the_mean():
    values = np.random.default_rng(0).normal(0.001, 0.01, (300, 1))
    plain, excess = bootstrap(values, 252.0, resamples=300), bootstrap(values, 252.0, resamples=300, risk_free=0.05)
    assert excess.mean[0].estimate == pytest.approx(plain.mean[0].estimate)
    assert excess.sharpe[0].estimate < plain.sharpe[0].estimate


def test_too_few_bars_and_flat_series_have_no_bounds():
    few = bootstrap(np.random.default_rng(0).normal(0.0, 0.01, (19, 2)), 252.0, resamples=99)
    assert not few.sharpe[0].known
    flat = bootstrap(np.zeros((100, 2)), 252.0, resamples=99)
    assert not flat.sharpe_difference[0].known
    assert common_block(np.zeros((100, 2))) == 1.0


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"level": 1.0}, ConfigError, "level"),
        ({"block": 0.5}, ConfigError, "block"),
        ({"resamples": 0}, ConfigError, "resamples"),
        ({"block": math.nan}, ConfigError, "block"),
    ],
)
def test_settings_out_of_range_are_refused(change, error, says):
    with pytest.raises(error, match=says):
        bootstrap(np.zeros((30, 1)), 252.0, **change)


def test_a_nan_is_refused():
    with pytest.raises(ShapeError, match="finite"):
        bootstrap(np.full((30, 1), np.nan), 252.0)
