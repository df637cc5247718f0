"""The stationary bootstrap: lengths of its blocks, what survives of the source, and what it refuses."""

import numpy as np
import pytest

from quantgym.data.contract import check_tape
from quantgym.data.record import term_records
from quantgym.data.sample import open_sample
from quantgym.data.scenario.bootstrap import block_rows, bootstrap
from quantgym.data.scenario.registry import scenario_tape, scenario_tapes
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.market.errors import ConfigError, DataError


def test_blocks_have_geometric_lengths_of_the_mean_asked_for_and_uniform_starts():
    rows = block_rows([1, 2], 500, 100_000, 8.0)
    ends = np.flatnonzero((rows[0, 1:] - rows[0, :-1]) % 500 != 1)
    lengths = np.diff(ends)
    # mean 8, standard deviation sqrt(1 - 1/8) x 8 = 7.5; one block in 500 goes on by chance
    assert lengths.mean() == pytest.approx(8.0, abs=0.3)
    assert lengths.std() == pytest.approx(7.5, abs=0.3)
    assert np.bincount(rows[1], minlength=500).min() > 100
    assert (rows.min(), rows.max()) == (0, 499)
    assert np.array_equal(block_rows([2], 500, 100_000, 8.0)[0], rows[1])


def test_blocks_of_one_bar_are_independent_draws():
    rows = block_rows([3], 1000, 50_000, 1.0)[0]
    assert np.mean((rows[1:] - rows[:-1]) % 1000 == 1) < 0.005


def test_returns_ratios_and_volumes_are_those_of_the_source_for_all_assets_at_once():
    source = open_sample("sample:us-tech").select(["AAPL", "IBM", "MSFT"])
    tape = scenario_tape("bootstrap", 4, symbols=["AAPL", "IBM", "MSFT"], mean_block=10.0)
    check_tape(tape)
    assert np.array_equal(tape.clock, source.clock)
    rows = 1 + block_rows([4], source.n_rows - 1, source.n_rows, 10.0)[0][1:]
    assert np.abs(tape.log_return()[1:] - source.log_return()[rows]).max() < 1e-12
    for name in ("open", "high", "low"):
        ratio, theirs = getattr(tape, name)[1:] / tape.close[1:], getattr(source, name)[rows] / source.close[rows]
        assert np.abs(ratio - theirs).max() < 1e-12
    assert np.array_equal(tape.volume[1:], source.volume[rows])


def test_moments_of_the_source_survive():
    source = open_sample("sample:us-tech").select(["AAPL", "IBM", "MSFT"])
    earned, known = bootstrap(source, [4], 60_000, 10.0)[0].log_return()[1:], source.log_return()[1:]
    # long enough to draw AAPL's 52 % of one day, a sixth of its variance, some 18 times
    assert earned.mean(axis=0) == pytest.approx(known.mean(axis=0), abs=0.0005)
    assert earned.std(axis=0) == pytest.approx(known.std(axis=0), rel=0.06)
    assert np.corrcoef(earned.T) == pytest.approx(np.corrcoef(known.T), abs=0.05)
    # blocks keep what lies inside them: volatility still clusters, less than in the source
    squares = [np.corrcoef(values[1:, 1] ** 2, values[:-1, 1] ** 2)[0, 1] for values in (earned, known)]
    assert 0.3 * squares[1] < squares[0] < 1.1 * squares[1]


def test_splits_and_dividends_are_returns_and_no_jumps():
    plain = gbm_tape(1, 400, tick=1e-9)
    split, dividend = np.ones((400, 1)), np.zeros((400, 1))
    split[200], dividend[100] = 2.0, 5.0
    bars = plain.bars.copy()
    for name in ("open", "high", "low", "close"):
        bars[name][200:] /= 2.0
        bars[name][100:200] -= 5.0
    source = Tape.build("s", plain.instruments, plain.clock, bars, term_records((400, 1), split=split, dividend=dividend))
    tape = bootstrap(source, [1], 5000, 5.0)[0]
    assert np.exp(np.abs(tape.log_return()).max()) < 1.1
    # longer than its source: rows go on by the source's step, day and night
    assert (tape.n_rows, tape.instruments[0].calendar) == (5000, "24/7")
    assert np.array_equal(tape.clock[:400], source.clock)


def test_a_note_says_how_few_rows_a_late_listing_leaves():
    # FB has 196 bars from 2012-05-18 on, all but the first with one before it
    assert scenario_tape("bootstrap", 1).notes[-1].endswith("from 195 of 3,270 rows, those in which every asset trades")
    assert "from 3,269 of 3,270 rows" in scenario_tape("bootstrap", 1, symbols=["AAPL", "IBM"]).notes[-1]


def test_prices_can_be_rounded_to_ticks():
    tape = scenario_tape("bootstrap", 1, symbols=["IBM"], n_bars=300, on_grid=True)
    assert np.abs(tape.high * 100 - np.round(tape.high * 100)).max() < 1e-6


def test_seeds_at_once_equal_seeds_alone():
    many = scenario_tapes("bootstrap", [1, 2], symbols=["IBM", "AAPL"], n_bars=500)
    assert many[1].digest == scenario_tape("bootstrap", 2, symbols=["IBM", "AAPL"], n_bars=500).digest != many[0].digest


def test_what_cannot_be_resampled_is_refused():
    late = gbm_tape(1, 50, 2, late=49)
    with pytest.raises(DataError, match="bootstrap needs rows where every asset trades, found 0; choose symbols"):
        bootstrap(late, [1])
    with pytest.raises(ConfigError, match=r"scenario bootstrap: mean_block must be finite and lie in \[1, inf\), was 0.5"):
        scenario_tape("bootstrap", 1, mean_block=0.5)
