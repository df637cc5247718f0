"""Edges of scenarios: coins with fractional volumes, other currencies, settings of the wrong kind, seeds that are no list."""

import numpy as np
import pytest

from quantgym.data.record import term_records
from quantgym.data.scenario.bootstrap import block_rows, bootstrap
from quantgym.data.scenario.crash import crashed
from quantgym.data.scenario.gbm import GbmSettings
from quantgym.data.scenario.heston import HestonSettings
from quantgym.data.scenario.jump import JumpSettings
from quantgym.data.scenario.registry import scenario_tape, scenario_tapes
from quantgym.data.spread import corwin_schultz, with_spread
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.market.errors import ConfigError, DataError
from quantgym.market.instrument import Instrument


def test_volumes_of_coins_are_whole_lots_and_not_whole_coins():
    tape = scenario_tape("gbm", 1, n_bars=50, volume=0.4, lot=0.001)
    assert 0.0 < tape.volume.min() < tape.volume.max() < 2.0
    assert tape.volume * 1000 == pytest.approx(np.round(tape.volume * 1000), abs=1e-9)
    whole = scenario_tape("gbm", 1, n_bars=50, lot=100.0).volume
    assert np.array_equal(whole, np.round(whole))


def test_a_crash_keeps_fractional_volumes():
    base = gbm_tape(1, 60)
    bars = base.bars.copy()
    bars["volume"] = 0.3
    coin = crashed(Tape.build("coin", [Instrument(symbol="BTC", lot=1e-5)], base.clock, bars), "1987-10", 20)
    # 2.5 times the usual volume while it lasts
    assert coin.volume[19:30, 0] == pytest.approx([0.3] + [0.75] * 9 + [0.3])
    assert np.array_equal(crashed(base, "1987-10", 20).volume[20:29], np.round(2.5 * base.volume[20:29]))


def test_a_bootstrap_keeps_currencies_spreads_funding_and_marks():
    base = gbm_tape(2, 200, 2, tick=1e-9)
    fx = 1.25 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, (200, 2)), axis=0))
    rates = np.random.default_rng(2).uniform(0.001, 0.01, (3, 200, 2))
    mark = base.open * 1.001
    terms = term_records((200, 2), fx=fx, spread=rates[0], funding_rate=rates[1], borrow_rate=rates[2], mark=mark)
    euros = [Instrument(symbol=symbol, quote_currency="EUR") for symbol in ("A", "B")]
    source = Tape.build("euro", euros, base.clock, base.bars, terms)
    (tape,) = bootstrap(source, [5], mean_block=10.0)
    rows = 1 + block_rows([5], 199, 200, 10.0)[0]
    for index, name in enumerate(("spread", "funding_rate", "borrow_rate")):
        assert np.array_equal(tape.terms[name], rates[index][rows])
    assert tape.terms["mark"] / tape.close == pytest.approx(mark[rows] / base.close[rows])
    # an exchange rate changes as it did in those rows, from that of the row before the first usable one on
    assert tape.terms["fx"][0] == pytest.approx(fx[0] * fx[rows[0]] / fx[rows[0] - 1])
    assert tape.terms["fx"][1:] / tape.terms["fx"][:-1] == pytest.approx(fx[rows[1:]] / fx[rows[1:] - 1])
    # a tape that says no more than splits and dividends becomes one without terms
    split = np.ones((200, 2))
    split[100] = 2.0
    assert not bootstrap(Tape.build("s", euros, base.clock, base.bars, term_records((200, 2), split=split)), [5])[0].has_terms


SHORT = gbm_tape(1, 30)
CRASH = (SHORT, "1987-10")


@pytest.mark.parametrize(
    ("call", "given", "settings", "says"),
    [
        (bootstrap, (SHORT, [-1]), {}, "seed must be a whole number of at least 0, was -1"),
        (bootstrap, (SHORT, [True]), {}, "seed must be a whole number of at least 0, was True"),
        (bootstrap, (SHORT, [1], 0), {}, "n_bars must be at least 2, was 0"),
        (bootstrap, (SHORT, [1], None, 0.0), {}, r"mean_block must be finite and lie in \[1, inf\), was 0.0"),
        (bootstrap, (SHORT, [1], None, np.nan), {}, r"mean_block must be finite .*, was nan"),
        (crashed, (*CRASH, 0), {}, "row must be a whole number of at least 1, was 0"),
        (crashed, (*CRASH, 1.5), {}, "row must be a whole number of at least 1, was 1.5"),
        (crashed, CRASH, {"bars_per_step": 0}, "bars_per_step must be a whole number of at least 1, was 0"),
        (crashed, CRASH, {"scale": "2"}, r"scale must lie in \[0.5, 3\], was 2"),
        (crashed, CRASH, {"beta": "x"}, "beta must be finite, one number or one for each of 1 assets, was x"),
        (crashed, (gbm_tape(1, 9), "1987-10"), {}, r"crash 1987-10 needs 10 rows, one before it included; .* has 9"),
        (crashed, (SHORT, ["1987-10"]), {}, "unknown crash template"),
        (scenario_tapes, ("gbm", 5), {}, r"scenario gbm: seeds must be several whole numbers, such as range\(8\), was 5"),
        (scenario_tapes, ("gbm", "12"), {}, "scenario gbm: seed must be a whole number of at least 0, was '1'"),
        (scenario_tape, (["gbm"], 1), {}, "unknown scenario"),
        (corwin_schultz, (SHORT, 2.5), {}, "spread window must be a whole number of at least 2 rows, was 2.5"),
        (corwin_schultz, (SHORT, "21"), {}, "spread window must be a whole number of at least 2 rows, was '21'"),
        (with_spread, (SHORT, ["corwin_schultz"]), {}, "unknown spread model"),
        (with_spread, (SHORT, "corwin-schultz"), {}, "did you mean corwin_schultz"),
        (GbmSettings, (), {"volatility": "high"}, "volatility must be a number, was 'high'"),
        (GbmSettings, (), {"n_bars": 10.5}, "n_bars must be a whole number, was 10.5"),
        (GbmSettings, (), {"n_bars": True}, "n_bars must be a whole number, was True"),
        (GbmSettings, (), {"correlation": "x"}, "correlation must be a number, was 'x'"),
        (GbmSettings, (), {"correlation": 5.0}, r"correlation must lie in \[-1, 1\], was 5.0"),
        (GbmSettings, (), {"bar": 60}, "bar must be a length such as 1m, 1h or 1d, was 60"),
        (GbmSettings, (), {"start": "2262-01-01", "n_bars": 5_000}, "5000 bars of 1d from 2262-01-01 on must lie within 292 years"),
        (GbmSettings, (), {"volume_noise": 1e3}, r"volume_noise must be finite and lie in \[0, 10\), was 1000.0"),
        (GbmSettings, (), {"bars_per_year": 1e-300}, r"bars_per_year must be finite and lie in \[0.001, inf\), was 1e-300"),
        (HestonSettings, (), {"leverage": "x"}, "leverage must be a number, was 'x'"),
        (JumpSettings, (), {"law": "levy"}, "unknown law 'levy'; known: kou, merton"),
        (JumpSettings, (), {"jumps": 9e5, "bars_per_year": 4}, "jumps must be at most 10000 a bar, was .* 225000 a bar"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_of_the_wrong_kind_is_refused_by_name(call, given, settings, says):
    with pytest.raises(ConfigError, match=says):
        call(*given, **settings)


def test_seeds_may_be_any_whole_numbers_that_come_one_after_another():
    digests = [tape.digest for tape in scenario_tapes("gbm", (seed for seed in (0, 2**200)), n_bars=5)]
    assert digests == [scenario_tape("gbm", np.uint8(0), n_bars=5).digest, scenario_tape("gbm", 2**200, n_bars=5).digest]


@pytest.mark.filterwarnings("error")
def test_a_price_beyond_all_numbers_is_refused_without_warnings():
    with pytest.raises(DataError, match="475 bars with a missing price"):
        scenario_tape("gbm", 0, n_bars=500, drift=1e4)
