from dataclasses import replace

import numpy as np
import pytest
import torch

from quantgym.data.record import bar_records
from quantgym.data.synthetic import gbm_tape
from quantgym.data.tape import Tape
from quantgym.encoders.graph_forecast import GraphForecastEncoder, GraphForecastSettings
from quantgym.encoders.graph_network import GraphAttention, GraphForecaster, torch_threads
from quantgym.encoders.graph_sample import GraphHistory
from quantgym.market.errors import ConfigError, DataError

QUICK = GraphForecastSettings(window=6, correlation_window=12, hidden=8, steps=20)


def lead_lag_tape(n_bars=700, seed=0) -> Tape:
    """S1 repeats today what S0 did yesterday."""
    draw = np.random.Generator(np.random.PCG64(seed))
    lead = 0.01 * draw.standard_normal(n_bars)
    follow = np.append(0.0, lead[:-1]) + 0.002 * draw.standard_normal(n_bars)
    close = 100.0 * np.exp(np.cumsum(np.column_stack([lead, follow]), axis=0))
    opened = np.vstack([[100.0, 100.0], close[:-1]])
    bars = bar_records(opened, np.maximum(opened, close), np.minimum(opened, close), close, np.full(close.shape, 1e6))
    template = gbm_tape(0, n_bars, 2)
    return Tape.build("lead-lag", template.instruments, template.clock, bars)


def test_it_finds_that_one_asset_leads_another():
    tape = lead_lag_tape()
    settings = replace(QUICK, steps=150, batch_nodes=128, lr=1e-2)
    encoder = GraphForecastEncoder(settings).fit(tape.slice(0, 500))
    forecast = encoder.transform(tape)[500:-1, 1, 0]
    following = tape.log_return()[501:, 1]
    assert np.corrcoef(forecast, following)[0, 1] > 0.8
    report = encoder.state().fitted["report"]
    assert report["validation_loss"] < report["zero_loss"]


def test_without_edges_the_follower_is_deaf():
    tape = lead_lag_tape()
    settings = replace(QUICK, steps=150, batch_nodes=128, lr=1e-2, edges="none", correlation_threshold=2.0)
    encoder = GraphForecastEncoder(settings).fit(tape.slice(0, 500))
    forecast = encoder.transform(tape)[500:-1, 1, 0]
    assert abs(np.corrcoef(forecast, tape.log_return()[501:, 1])[0, 1]) < 0.3


def test_a_seed_gives_one_forecast_and_torchs_own_generator_is_untouched():
    tape = gbm_tape(3, 200, 2)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first = GraphForecastEncoder(QUICK).fit(tape).transform(tape)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    torch.manual_seed(99)
    second = GraphForecastEncoder(QUICK).fit(tape).transform(tape)
    other = GraphForecastEncoder(replace(QUICK, seed=1)).fit(tape).transform(tape)
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != other.tobytes()


def test_threads_are_restored_after_an_error():
    threads = torch.get_num_threads()

    def fail():
        with torch_threads(threads + 1):
            raise DataError("no")

    with pytest.raises(DataError):
        fail()
    assert torch.get_num_threads() == threads


def test_absent_assets_are_masked_and_nobody_hears_them():
    tape = gbm_tape(3, 300, 3, late=200)
    encoder = GraphForecastEncoder(QUICK).fit(tape.slice(0, 150))
    table = encoder.transform(tape)
    assert np.all(table[: 200 + QUICK.window, 2] == 0.0)
    assert np.all(table[200 + QUICK.window :, 2] != 0.0)
    alone = encoder.transform(tape.slice(0, 200))
    assert np.allclose(alone, table[:200], atol=1e-7)


def test_a_node_without_neighbours_attends_to_itself_alone():
    attention = GraphAttention(3, 4, n_heads=2)
    nodes, weights = torch.randn(1, 5, 3, generator=torch.Generator().manual_seed(0)), torch.zeros(1, 5, 5)
    mixed = attention(nodes, torch.eye(5, dtype=torch.bool)[None], weights)
    assert torch.allclose(mixed, attention.project(nodes) + attention.bias)
    # with zero scores and all edges every node gets the mean
    mixed = attention(nodes, torch.ones(1, 5, 5, dtype=torch.bool), weights)
    assert torch.allclose(mixed, attention.project(nodes).mean(1, keepdim=True).expand(1, 5, 4), atol=1e-6)


def test_edges_join_correlated_assets_that_are_present():
    nodes = torch.zeros(4, 3, 4)
    nodes[:, 0, 0] = torch.tensor([1.0, -1.0, 1.0, -1.0])
    nodes[:, 1, 0] = torch.tensor([-2.0, 2.0, -2.0, 2.0])  # correlation -1
    nodes[:, 2, 0] = torch.tensor([1.0, 1.0, 1.0, 1.0])  # correlation 0
    age = torch.tensor([[9, 9, 9]] * 4)
    history = GraphHistory(nodes, age, torch.zeros(3, 3, dtype=torch.bool), 2, 4, 0.5)
    _, edges, weights, _ = history.batch(np.array([3]))
    assert edges[0].int().tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert weights[0, 0].tolist() == pytest.approx([1.0, -1.0, 0.0])
    absent = GraphHistory(nodes, torch.tensor([[9, 1, 9]] * 4), history.static, 2, 4, 0.5)
    assert absent.batch(np.array([3]))[1][0].int().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_edges_by_sector_are_read_from_the_tape():
    tape = gbm_tape(3, 200, 3)
    sectors = ("tech", None, "tech")
    named = tuple(replace(instrument, sector=sector) for instrument, sector in zip(tape.instruments, sectors, strict=True))
    settings = replace(QUICK, edges="sector")
    encoder = GraphForecastEncoder(settings).fit(replace(tape, instruments=named))
    assert encoder.state().arrays["static"].astype(int).tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    with pytest.raises(DataError, match="edges by sector need instruments with a sector"):
        GraphForecastEncoder(settings).fit(tape)


def test_weights_travel_as_arrays():
    first, second = GraphForecaster(4, 8, 2, seed=0), GraphForecaster(4, 8, 2, seed=1)
    second.load_arrays(first.arrays())
    inputs = torch.ones(1, 2, 3, 4), torch.ones(1, 2, 2, dtype=torch.bool), torch.zeros(1, 2, 2)
    assert torch.equal(first(*inputs), second(*inputs))


def test_wrong_tapes_are_refused():
    encoder = GraphForecastEncoder(QUICK)
    with pytest.raises(ConfigError, match="graph_forecast must be fitted"):
        encoder.transform(gbm_tape(0, 50))
    with pytest.raises(DataError, match=r"fit needs 112 rows .*, tape gbm-0 has 50"):
        encoder.fit(gbm_tape(0, 50))
    with pytest.raises(DataError, match="no asset of tape gbm-0 ever moves"):
        encoder.fit(gbm_tape(0, 200, volatility=0.0))
    encoder.fit(gbm_tape(0, 200, 2))
    with pytest.raises(DataError, match="fitted on S0, S1, tape gbm-0 has S0"):
        encoder.transform(gbm_tape(0, 200, 1))
