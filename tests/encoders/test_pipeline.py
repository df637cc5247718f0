import json
from typing import Any

import numpy as np
import pytest

from quantgym.encoders.base import EncoderState
from quantgym.encoders.column import Column
from quantgym.encoders.normaliser import Normaliser
from quantgym.encoders.pipeline import Pipeline
from quantgym.market.errors import ConfigError, DataError, IntegrityError, ShapeError, UnknownNameError

from .conftest import SMALL, streamed

EXACT: list[dict[str, Any]] = [
    {"kind": "price"},
    {"kind": "indicators", "names": ["rsi_14", "atr_14"]},
    {"kind": "regime", "restarts": 1},
]
NUMERIC: list[dict[str, Any]] = [*EXACT, {"kind": "graph_forecast", **SMALL["graph_forecast"]}, {"kind": "ma_cross", "slow": 30}]


@pytest.fixture(scope="module")
def exact(us_tech):
    return Pipeline.build(EXACT).fit(us_tech.slice(0, 230))


@pytest.fixture(scope="module")
def numeric(us_tech):
    return Pipeline.build(NUMERIC).fit(us_tech.slice(0, 230))


def test_a_stream_of_exact_encoders_gives_the_bits_of_the_table(exact, us_tech):
    exact.reset()
    assert exact.exact
    assert streamed(exact, us_tech).tobytes() == exact.transform(us_tech).values.tobytes()


def test_a_stream_of_numeric_encoders_agrees_within_the_tolerance(numeric, us_tech):
    numeric.reset()
    table = numeric.transform(us_tech)
    assert not numeric.exact
    # normalised columns have a scale of about 1
    assert np.abs(streamed(numeric, us_tech) - table.values).max() < 1e-5


def test_priming_and_restoring_go_on_where_the_stream_stood(numeric, us_tech, tmp_path):
    numeric.reset()
    numeric.prime(us_tech.slice(0, 240))
    state = numeric.state()
    settings, fitted = json.loads(json.dumps([state.settings, state.fitted]))
    np.savez(tmp_path / "arrays.npz", allow_pickle=False, **state.arrays)
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as file:
        restored = Pipeline.restore(EncoderState(state.kind, settings, fitted, dict(file), state.version))
    assert restored.layout == numeric.layout
    assert restored.digest == numeric.digest
    table = numeric.transform(us_tech).values
    assert np.array_equal(restored.transform(us_tech).values, table)
    for row in range(240, 260):
        first, second = numeric.update(us_tech.row(row)), restored.update(us_tech.row(row))
        assert np.array_equal(first, second)
        assert np.abs(first - table[row]).max() < 1e-5


def test_the_layout_puts_global_columns_first_then_assets(exact, us_tech):
    layout = exact.layout
    assert layout.assets == us_tech.symbols
    assert layout.names[:3] == ("regime_0", "regime_1", "regime_2")
    assert layout.names[8:11] == ("AAPL.return_1", "AAPL.return_5", "AAPL.return_20")
    assert layout.n_market == 8 + 5 * 10
    assert layout.warmup == 20
    table = exact.transform(us_tech)
    assert table.values.dtype == np.float32
    assert table.tape_digest == us_tech.digest
    assert np.array_equal(table.for_asset("IBM").column("IBM.rsi_14"), table.column("IBM.rsi_14"))


def test_normalised_columns_are_scores_of_the_training_part_and_flags_stay(exact, us_tech):
    table = exact.transform(us_tech)
    first_known = {"AAPL": 1, "IBM": 1, "MSFT": 1, "GOOG": int(np.flatnonzero(us_tech.close[:, 3] > 0)[0]) + 1}
    pooled = np.concatenate([table.column(f"{asset}.return_1")[first:230] for asset, first in first_known.items()])
    # all listed cells of the training part together; a few jumps beyond 5 deviations are clipped
    assert pooled.mean() == pytest.approx(0.0, abs=0.02)
    assert pooled.std() == pytest.approx(1.0, abs=0.05)
    assert np.abs(table.values).max() <= 5.0
    assert set(np.unique(table.column("GOOG.tradable"))) == {0.0, 1.0}
    column = next(column for column in table.layout.market_asset if column.name == "rsi_14")
    raw = exact.encoders[1].transform(us_tech)[100, 0, 0]
    assert table.column("AAPL.rsi_14")[100] * column.scale + column.shift == pytest.approx(raw, rel=1e-5)


def test_a_late_listing_is_zero_until_its_own_warm_up_is_over(exact, us_tech):
    table = exact.transform(us_tech)
    listed = int(np.flatnonzero(us_tech.close[:, us_tech.index_of("GOOG")] > 0)[0])
    rsi = table.column("GOOG.rsi_14")
    assert np.all(rsi[: listed + 14] == 0.0)
    assert np.all(rsi[listed + 14 : listed + 40] != 0.0)
    assert not any(table.column(name).any() for name in table.layout.names if name.startswith("FB."))


def test_features_of_a_cut_tape_are_the_cut_features(exact, us_tech):
    assert np.array_equal(exact.transform(us_tech.slice(0, 250)).values, exact.transform(us_tech).values[:250])


def test_a_second_fit_has_the_same_digest_and_another_part_another(us_tech):
    first, second = (Pipeline.build(EXACT).fit(us_tech.slice(0, 230)).digest for _ in range(2))
    assert first == second
    assert Pipeline.build(EXACT).fit(us_tech.slice(0, 231)).digest != first


def test_wrong_use_is_refused_by_name(exact, us_tech):
    with pytest.raises(DataError, match=r"training part needs 22 rows \(20 to warm up and 2 to measure\), .* has 10"):
        Pipeline.build([{"kind": "price"}]).fit(us_tech.slice(0, 10))
    with pytest.raises(ConfigError, match="pipeline must be fitted"):
        Pipeline.build(EXACT).transform(us_tech)
    with pytest.raises(DataError, match=r"fitted on AAPL, IBM, MSFT, GOOG, FB, tape .* has AAPL"):
        exact.transform(us_tech.select(["AAPL"]))
    with pytest.raises(ShapeError, match="needs the bars of 5 assets"):
        exact.update(us_tech.select(["AAPL"]).row(0))
    with pytest.raises(ConfigError, match="at least one encoder"):
        Pipeline([])
    with pytest.raises(ConfigError, match="two columns are called return_1"):
        Pipeline.build([{"kind": "price"}, {"kind": "price"}])
    with pytest.raises(ConfigError, match=r"encoders\.0: an encoder needs a kind"):
        Pipeline.build([{"lags": [1]}])
    with pytest.raises(UnknownNameError, match="did you mean regime"):
        Pipeline.build([{"kind": "regimes"}])
    with pytest.raises(IntegrityError, match="was price version 1"):
        Pipeline.restore(EncoderState("price", {}))


def test_a_normaliser_by_hand():
    values = np.array([[0.0, 0.0, 7.0], [1.0, 1.0, 7.0], [3.0, 0.0, 7.0]], np.float32)
    known = np.array([[False, True, True], [True, True, True], [True, True, True]])
    columns = (Column("x", "score"), Column("f", "flag"), Column("constant", "score"))
    normaliser = Normaliser.fit(values, known, columns)
    # x: mean of 1 and 3 is 2, deviation 1; the flag passes; a constant is centred
    assert normaliser.apply(values).tolist() == [[-2, 0, 0], [-1, 1, 0], [1, 0, 0]]
    assert normaliser.apply(np.array([[99.0, 1.0, 7.0]], np.float32)).tolist() == [[5.0, 1.0, 0.0]]
    with pytest.raises(ShapeError, match="values and known"):
        Normaliser.fit(values, known[:, :2], columns)
