"""Crashes laid over tapes: their depth, their scale and that bars stay bars."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantgym.data.contract import check_tape
from quantgym.data.record import term_records
from quantgym.data.sample import open_sample
from quantgym.data.scenario.crash import crashed
from quantgym.data.scenario.registry import scenario_tape
from quantgym.data.scenario.template import TEMPLATES, crash_template
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.market.errors import ConfigError, UnknownNameError


def test_templates_are_as_deep_as_the_closes_that_they_come_from():
    # 314.52 -> 224.84; 1251.70 -> 899.22; 3386.15 -> 2237.40: closes at the beginning and at the low
    assert crash_template("1987-10").depth == pytest.approx(224.84 / 314.52 - 1, abs=2e-4)
    assert crash_template("2008-09").depth == pytest.approx(899.22 / 1251.70 - 1, abs=2e-4)
    assert crash_template("2020-03").depth == pytest.approx(2237.40 / 3386.15 - 1, abs=2e-4)
    assert crash_template("2022-11").depth == pytest.approx(15_880 / 21_280 - 1, abs=2e-3)
    assert crash_template("2021-05").depth == pytest.approx(34_655 / 56_670 - 1, abs=2e-3)
    assert crash_template("2025-10-10").depth == pytest.approx(104_780 / 122_570 - 1, abs=2e-3)
    assert -0.06 < crash_template("2010-05-06").depth < -0.04
    with pytest.raises(UnknownNameError, match="unknown crash template '1987'; did you mean 1987-10"):
        crash_template("1987")


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_log_depth_scales(name, scale):
    base = gbm_tape(1, 200, 2, tick=1e-6)
    tape = crashed(base, name, 100, scale)
    moves = crash_template(name).log_moves
    added = np.log(tape.close / base.close)
    assert added[:100] == pytest.approx(0.0, abs=0)
    assert added[100 : 100 + len(moves)] == pytest.approx(np.repeat(scale * np.cumsum(moves)[:, None], 2, axis=1))
    assert added[100 + len(moves) :] == pytest.approx(scale * moves.sum())
    assert np.log(1 + crash_template(name).depth) * scale == pytest.approx(added.min())
    assert (tape.volume[100] > base.volume[100]).all()
    assert np.array_equal(tape.volume[:100], base.volume[:100])


def test_a_still_market_shows_the_crash_alone():
    tape = scenario_tape("crash", 0, n_bars=20, volatility=0.0, template="1987-10", row=5, tick=0.01, volume_noise=0.0)
    # 100 to 97.05 to 94.78 (97.05 x 0.9766 = 94.779), then 89.89 and 71.49 on the 19th
    assert tape.close[4:9, 0] == pytest.approx([100.0, 97.05, 94.78, 89.89, 71.49], abs=0.011)
    assert tape.open[6, 0] == tape.close[5, 0]
    assert tape.volume[5, 0] == 2_500_000.0


def test_a_step_can_be_spread_over_rows_and_assets_can_fall_by_different_shares():
    base = gbm_tape(1, 200, 2, tick=1e-6)
    tape = crashed(base, "1987-10", 50, 1.0, bars_per_step=4, beta=(0.5, 2.0))
    moves = crash_template("1987-10").log_moves
    added = np.log(tape.close / base.close)
    assert added[53] == pytest.approx([0.5 * moves[0], 2.0 * moves[0]])
    assert added[50 + 36 :] == pytest.approx(np.array([0.5, 2.0]) * moves.sum() * np.ones((114, 1)))


def test_a_crash_over_a_real_tape_keeps_its_marks_its_gaps_and_its_dividends_in_proportion():
    source = open_sample("sample:us-tech")
    tape = crashed(source, "2008-09", 500, 2.0)
    for name in ("tradable", "present", "opens", "closes"):
        assert np.array_equal(tape.bars[name], source.bars[name])
    before = np.exp(2.0 * crash_template("2008-09").log_moves.sum())
    paid = np.argwhere(source.dividend[600:] > 0)[0] + [600, 0]
    assert tape.dividend[tuple(paid)] == pytest.approx(before * source.dividend[tuple(paid)])
    # afterwards returns are what they were
    assert tape.log_return()[530:] == pytest.approx(source.log_return()[530:])
    part = crashed(source.slice(100, 900), "1987-10")
    assert part.first_row == 100


def test_what_cannot_be_traded_in_the_crash_meets_it_afterwards():
    plain = gbm_tape(1, 60, 1)
    recorded = np.ones((60, 1))
    recorded[20:32] = 0
    terms = term_records((60, 1), mark=plain.open)
    from quantgym.data.record import carried

    source = Tape.build("h", plain.instruments, plain.clock, carried(plain.bars, recorded == 1), terms)
    tape = crashed(source, "1987-10", 20)
    assert (tape.close[20:32] == tape.close[19]).all()
    assert tape.close[32, 0] == pytest.approx(source.close[32, 0] * math.exp(crash_template("1987-10").log_moves.sum()))
    assert tape.terms["mark"][40, 0] == pytest.approx(source.terms["mark"][40, 0] * tape.close[40, 0] / source.close[40, 0])


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    scale=st.floats(0.5, 3.0),
    name=st.sampled_from(list(TEMPLATES)),
    row=st.integers(1, 30),
    rounded=st.booleans(),
    beta=st.floats(-1.0, 2.0),
)
def test_bars_stay_bars_whatever_the_crash(seed, scale, name, row, rounded, beta):
    base = gbm_tape(seed, 60, 2, late=5)
    tape = crashed(base, name, row, scale, beta=beta, round_prices=rounded)
    check_tape(tape)
    assert np.array_equal(tape.tradable, base.tradable)


def test_a_crash_that_does_not_fit_is_refused():
    base = gbm_tape(1, 60, 2)
    with pytest.raises(ConfigError, match=r"row must lie in \[1, 51\] for the 9 rows of crash 1987-10 to fit, was 52"):
        crashed(base, "1987-10", 52)
    with pytest.raises(ConfigError, match=r"scale must lie in \[0.5, 3\], was 4"):
        crashed(base, "1987-10", 5, 4.0)
    with pytest.raises(ConfigError, match="beta must be finite, one number or one for each of 2 assets"):
        crashed(base, "1987-10", 5, beta=(1.0, 1.0, 1.0))
    with pytest.raises(ConfigError, match=r"scenario crash: scale must lie in \[0.5, 3\], was 0.1"):
        scenario_tape("crash", 1, scale=0.1)
