"""References to rows, gathered."""

import copy

import numpy as np
import pytest
import torch

from quantgym.agents.networks.bodied import read_references
from quantgym.agents.networks.gather import Gather
from quantgym.agents.networks.network import build_network
from quantgym.encoders.form import flat_of_reference
from quantgym.encoders.table import FeatureTable
from quantgym.market.errors import ShapeError


@pytest.fixture(scope="module")
def table(build):
    layout = build.layout()
    values = np.random.default_rng(1).standard_normal((9_000, layout.n_market)).astype(np.float32)
    return FeatureTable(values, layout)


@pytest.fixture
def asked(build):
    rows = np.array([3, 4_095, 4_096, 8_999, 3])
    private = np.random.default_rng(2).standard_normal((5, build.layout().n_private))
    return np.concatenate([np.stack([rows // 4_096, rows % 4_096], axis=1), private], axis=1, dtype=np.float32)


def test_windows_are_those_that_the_environments_show(table, asked):
    gather = Gather(torch.from_numpy(table.values), 4, table.layout.n_private)
    expected = flat_of_reference(asked, table, table.layout)
    assert np.array_equal(gather(torch.from_numpy(asked)).numpy(), expected)
    times_and_accounts = torch.from_numpy(asked[:4].reshape(2, 2, -1))
    assert np.array_equal(gather(times_and_accounts).numpy(), expected[:4].reshape(2, 2, -1))


def test_a_window_that_many_see_is_one(table, asked):
    gather = Gather(torch.from_numpy(table.values), 4, table.layout.n_private)
    windows, which = gather.unique(torch.from_numpy(asked))
    assert which.tolist() == [0, 1, 2, 3, 0]
    assert torch.equal(windows[which], gather(torch.from_numpy(asked))[:, : windows.shape[1]])


def test_a_body_encodes_each_window_once(build, table, asked, monkeypatch):
    settings = build.settings(table.layout, body={"kind": "transformer", "width": 8, "heads": 2})
    network, sizes = build_network(settings, 1), []
    read_references(network, Gather(torch.from_numpy(table.values), 4, table.layout.n_private))
    encode = network.trunk.encode
    monkeypatch.setattr(network.trunk, "encode", lambda market: sizes.append(len(market)) or encode(market))
    network.both(torch.from_numpy(asked))
    assert sizes == [4]  # row 3 is seen twice


def test_a_memory_over_steps_reads_references_too(build, table, asked):
    settings = build.settings(table.layout, body={"kind": "lstm", "units": 5})
    network, gather = build_network(settings, 1), Gather(torch.from_numpy(table.values), 4, table.layout.n_private)
    references, began = torch.from_numpy(asked[:4].reshape(2, 2, -1)), torch.zeros(2, 2, dtype=torch.bool)
    expected = network.sequence(gather(references), network.initial(2), began)
    read_references(network, gather)
    found = network.sequence(references, network.initial(2), began)
    assert all(torch.equal(one, other) for one, other in zip(expected, found, strict=True))
    one_step = network.advance(references[0], network.initial(2))[0]
    assert torch.allclose(one_step, expected[0][0], rtol=0.0, atol=1e-6)


def test_copies_of_a_network_share_the_table(build, table):
    network, gather = build_network(build.settings(table.layout), 1), Gather(torch.from_numpy(table.values), 4, 8)
    read_references(network, gather)
    assert copy.deepcopy(network).gather is gather


def test_what_is_no_table_window_or_reference_is_refused(table, asked):
    values = torch.from_numpy(table.values)
    with pytest.raises(ShapeError, match=r"must be float32 of shape \(T, F\), was torch.float64"):
        Gather(values.double(), 4, 8)
    with pytest.raises(ShapeError, match="window must be between 1 and the 3 rows of the feature table, was 4"):
        Gather(values[:3], 4, 8)
    with pytest.raises(ShapeError, match="a reference must have 10 numbers, had 9"):
        Gather(values, 4, 8)(torch.from_numpy(asked[:, :9]))
