import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape, leak_tape, next_open_return
from quantgym.market.errors import ConfigError


def test_a_seed_gives_one_tape_and_an_asset_does_not_depend_on_its_neighbours():
    assert gbm_tape(5, 100, 2).digest == gbm_tape(5, 100, 2).digest
    assert gbm_tape(5, 100, 2).digest != gbm_tape(6, 100, 2).digest
    assert np.array_equal(gbm_tape(5, 100, 3).bars[:, 1], gbm_tape(5, 100, 2).bars[:, 1])


def test_volatility_and_drift_are_those_asked_for():
    returns = gbm_tape(0, 20_000, volatility=0.02, drift=0.001, tick=1e-9).log_return()[1:]
    # standard errors: 0.02 / sqrt(2 x 20,000) = 0.0001 and 0.02 / sqrt(20,000) = 0.00014
    assert returns.std() == pytest.approx(0.02, abs=4e-4)
    assert returns.mean() == pytest.approx(0.001, abs=6e-4)


def test_prices_lie_on_the_tick_grid():
    tape = gbm_tape(1, 200, tick=0.05)
    assert np.abs(tape.close / 0.05 - np.round(tape.close / 0.05)).max() < 1e-9


def test_the_last_asset_can_be_listed_late():
    tape = gbm_tape(1, 50, 2, late=20)
    assert tape.present[:, 1].tolist() == [0] * 20 + [1] * 30


def test_the_leak_is_what_the_next_fill_earns():
    tape = leak_tape(2, 64)
    leak = next_open_return(tape)[:, 0]
    # open[t+1] is close[t] and open[t+2] is close[t+1]: the leak at t is the simple return of bar t+1
    assert np.log1p(leak[:-2]) == pytest.approx(tape.log_return()[1:-1, 0])
    assert leak[-2:].tolist() == [0.0, 0.0]
    assert np.array_equal(tape.open[1:], tape.close[:-1])


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="gbm_tape needs n_bars >= 2"):
        gbm_tape(0, 1)
    with pytest.raises(ConfigError, match="leak_tape needs n_bars >= 3"):
        leak_tape(0, 2)
