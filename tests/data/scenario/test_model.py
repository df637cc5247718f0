"""Known moments of each model, and what all of them keep."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantgym.data.contract import check_tape
from quantgym.data.scenario.heston import HestonSettings
from quantgym.data.scenario.jump import JumpSettings
from quantgym.data.scenario.regime import RegimeSettings, regime_paths
from quantgym.data.scenario.registry import SCENARIOS, scenario_tape, scenario_tapes

WALKS = ("gbm", "heston", "jump", "regime", "garch", "crash")
N = 40_000


def returns(tape, asset=0):
    return tape.log_return()[1:, asset]


def kurtosis(values):
    centred = values - values.mean()
    return (centred**4).mean() / (centred**2).mean() ** 2


def correlation(values, lag):
    centred = values - values.mean()
    return (centred[lag:] * centred[:-lag]).mean() / (centred**2).mean()


def test_gbm_has_the_mean_variance_and_correlation_asked_for():
    tape = scenario_tape("gbm", 1, n_bars=N, n_assets=2, volatility=0.3, drift=0.1, bars_per_year=252, correlation=0.6, tick=0.0)
    sd = 0.3 / math.sqrt(252)
    for asset in (0, 1):
        found = returns(tape, asset)
        # mean (0.1 - 0.3^2 / 2) / 252 with a standard error of sd / 200; sd's own is sd / sqrt(2 N)
        assert found.mean() == pytest.approx(0.055 / 252, abs=4 * sd / math.sqrt(N))
        assert found.std() == pytest.approx(sd, rel=4 / math.sqrt(2 * N))
        assert kurtosis(found) == pytest.approx(3.0, abs=4 * math.sqrt(24 / N))
        assert abs(correlation(found, 1)) < 4 / math.sqrt(N)
    assert np.corrcoef(returns(tape, 0), returns(tape, 1))[0, 1] == pytest.approx(0.6, abs=0.02)


def test_a_matrix_of_correlations_is_kept():
    matrix = ((1.0, 0.8, 0.0), (0.8, 1.0, -0.3), (0.0, -0.3, 1.0))
    tape = scenario_tape("gbm", 2, n_bars=N, n_assets=3, correlation=matrix)
    assert np.corrcoef(tape.log_return()[1:].T) == pytest.approx(np.array(matrix), abs=0.025)


@pytest.mark.parametrize("bar", ["1m", "1h", "1d"])
def test_the_range_of_a_bar_tells_its_variance_whatever_its_length(bar):
    tape = scenario_tape("gbm", 3, n_bars=N, bar=bar, volatility=0.5, tick=0.0)
    hours = {"1m": 1 / 60, "1h": 1.0, "1d": 24.0}[bar]
    # Parkinson 1980: mean squared log range / (4 ln 2); its relative standard error is 0.64 / sqrt(N)
    parkinson = np.mean(np.log(tape.high / tape.low) ** 2) / (4.0 * math.log(2.0))
    assert parkinson == pytest.approx(0.25 * hours / 8760, rel=4 * 0.64 / math.sqrt(N))


def test_heston_keeps_the_mean_variance_and_has_fat_tails_and_leverage():
    model = {"volatility": 0.2, "reversion": 6.0, "vol_of_vol": 0.6, "leverage": -0.7, "bars_per_year": 252}
    found = np.concatenate([returns(tape) for tape in scenario_tapes("heston", [1, 2, 3, 4], n_bars=N, tick=0.0, **model)])
    # Cox, Ingersoll & Ross 1985: v has mean 0.04 and variance 0.6^2 x 0.04 / (2 x 6) = 0.0012; returns that short have
    # kurtosis 3 (1 + 0.0012 / 0.04^2) = 5.25
    assert found.var() * 252 == pytest.approx(0.04, rel=0.06)
    assert found.mean() * 252 == pytest.approx(-0.02, abs=4 * 0.2 / math.sqrt(4 * N / 252))
    assert kurtosis(found) == pytest.approx(5.25, rel=0.15)
    # variance returns by exp(-6 / 252) a bar: squares are correlated, and a fall raises those after it
    assert 0.05 < correlation(found**2, 1) < 0.4
    assert np.corrcoef(found[:-1], found[1:] ** 2)[0, 1] < -0.01


@pytest.mark.parametrize("law", ["merton", "kou"])
def test_jumps_have_their_variance_kurtosis_and_no_drift_of_their_own(law):
    model = JumpSettings(law=law, jumps=50.0, volatility=0.15)
    tapes = scenario_tapes("jump", [1, 2, 3, 4], n_bars=N, tick=0.0, law=law, jumps=50.0, volatility=0.15)
    found = np.concatenate([returns(tape) for tape in tapes])
    year = 1 / 365
    variance = (0.15**2 + 50.0 * model.log_square) * year
    assert found.var() == pytest.approx(variance, rel=0.03)
    # the expected price does not grow: E[exp(r)] = 1
    assert np.expm1(found).mean() == pytest.approx(0.0, abs=4 * math.sqrt(variance / (4 * N)))
    # fourth cumulant of a compound Poisson process: rate x mean fourth power of the jump
    if law == "merton":
        m, s = model.jump_mean, model.jump_sd
        fourth = m**4 + 6 * m**2 * s**2 + 3 * s**4
    else:
        fourth = 24.0 * (0.4 * model.up_size**4 + 0.6 * model.down_size**4)
    assert kurtosis(found) == pytest.approx(3.0 + 50.0 * fourth * year / variance**2, rel=0.12)


def test_garch_has_the_autocorrelation_of_squares_that_its_weights_say():
    model = {"alpha": 0.1, "beta": 0.8, "volatility": 0.2, "tick": 0.0}
    found = np.concatenate([returns(tape) for tape in scenario_tapes("garch", range(8), n_bars=N, **model)])
    assert found.var() * 365 == pytest.approx(0.04, rel=0.03)
    # Bollerslev 1986, section 3: kurtosis 3 (1 - 0.9^2) / (1 - 0.9^2 - 2 x 0.1^2); first autocorrelation
    # alpha (1 - alpha beta - beta^2) / (1 - 2 alpha beta - beta^2) = 0.1 x 0.28 / 0.2, then by 0.9 a lag
    assert kurtosis(found) == pytest.approx(3.0 * 0.19 / 0.17, rel=0.05)
    assert [correlation(found**2, lag) for lag in (1, 2, 5)] == pytest.approx([0.14, 0.126, 0.14 * 0.9**4], abs=0.02)
    assert abs(correlation(found, 1)) < 0.01


def test_regimes_are_occupied_as_their_chain_says_and_have_their_own_variance():
    model = RegimeSettings(n_bars=N, volatilities=(0.1, 0.5), tick=0.0)
    # 0.01 p = 0.03 (1 - p): three quarters of the time in the first state
    assert model.occupation == pytest.approx([0.75, 0.25])
    states = regime_paths(model, [5, 6])
    assert np.mean(states == 1) == pytest.approx(0.25, abs=0.03)
    # a stay in the second state lasts 1 / 0.03 bars in the mean
    entered = np.sum((states[:, 1:] == 1) & (states[:, :-1] == 0))
    assert np.sum(states == 1) / entered == pytest.approx(1 / 0.03, rel=0.12)
    tape = scenario_tape("regime", 5, n_bars=N, n_assets=2, volatilities=(0.1, 0.5), tick=0.0)
    for asset in (0, 1):
        for state, volatility in enumerate(model.volatilities):
            found = returns(tape, asset)[states[0, 1:] == state]
            assert found.std() * math.sqrt(365) == pytest.approx(volatility, rel=0.03)


@pytest.mark.parametrize("name", WALKS)
def test_a_tape_made_among_others_equals_the_one_made_alone_and_an_asset_does_not_depend_on_later_ones(name):
    model = {"n_bars": 300, "correlation": 0.4, "gap_share": 0.2}
    many = scenario_tapes(name, [7, 8, 9], n_assets=3, **model)
    assert [tape.digest for tape in many] == [scenario_tape(name, seed, n_assets=3, **model).digest for seed in (7, 8, 9)]
    assert len({tape.digest for tape in many}) == 3
    assert np.array_equal(many[1].bars[:, :1], scenario_tape(name, 8, n_assets=1, **model).bars)
    assert not np.array_equal(many[1].close[:, 0], many[1].close[:, 1])


@pytest.mark.parametrize("name", WALKS)
def test_bars_open_at_the_last_close_unless_there_is_a_gap(name):
    tape = scenario_tape(name, 3, n_bars=200, n_assets=2)
    assert np.array_equal(tape.open[1:], tape.close[:-1])
    gapped = scenario_tape(name, 3, n_bars=200, n_assets=2, gap_share=0.3)
    assert (gapped.open[1:] != gapped.close[:-1]).mean() > 0.9
    assert tape.open[0].tolist() == gapped.open[0].tolist() == [100.0, 100.0]


def test_the_gap_has_its_share_of_the_variance():
    tape = scenario_tape("gbm", 4, n_bars=N, gap_share=0.3, tick=0.0)
    gap = np.log(tape.open[1:] / tape.close[:-1])
    assert gap.var() / returns(tape).var() == pytest.approx(0.3, abs=0.015)


@pytest.mark.parametrize("name", WALKS)
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**40),
    tick=st.sampled_from([0.0, 0.01, 0.5, 7.0]),
    volatile=st.floats(0.0, 3.0),
    gap=st.sampled_from([0.0, 0.5]),
)
def test_any_settings_give_a_tape_that_keeps_the_contract(name, seed, tick, volatile, gap):
    model = {"volatilities": (0.0, volatile)} if name == "regime" else {"volatility": volatile}
    tape = scenario_tape(name, seed, n_bars=60, n_assets=2, tick=tick, gap_share=gap, bar="1w", **model)
    check_tape(tape)
    assert tape.tradable.all()
    if tick:
        on_tick = tape.bars["low"] / tick
        assert np.abs(on_tick - np.round(on_tick)).max() < 1e-6
        assert tape.low.min() >= tick * (1 - 1e-12)


def test_volume_is_higher_in_bars_that_vary_more():
    tape = scenario_tape("regime", 5, n_bars=5000, volatilities=(0.1, 0.5), volume=1e6, volume_noise=0.0)
    # the root of the usual variance is sqrt(0.75 x 0.01 + 0.25 x 0.25) = 0.2646
    assert np.unique(tape.volume) == pytest.approx([1e6 * 0.1 / 0.2646, 1e6 * 0.5 / 0.2646], rel=1e-3)


def test_every_scenario_has_frozen_settings():
    for scenario in SCENARIOS.values():
        made = scenario.settings()
        with pytest.raises(AttributeError):
            made.n_bars = 3
    assert HestonSettings(n_bars=5).year == pytest.approx(1 / 365)
