"""Targets of the auxiliary loss: by hand, and never past the training rows."""

from types import SimpleNamespace

import numpy as np
import pytest

from quantgym.data.record import bar_records, neutral_terms
from quantgym.market.errors import DataError
from quantgym.training.fast.forecast import forecast_targets


def tape(close, present=None, **terms):
    close = np.array(close)
    records = neutral_terms(close.shape)
    for name, values in terms.items():
        records[name] = np.array(values)[:, None]
    return SimpleNamespace(
        close=close, present=np.ones(close.shape, np.bool_) if present is None else np.array(present), n_assets=close.shape[1],
        bars=bar_records(close, close, close, close), terms=records,
    )  # fmt: skip


def test_log_returns_over_the_horizon_in_units_of_their_deviation():
    e = np.e
    found = forecast_targets(tape([[1.0], [1.0], [e], [e**4], [1.0]]), (0, 4), 1)
    # ln returns 0, 1, 3 on the training rows: mean 4/3, variance (16 + 1 + 25) / 27 = 14/9
    assert found[:3, 0] == pytest.approx(np.array([0.0, 1.0, 3.0]) / np.sqrt(14 / 9), rel=1e-6)
    # the last training row would need row 4, which is not one
    assert np.isnan(found[3:]).all()


def test_a_split_is_no_return_and_a_dividend_is_one():
    # 100, then 4 shares for one at 25: nothing; then 24 and 1 paid: nothing; then 24 e: 1
    split = tape([[100.0], [25.0], [24.0], [24.0 * np.e]], split=[1.0, 4.0, 1.0, 1.0], dividend=[0.0, 0.0, 1.0, 0.0])
    # log returns 0, 0, 1: mean 1/3, variance 2/9
    assert forecast_targets(split, (0, 4), 1)[:3, 0] == pytest.approx(np.array([0.0, 0.0, 1.0]) / np.sqrt(2 / 9), abs=1e-6)
    bare = tape([[100.0], [25.0], [24.0], [24.0 * np.e]])
    assert forecast_targets(bare, (0, 4), 1)[0, 0] < -1.0  # without the word of a split it is a fall


def test_rows_outside_the_training_rows_and_missing_bars_have_no_target():
    close = np.exp(np.arange(10.0) ** 2)[:, None] * np.ones(2)
    present = np.ones((10, 2), np.bool_)
    present[5, 1] = False
    found = forecast_targets(tape(close, present), (2, 9), 2)
    assert np.flatnonzero(np.isfinite(found[:, 0])).tolist() == [2, 3, 4, 5, 6]
    assert np.flatnonzero(np.isfinite(found[:, 1])).tolist() == [2, 4, 6]


def test_prices_after_the_training_rows_change_nothing():
    close = np.exp(np.random.default_rng(0).standard_normal((20, 1)))
    other = close.copy()
    other[12:] *= 7.0
    assert np.array_equal(forecast_targets(tape(close), (0, 12), 3), forecast_targets(tape(other), (0, 12), 3), equal_nan=True)


def test_a_horizon_that_leaves_no_targets_is_refused():
    with pytest.raises(DataError, match=r"agent\.forecast\.horizon of 9 bars leaves no targets on 10 training rows"):
        forecast_targets(tape(np.ones((12, 1))), (0, 10), 9)
