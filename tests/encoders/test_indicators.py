import numpy as np
import pytest
import talib

from quantgym.encoders.adjusted import adjust_tape
from quantgym.encoders.indicator import INDICATORS
from quantgym.encoders.indicators import IndicatorEncoder, IndicatorSettings

from .conftest import streamed
from .test_adjusted import tape_of


@pytest.mark.parametrize("name", INDICATORS)
def test_it_is_talibs_function_on_adjusted_prices(name, us_tech):
    spec = INDICATORS[name]
    encoder = IndicatorEncoder(IndicatorSettings(names=(name,)))
    rows = adjust_tape(us_tech)[:, 0]
    outputs = getattr(talib, spec.function)(*(np.ascontiguousarray(rows[field]) for field in spec.inputs), **spec.periods)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    expected = np.clip(spec.combine(outputs, rows["close"]), spec.low, spec.high).astype(np.float32)
    warmup = encoder.warmup
    assert np.isnan(expected[:warmup]).all()
    assert np.array_equal(encoder.transform(us_tech)[warmup:, 0, 0], expected[warmup:])


def test_the_relative_strength_index_by_hand():
    # fourteen moves: 7 up by 2, 7 down by 1: 100 x 14 / (14 + 7) = 66.667
    closes = np.cumsum([100.0] + [2.0, -1.0] * 7)
    encoder = IndicatorEncoder(IndicatorSettings(names=("rsi_14",)))
    table = encoder.transform(tape_of(closes))
    assert table[14, 0, 0] == pytest.approx(66.6667, abs=1e-4)
    assert np.all(table[:14] == 0.0)


def test_a_market_that_stands_still_gives_finite_numbers():
    table = IndicatorEncoder().transform(tape_of(np.full(80, 10.0), volume=np.zeros(80)))
    assert np.isfinite(table).all()


def test_a_stream_opens_its_handles_as_soon_as_history_suffices():
    closes = 100 + np.sin(np.arange(60.0))
    encoder = IndicatorEncoder()
    tape = tape_of(closes)
    assert np.array_equal(streamed(encoder, tape), encoder.transform(tape))


def test_there_are_at_least_twelve_and_each_has_its_own_name():
    columns = IndicatorEncoder().columns
    assert len(columns) >= 12
    assert len({column.name for column in columns}) == len(columns)
