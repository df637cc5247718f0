"""Noise on prices and missing bars."""

from dataclasses import replace

import numpy as np
import pytest

from quantgym.data.catalog import open_tape
from quantgym.data.contract import check_tape
from quantgym.data.perturb import PerturbSettings, perturbed
from quantgym.data.pool import pooled
from quantgym.data.record import neutral_terms
from quantgym.data.synthetic import gbm_tape, leak_tape
from quantgym.data.tape import Tape
from quantgym.market.errors import ConfigError, UnknownNameError

TAPE = gbm_tape(1, 4_000, 2, late=10)


def on_grid(prices, tick=0.01):
    return np.array_equal(prices, np.round(prices / tick) / round(1 / tick))


def test_noise_has_the_size_that_was_asked_for_and_keeps_the_grid_and_the_order_of_prices():
    noisy = perturbed(TAPE, 3, noise_bp=10.0)
    for name in ("open", "close"):
        moved = noisy.bars[name][10:] / TAPE.bars[name][10:] - 1.0
        assert moved.std() == pytest.approx(0.001, rel=0.03)
        assert abs(moved.mean()) < 0.00005
        assert on_grid(noisy.bars[name][10:])
    assert (noisy.low <= np.minimum(noisy.open, noisy.close)).all()
    assert (noisy.high >= np.maximum(noisy.open, noisy.close)).all()
    assert (noisy.volume == TAPE.volume).all()
    check_tape(noisy)


def test_ticks_and_basis_points_add_up():
    noisy = perturbed(TAPE, 3, noise_ticks=5.0)
    assert (noisy.close - TAPE.close)[10:].std() == pytest.approx(0.05, rel=0.03)
    both = perturbed(TAPE, 3, noise_ticks=5.0, noise_bp=5.0)
    # the same shocks, as large as 5 ticks and 5 bp of the price together
    expected = (TAPE.close + (noisy.close - TAPE.close) / 0.05 * (0.05 + 0.0005 * TAPE.close))[10:]
    assert np.abs(both.close[10:] - expected).max() < 0.03


def test_prices_off_the_grid_stay_off_it():
    tape = leak_tape(1, 200)
    coarse = replace(tape, instruments=(replace(tape.instruments[0], tick=0.01),))
    assert not on_grid(perturbed(coarse, 1, noise_bp=1.0).close)


def test_cheap_prices_never_fall_under_a_tick():
    cheap = perturbed(gbm_tape(1, 500, price=1.0, tick=0.005), 2, noise_ticks=300.0)
    assert cheap.low.min() == 0.005


def test_missing_bars_cannot_be_traded_and_carry_the_last_close():
    holes = perturbed(TAPE, 3, missing=0.1)
    lost = (TAPE.tradable == 1) & (holes.tradable == 0)
    assert lost[10:].mean() == pytest.approx(0.1, abs=0.01)
    assert not lost[[0, 10, -1], [0, 1, 0]].any()
    row, asset = np.argwhere(lost)[0]
    assert holes.close[row, asset] == holes.open[row, asset] == holes.close[row - 1, asset]
    assert holes.volume[row, asset] == 0.0
    assert (holes.present == TAPE.present).all()
    assert (holes.close[~lost & (TAPE.tradable == 1)] == TAPE.close[~lost & (TAPE.tradable == 1)]).all()
    check_tape(holes)


def test_bars_of_splits_dividends_and_rolls_are_never_missing():
    terms = neutral_terms(TAPE.bars.shape)
    terms["dividend"][100:200, 0] = 0.1
    terms["split"][200:300, 0] = 2.0
    terms["roll"][300:400, 0] = 0.5
    holes = perturbed(Tape.build("terms", TAPE.instruments, TAPE.clock, TAPE.bars, terms), 1, missing=0.5)
    assert holes.tradable[100:400, 0].all()
    assert not holes.tradable[100:400, 1].all()


def test_the_seed_decides_everything_and_each_asset_has_its_own_stream():
    assert perturbed(TAPE, 3, noise_bp=2.0, missing=0.1).digest == perturbed(TAPE, 3, noise_bp=2.0, missing=0.1).digest
    assert perturbed(TAPE, 3, noise_bp=2.0).digest != perturbed(TAPE, 4, noise_bp=2.0).digest
    alone = perturbed(TAPE.select(["S0"]), 3, noise_bp=2.0, missing=0.1)
    assert alone.bars.tobytes() == perturbed(TAPE, 3, noise_bp=2.0, missing=0.1).select(["S0"]).bars.tobytes()


def test_nothing_asked_changes_nothing():
    assert perturbed(TAPE, 3).digest == TAPE.digest


def test_a_tape_of_closes_alone_stays_one():
    closes = replace(TAPE, close_only=True, bars=flat(TAPE.bars))
    noisy = perturbed(closes, 1, noise_bp=10.0)
    assert (noisy.open == noisy.close).all()
    assert (noisy.high == noisy.low).all()


def flat(bars):
    result = bars.copy()
    for name in ("open", "high", "low"):
        result[name] = bars["close"]
    result.flags.writeable = False
    return result


def test_a_slice_keeps_its_place_and_its_sessions():
    part = perturbed(TAPE.slice(5, 50), 1, noise_bp=1.0)
    assert part.first_row == 5
    assert (part.opens == TAPE.slice(5, 50).opens).all()


def test_the_name_says_settings_to_the_last_digit():
    made = perturbed(open_tape("sample:eurusd-1h"), 3, noise_bp=987.654321987, missing=1.0 / 3.0)
    assert "noise_bp=987.654321987&missing=0.3333333333333333&seed=3" in made.name
    assert open_tape(made.name).digest == made.digest
    assert perturbed(open_tape("sample:eurusd-1h"), 3, noise_bp=2.0).name.endswith("?noise_bp=2&seed=3")


def test_a_perturbed_tape_is_opened_by_its_name_and_joins_a_pool():
    base = open_tape("scenario:gbm?n_bars=120&seed=4")
    made = perturbed(base, 3, noise_bp=2.0, missing=0.05)
    opened = open_tape("perturbed:scenario:gbm?n_bars=120&seed=4?noise_bp=2&missing=0.05&seed=3")
    assert made.name == opened.name
    assert made.digest == opened.digest
    assert made.digest != base.digest
    assert pooled([base, made]).tape.n_rows == 240


@pytest.mark.parametrize(("name", "error", "says"), [
    ("perturbed:sample:us-tech", ConfigError, r"write perturbed:<tape>\?noise_bp=2"),
    ("perturbed:sample:us-tehc?seed=1", UnknownNameError, "did you mean sample:us-tech"),
    ("perturbed:scenario:gbm?noise=2", ConfigError, "did you mean noise_"),
    ("perturbed:scenario:gbm?noise_bp=-2", ConfigError, "noise_bp must be finite and not negative"),
    ("perturbed:scenario:gbm?noise_bp=two", ConfigError, "noise_bp must be a number, was 'two'"),
    ("perturbed:scenario:gbm?seed=1&seed=2", ConfigError, "a setting stands twice"),
    ("perturbed:scenario:gbm?seed=1.5", ConfigError, "perturb.seed must be an int"),
])  # fmt: skip
def test_wrong_names_are_refused(name, error, says):
    with pytest.raises(error, match=says):
        open_tape(name)


@pytest.mark.parametrize(("settings", "says"), [
    ({"missing": 1.0}, r"perturb.missing is a share in \[0, 1\), was 1"),
    ({"noise_bp": float("nan")}, "perturb.noise_bp must be finite"),
    ({"noise_bp": 5_000.0}, r"at most 1000 \(10 %\)"),
    ({"noise_ticks": -1.0}, "perturb.noise_ticks must be finite and not negative"),
])  # fmt: skip
def test_wrong_settings_are_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        PerturbSettings(**settings)
    with pytest.raises(ConfigError, match=r"perturb\.seed must be an int of 0 or more, was -1"):
        perturbed(TAPE, -1)
