"""Spreads estimated from bars: worked by hand, from a market whose spread is known, and never from the future."""

import dataclasses
import math

import numpy as np
import pytest

from quantgym.data.contract import check_tape
from quantgym.data.instant import DAY
from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.sample import open_sample
from quantgym.data.spread import SPREAD_MODELS, abdi_ranaldo, corwin_schultz, with_spread
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.market.errors import ConfigError, DataError, UnknownNameError
from quantgym.market.instrument import Instrument
from quantgym.market.seeding import generator


def of_bars(high, low, close, recorded=None, **terms):
    """A tape of one asset from its highs, lows and closes; bars open at the close."""
    high, low, close = (np.array(column, float) for column in (high, low, close))
    at = DAY * np.arange(len(close))
    records = {name: np.array(column, float)[:, None] for name, column in terms.items()}
    given = term_records((len(close), 1), **records) if terms else None
    bars = bar_records(close, high, low, close, None, recorded)
    return Tape.build("bars", [Instrument(symbol="X")], clock_records(at, at + DAY), bars, given)


def bouncing(spread, volatility, n_bars=2_000, trades=390, gap_share=0.2, seed=0):
    """A market whose trades are at the bid or the ask, by a fair coin, around a middle that walks."""
    draw = generator(seed)
    steps = volatility * math.sqrt((1 - gap_share) / trades) * draw.standard_normal((n_bars, trades))
    steps[:, 0] += volatility * math.sqrt(gap_share) * draw.standard_normal(n_bars)
    middle = 100.0 * np.exp(np.cumsum(steps.ravel())).reshape(n_bars, trades)
    price = middle * (1.0 + 0.5 * spread * np.where(draw.random((n_bars, trades)) < 0.5, 1.0, -1.0))
    return of_bars(price.max(1), price.min(1), price[:, -1])


def test_two_equal_ranges_are_all_spread():
    # the range of both bars is that of each: no variance, so ask / bid = 102 / 100 and the spread is 2 / 101
    tape = of_bars([102, 102], [100, 100], [102, 101])
    estimate = corwin_schultz(tape, 2)
    assert math.isnan(estimate[0, 0])
    assert estimate[1, 0] == pytest.approx(2 / 101)
    # the first close is half the log range above the middle of both bars: sqrt(4 (ln 1.02 / 2)^2)
    assert abdi_ranaldo(tape, 2)[1, 0] == pytest.approx(math.log(1.02))


def test_corwin_schultz_by_hand_where_ranges_differ():
    # bars 104-100 and 103-100.5; beta = ln(1.04)^2 + ln(103/100.5)^2 = 0.00153826 + 0.00060377; gamma = ln(1.04)^2
    # alpha = (0.0654528 - 0.0462821) / 0.1715729 - 0.0392207 / 0.4142136 = 0.0170477; spread = 2 tanh(alpha / 2)
    assert corwin_schultz(of_bars([104, 103], [100, 100.5], [101, 101]), 2)[1, 0] == pytest.approx(0.0170473, abs=2e-6)


@pytest.mark.parametrize("later", [(107, 105), (98, 96)])
def test_a_gap_between_two_bars_is_moved_away(later):
    # the second bar, 2 high, is moved to the close before it, 101: 103-101 after a gap up, 101-99 after one down
    high, low = (103, 101) if later[0] > 102 else (101, 99)
    moved = corwin_schultz(of_bars([102, high], [100, low], [101, 100.5 if low < 100 else 102]), 2)
    found = corwin_schultz(of_bars([102, later[0]], [100, later[1]], [101, later[1]]), 2)
    assert found[1, 0] == pytest.approx(moved[1, 0])


def test_a_pair_whose_range_grows_like_variance_counts_as_zero():
    # two bars on top of each other: gamma = (2 ln 1.02)^2 leaves nothing for a spread; and the close moves on, not back
    tape = of_bars([102, 104.04], [100, 102], [101.9, 103])
    assert corwin_schultz(tape, 2)[1, 0] == 0.0
    assert abdi_ranaldo(tape, 2)[1, 0] == abdi_ranaldo(tape, 2, correction="window")[1, 0] == 0.0


@pytest.mark.parametrize("model", SPREAD_MODELS.values())
def test_splits_dividends_and_rolls_do_not_spoil_it(model):
    plain = of_bars([102, 102, 103], [100, 100, 101], [101, 101.5, 102])
    halved = of_bars([102, 51, 51.5], [100, 50, 50.5], [101, 50.75, 51], split=[1, 2, 1])
    assert model(halved, 2)[1:] == pytest.approx(model(plain, 2)[1:])
    # 20 less for who buys after the dividend, 20 more for who buys the next contract: the earlier bar is moved to that level
    level = of_bars([82, 82, 83], [80, 80, 81], [81, 81.5, 82])
    paid = of_bars([102, 82, 83], [100, 80, 81], [101, 81.5, 82], dividend=[0, 20, 0])
    rolled = of_bars([62, 82, 83], [60, 80, 81], [61, 81.5, 82], roll=[np.nan, 20, np.nan])
    for tape in (paid, rolled):
        assert model(tape, 2)[1] == pytest.approx(model(level, 2)[1])


@pytest.mark.parametrize("spread", [0.005, 0.01, 0.03])
def test_the_median_estimate_is_close_to_a_known_spread(spread):
    tape = bouncing(spread, volatility=0.6 * spread)
    assert np.nanmedian(corwin_schultz(tape)) == pytest.approx(spread, rel=0.10)
    assert np.nanmedian(abdi_ranaldo(tape)) == pytest.approx(spread, rel=0.15)
    assert np.nanmedian(abdi_ranaldo(tape, correction="window")) == pytest.approx(spread, rel=0.05)


def test_where_volatility_is_ten_times_the_spread_only_the_window_correction_is_near_it():
    tape = bouncing(0.002, volatility=0.02)
    # counting each negative pair as 0 leaves the positive noise: both papers say so
    assert np.nanmedian(corwin_schultz(tape)) > 0.006
    assert np.nanmedian(abdi_ranaldo(tape)) > 0.006
    assert np.nanmedian(abdi_ranaldo(tape, correction="window")) < 0.004


@pytest.mark.parametrize("model", SPREAD_MODELS.values())
def test_a_row_is_estimated_from_rows_up_to_it(model):
    tape = gbm_tape(4, 300, 2)
    whole = model(tape, 21)
    assert np.isnan(whole[:20]).all()
    assert np.isfinite(whole[20:]).all()
    assert np.array_equal(model(tape.slice(0, 120), 21), whole[:120], equal_nan=True)
    bars = tape.bars.copy()
    bars[150:] = gbm_tape(5, 300, 2).bars[150:]
    other = model(Tape.build("other", tape.instruments, tape.clock, bars), 21)
    assert np.array_equal(other[:150], whole[:150], equal_nan=True)
    assert not np.array_equal(other[150:], whole[150:])


def test_rows_that_cannot_be_traded_are_unknown_and_half_a_window_is_needed():
    recorded = np.ones((9, 1))
    recorded[[3, 4]] = 0
    tape = of_bars([102] * 9, [100] * 9, [102] * 9, recorded)
    estimate = corwin_schultz(tape, 5)[:, 0]
    # 4 pairs a window, 2 of them must have two tradable rows; pairs (2,3), (3,4) and (4,5) have not
    # row 5: pairs 1-2 only; row 6: 5-6 only; row 7: 5-6, 6-7; row 8: 5-6, 6-7, 7-8
    assert np.isnan(estimate).tolist() == [True] * 7 + [False] * 2
    assert estimate[7:] == pytest.approx(2 / 101)


def test_the_spread_of_a_row_is_the_estimate_of_the_row_before_where_the_tape_has_none():
    plain = gbm_tape(4, 60)
    estimate = corwin_schultz(plain, 10)
    quoted = np.full((60, 1), np.nan)
    quoted[30] = 0.5
    tape = Tape.build("q", plain.instruments, plain.clock, plain.bars, term_records((60, 1), spread=quoted))
    filled = with_spread(tape, "corwin_schultz", 10)
    check_tape(filled)
    expected = np.vstack([[[np.nan]], estimate[:-1]])
    expected[30] = 0.5
    assert np.array_equal(filled.terms["spread"], expected, equal_nan=True)
    assert filled.notes[-1] == "spread: corwin_schultz over 10 rows, as known one row before, where none was recorded"
    assert np.array_equal(with_spread(plain, "abdi_ranaldo", 10).terms["spread"][1:], abdi_ranaldo(plain, 10)[:-1], equal_nan=True)
    # a slice keeps its place and the marks of its sessions
    part = with_spread(plain.slice(20, 50), window=10)
    assert (part.first_row, part.has_terms) == (20, True)


def test_estimates_of_a_real_tape_are_of_a_sensible_size():
    estimate = abdi_ranaldo(open_sample("sample:us-tech"), correction="window")
    # large stocks after decimal pricing: tens of basis points at most
    assert 0.0 < np.nanmedian(estimate[1000:]) < 0.01


def test_wrong_calls_are_refused():
    tape = gbm_tape(1, 30)
    with pytest.raises(ConfigError, match="spread window must be a whole number of at least 2 rows, was 1"):
        corwin_schultz(tape, 1)
    with pytest.raises(ConfigError, match="correction must be one of pairs, window, was 'daily'"):
        abdi_ranaldo(tape, correction="daily")
    with pytest.raises(UnknownNameError, match="unknown spread model 'corwin_shultz'; did you mean corwin_schultz"):
        with_spread(tape, "corwin_shultz")
    with pytest.raises(DataError, match="has closes only; a spread estimate needs highs and lows"):
        abdi_ranaldo(dataclasses.replace(tape, close_only=True))
    assert np.isnan(corwin_schultz(tape, 31)).all()
