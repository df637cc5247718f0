"""The graph of rolling correlations, and its way through pipeline, store, environment and policy."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.base import build_encoder
from quantgym.encoders.correlation import CorrelationEncoder, CorrelationSettings
from quantgym.encoders.layout import Layout
from quantgym.encoders.observation import Observation
from quantgym.encoders.pipeline import Pipeline
from quantgym.encoders.store import FeatureStore
from quantgym.envs.observer import Observer
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.market.errors import ConfigError, DataError

ENTRIES = [{"kind": "correlation", "window": 20, "threshold": 0.1}, {"kind": "price", "lags": [1], "window": 5}]


@pytest.fixture(scope="module")
def tape():
    return gbm_tape(2, 120, 3)


@pytest.fixture(scope="module")
def pipeline(tape):
    return Pipeline.build(ENTRIES).fit(tape.slice(0, 80))


def test_weights_are_numpy_s_correlations_of_log_returns(tape):
    encoder = CorrelationEncoder(CorrelationSettings(window=15, threshold=0.0)).fit(tape)
    weights = encoder.transform(tape)
    returns = np.diff(np.log(tape.close), axis=0)
    assert encoder.edges == ((0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1))
    for row in (15, 60, 119):  # row 15 is the first with 15 returns
        expected = np.corrcoef(returns[row - 15 : row].T)
        assert weights[row] == pytest.approx([expected[edge] for edge in encoder.edges], abs=1e-6)
    assert (weights[:15] == 0.0).all()
    assert (weights[15:] != 0.0).all()


def test_an_edge_under_the_threshold_is_absent_and_sizes_can_be_asked_for(tape):
    plain = CorrelationEncoder(CorrelationSettings(window=15, threshold=0.0)).fit(tape).transform(tape)
    cut = CorrelationEncoder(CorrelationSettings(window=15, threshold=0.25, absolute=True)).fit(tape).transform(tape)
    assert np.array_equal(cut, np.where(np.abs(plain) < 0.25, 0.0, np.abs(plain)).astype(np.float32))
    assert (cut == 0.0).any()
    assert (plain < -0.25).any()


def test_a_price_that_stands_still_has_no_edges(tape):
    bars = tape.bars.copy()
    for name in ("open", "high", "low", "close"):
        bars[name][:, 1] = 7.0
    from dataclasses import replace

    still = CorrelationEncoder(CorrelationSettings(window=15, threshold=0.0)).fit(tape).transform(replace(tape, bars=bars))
    assert (still[:, [0, 1, 4, 5]] == 0.0).all()
    assert (still[15:, 2] != 0.0).all()


def test_the_layout_names_the_edges_and_the_normaliser_leaves_them_alone(tape, pipeline):
    layout = pipeline.layout
    assert layout.edges == ((0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1))
    assert [column.unit for column in layout.market_global] == ["edge_weight"] * 6
    assert Layout.from_json(layout.to_json()) == layout
    raw = build_encoder("correlation", {"window": 20, "threshold": 0.1}).fit(tape).transform(tape)
    assert np.array_equal(pipeline.transform(tape).values[:, layout.edge_positions], raw)


def test_edges_come_last_among_the_global_columns(tape):
    entries = [{"kind": "correlation"}, {"kind": "regime", "restarts": 1, "states": 2}, {"kind": "price"}]
    units = [column.unit for column in Pipeline.build(entries).fit(gbm_tape(2, 250, 3)).layout.market_global]
    assert units[-6:] == ["edge_weight"] * 6
    assert "edge_weight" not in units[:-6]
    assert len(units) > 6


def test_the_store_and_a_restored_pipeline_keep_the_edges(tape, pipeline, tmp_path):
    store = FeatureStore(tmp_path)
    table = pipeline.transform(tape)
    for _ in range(2):  # made, then read
        stored = store.table(pipeline, tape)
        assert stored.layout == table.layout
        assert np.array_equal(stored.values, table.values)
    restored = Pipeline.restore(pipeline.state())
    assert restored.layout == pipeline.layout
    assert np.array_equal(restored.transform(tape).values, table.values)


def test_a_pipeline_can_be_fitted_again_on_another_number_of_assets(tape):
    made = Pipeline.build(ENTRIES)
    assert len(made.fit(tape).layout.edges) == 6
    fewer = tape.select(["S0", "S2"])
    assert made.fit(fewer).layout.edges == ((0, 1), (1, 0))
    assert made.transform(fewer).values.shape == (120, made.layout.n_market)


def test_a_portfolio_shows_the_graph_and_the_observer_gives_the_same_bits(tape, pipeline):
    env = PortfolioVectorEnv(tape, pipeline.transform(tape), num_envs=2, observation="dict", window=2, start="first",
                             episode_bars=5)  # fmt: skip
    seen, _ = env.reset(seed=0)
    assert (seen["edge_index"].shape, seen["edge_weight"].shape) == ((2, 2, 6), (2, 2, 6))
    flat = PortfolioVectorEnv(tape, pipeline.transform(tape), num_envs=2, window=2, start="first", episode_bars=5)
    first, _ = flat.reset(seed=0)
    index, weight = Observation.from_flat(first, flat.layout).graph
    assert np.array_equal(index, pipeline.layout.edge_index)
    assert np.array_equal(weight, seen["edge_weight"][:, -1])
    row = int(flat.books.rows[0])
    observer = Observer(Pipeline.restore(pipeline.state()), flat.layout, tape.instruments)
    observer.prime(tape.slice(0, row))
    streamed = observer.observe(tape.row(row), flat.books.account[:1], flat.books.position[:1], row)
    assert streamed.flat().tobytes() == first[:1].tobytes()
    assert np.array_equal(streamed.graph[1], weight[:1])


def test_a_bundle_keeps_the_edges(tape, pipeline, tmp_path):
    from quantgym.agents.bundle import load_bundle, save_bundle
    from quantgym.agents.recorded_vectors import N_VECTORS
    from quantgym.agents.rules.rule import build_rule

    layout = PortfolioVectorEnv(tape, pipeline.transform(tape), episode_bars=5).layout
    vectors = np.zeros((N_VECTORS, layout.size), np.float32)
    save_bundle(tmp_path / "b", build_rule("equal_weight", {}, layout), layout, pipeline, vectors, {})
    loaded = load_bundle(tmp_path / "b")
    assert loaded.layout.edges == pipeline.layout.edges
    assert np.array_equal(loaded.pipeline().transform(tape).values, pipeline.transform(tape).values)


@pytest.mark.parametrize(("settings", "message"), [
    ({"window": 2}, "correlation.window must be 3 or more"), ({"threshold": 1.0}, r"correlation.threshold must lie in \[0, 1\)")])
def test_a_wrong_setting_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        build_encoder("correlation", settings)


def test_one_asset_or_two_graphs_are_refused(tape):
    with pytest.raises(DataError, match=r"a graph needs two assets or more, tape .* has S0 alone"):
        build_encoder("correlation").fit(tape.select(["S0"]))
    with pytest.raises(ConfigError, match="a pipeline holds one graph, was given correlation, correlation"):
        Pipeline.build([{"kind": "correlation"}, {"kind": "correlation", "window": 9}])
    with pytest.raises(ConfigError, match="must be fitted"):
        build_encoder("correlation").transform(tape)
