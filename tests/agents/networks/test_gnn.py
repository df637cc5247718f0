"""The graph body: its attention is that of torch-geometric, and it knows neither the number nor the order of assets."""

import numpy as np
import pytest
import torch
from torch_geometric.nn import GATConv

from quantgym.agents.networks.bodies.gnn import GNNBody, GNNSettings
from quantgym.agents.networks.bodies.registry import check_body
from quantgym.agents.networks.network import build_network, load_weights
from quantgym.agents.networks.reading import Reading
from quantgym.agents.policy import sample_observation
from quantgym.market.errors import ConfigError

COMPLETE = {"kind": "gnn", "width": 8, "edges": "complete", "layers": 2}


def torn(flat, layout):
    """Return rows (B, W, F) and the private part of flat observations."""
    split = layout.window * layout.n_market
    return flat[:, :split].reshape(len(flat), layout.window, layout.n_market), flat[:, split:]


def seen(layout, batch=6, seed=0):
    """Return observations in which every asset can be traded, and rows as a view of them."""
    flat = torch.from_numpy(sample_observation(layout, batch, seed).flat())
    rows, private = torn(flat, layout)
    rows[:, :, layout.positions_of("tradable")] = 1.0
    return flat, rows, private


@pytest.mark.parametrize("weighted", [False, True])
def test_its_messages_are_those_of_the_sparse_graph_attention(build, weighted):
    torch.manual_seed(1)
    layout = build.layout(n_assets=5, window=1, edges=((0, 1), (2, 0), (4, 3), (1, 3), (3, 1)))
    body = GNNBody(GNNSettings(width=8, heads=2), Reading.of(layout), "relu")
    sparse = GATConv(8, 4, heads=2, edge_dim=1 if weighted else None, fill_value=0.0)
    (dense,) = body.rounds
    with torch.no_grad():
        for parameter in sparse.parameters():
            parameter.copy_(torch.randn(parameter.shape))
        dense.project.weight.copy_(sparse.lin.weight)
        dense.receive.copy_(sparse.att_dst[0])
        dense.send.copy_(sparse.att_src[0])
        dense.bias.copy_(sparse.bias)
        if weighted:  # the weight of an edge is one number, so its two factors are one
            dense.weigh.copy_((sparse.att_edge[0] * sparse.lin_edge.weight.view(2, 4)).sum(-1)[:, None, None])
        _, rows, _ = seen(layout, batch=1)
        rows[0, 0, layout.edge_positions] = torch.tensor([0.5, -0.25, 0.0, 1.0, 0.75])  # the third edge is absent
        edges, weights = body.graph(rows, torch.ones(1, 5, dtype=torch.bool))
        nodes = torch.randn(5, 8)
        there = torch.tensor([[0, 2, 1, 3], [1, 0, 3, 1]])
        said = torch.tensor([[0.5], [-0.25], [1.0], [0.75]]) if weighted else None
        difference = dense(nodes[None], edges, weights)[0] - sparse(nodes, there, said)
    assert difference.abs().max() < 5e-7


def test_an_asset_hears_the_sources_of_its_edges_and_itself(build):
    layout = build.layout(window=2)  # edges 0 -> 1 and 2 -> 0
    body = GNNBody(GNNSettings(width=8), Reading.of(layout), "relu")
    _, rows, _ = seen(layout, batch=1)
    rows[0, 0, layout.edge_positions] = 0.9  # an older row says nothing
    rows[0, 1, layout.edge_positions] = torch.tensor([0.5, 0.0])
    edges, weights = body.graph(rows, torch.ones(1, 3, dtype=torch.bool))
    assert edges[0].int().tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert weights[0, 1, 0] == 0.5
    edges, _ = body.graph(rows, torch.tensor([[False, True, True]]))
    assert edges[0].int().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("body", [COMPLETE, {**COMPLETE, "edges": "none"}, {"kind": "gnn", "width": 8, "encoder": "lstm"}])
@pytest.mark.parametrize("n_out", [3, 4])
@pytest.mark.parametrize("kind", ["actor_critic", "soft_actor_critic"])
def test_assets_in_another_order_get_the_same_numbers_in_that_order(build, body, n_out, kind):
    one, order = build.layout(), [2, 0, 1]
    place = {asset: index for index, asset in enumerate(order)}
    other = build.layout(edges=[(place[source], place[target]) for source, target in one.edges])
    weights = build_network(build.settings(one, kind, body, continuous=True, n_out=n_out), 3).state_dict()
    here, there = (
        load_weights(build.settings(layout, kind, body, continuous=True, n_out=n_out), weights) for layout in (one, other)
    )
    flat, rows, private = seen(one)
    its_rows, its_private = rows.clone(), private.clone()
    for column in ("ret", "tradable"):
        its_rows[:, :, other.positions_of(column)] = rows[:, :, one.positions_of(column)[order]]
    its_private[:, 5:] = private[:, [5 + asset for asset in order]]  # weights of the assets
    turned = torch.cat([its_rows.flatten(1), its_private], dim=1)
    outputs = [*order, *range(3, n_out)]  # cash stays last
    assert torch.allclose(there.answer(turned), here.answer(flat)[:, outputs], atol=1e-6)
    assert torch.allclose(there(turned)[:, n_out:], here(flat)[:, [n_out + index for index in outputs]], atol=1e-6)
    assert torch.allclose(there.value(turned), here.value(flat), atol=1e-6)


@pytest.mark.parametrize("body", [{"kind": "gnn", "width": 8}, COMPLETE, {"kind": "gnn", "width": 8, "encoder": "lstm"}])
@pytest.mark.parametrize("kind", ["actor_critic", "soft_actor_critic"])
def test_weights_of_three_assets_are_weights_of_five(build, body, kind):
    few, many = build.layout(), build.layout(n_assets=5, edges=((0, 1), (2, 0), (3, 4)))
    small = build_network(build.settings(few, kind, body, continuous=True, n_out=4, forecast=3), 3)
    large = load_weights(build.settings(many, kind, body, continuous=True, n_out=6, forecast=5), small.state_dict())
    flat = torch.from_numpy(sample_observation(many, 2).flat())
    assert large.answer(flat).shape == (2, 6)
    assert large.forecast(flat).shape == (2, 5)


def test_assets_that_are_absent_are_as_if_there_were_none(build):
    few, many = build.layout(n_actions=0, edges=()), build.layout(n_assets=5, n_actions=0, edges=())
    small = build_network(build.settings(few, body=COMPLETE, continuous=True), 3)
    large = load_weights(build.settings(many, body=COMPLETE, continuous=True, n_out=6), small.state_dict())
    flat, rows, private = seen(few)
    _, its_rows, its_private = seen(many, seed=9)
    its_rows[:, :, 0] = rows[:, :, 0]  # calm
    for column in ("ret", "tradable"):
        its_rows[:, :, many.positions_of(column)[:3]] = rows[:, :, few.positions_of(column)]
    its_rows[:, -1, many.positions_of("tradable")[3:]] = 0.0
    its_private[:, :4] = private
    padded = torch.cat([its_rows.flatten(1), its_private], dim=1)
    assert torch.allclose(large.answer(padded)[:, [0, 1, 2, 5]], small.answer(flat), atol=1e-6)
    assert torch.allclose(large.value(padded), small.value(flat), atol=1e-6)


def test_without_edges_no_asset_hears_of_another(build):
    layout = build.layout()
    settings = build.settings(layout, body={**COMPLETE, "edges": "none"}, continuous=True, n_out=3)
    network = build_network(settings, 3)
    _, rows, private = seen(layout)
    rows[:, :, layout.positions_of("ret")[2]] += 1.0
    changed = torch.cat([rows.flatten(1), private], dim=1)
    before, after = network.answer(seen(layout)[0]), network.answer(changed)
    assert torch.equal(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 2], after[:, 2])


def test_with_edges_it_hears_of_its_source_alone(build):
    layout = build.layout()  # 0 -> 1, 2 -> 0
    network = build_network(build.settings(layout, body={"kind": "gnn", "width": 8}, continuous=True, n_out=3), 3)
    flat, rows, _ = seen(layout)
    rows[:, -1, layout.edge_positions] = 1.0
    market = flat.clone().requires_grad_()
    network.answer(market)[:, 1].sum().backward()
    assert market.grad is not None
    heard = torn(market.grad, layout)[0][..., layout.positions_of("ret")].abs().sum(dim=(0, 1)) > 0.0
    assert heard.tolist() == [True, True, False]


def test_one_deviation_is_shared_by_all_assets(build):
    settings = build.settings(build.layout(), body=COMPLETE, continuous=True, n_out=4, log_std=-1.0)
    network = build_network(settings, 3)
    network.load_state_dict({**network.state_dict(), "log_std": torch.tensor([-2.0, 0.5])})
    # three assets and cash
    flat = torch.from_numpy(sample_observation(build.layout(), 1).flat())
    np.testing.assert_allclose(network(flat)[0, 4:].detach().numpy(), [-2.0, -2.0, -2.0, 0.5])


def test_a_graph_of_one_asset_is_refused_unless_it_is_asked_for_without_edges():
    alone = Reading(window=1, n_assets=1, n_global=0, n_columns=2, n_private=1)
    with pytest.raises(ConfigError, match=r"agent\.body: gnn passes messages between assets, the environment has 1; use mlp, lstm"):
        check_body("gnn", alone, "actor_critic")
    check_body({"kind": "gnn", "edges": "none"}, alone, "actor_critic")


@pytest.mark.parametrize("body", [{"kind": "gnn", "width": 8}, COMPLETE, {"kind": "gnn", "width": 8, "encoder": "lstm"}])
@pytest.mark.parametrize("kind", ["actor_critic", "soft_actor_critic"])
def test_where_no_asset_is_there_numbers_and_gradients_are_finite_and_nothing_of_the_assets_is_heard(build, body, kind):
    layout = build.layout()
    network = build_network(build.settings(layout, kind, body, continuous=True, n_out=4, forecast=3), 3)
    _, rows, private = seen(layout)
    rows[:, -1, layout.positions_of("tradable")] = 0.0
    other = rows.clone()
    other[:, :, layout.positions_of("ret")] += 1.0
    nobody = torch.cat([rows.flatten(1), private], dim=1)
    said = network.answer(nobody), network.value(nobody), network.forecast(nobody)
    assert all(bool(torch.isfinite(one).all()) for one in said)
    changed = torch.cat([other.flatten(1), private], dim=1)
    assert torch.equal(network.answer(changed), said[0])
    assert torch.equal(network.value(changed), said[1])
    sum(one.square().sum() for one in said).backward()
    assert all(bool(torch.isfinite(one.grad).all()) for one in network.parameters() if one.grad is not None)


def test_an_absent_asset_neither_sends_nor_is_told_of_through_others_in_two_rounds(build):
    layout = build.layout()
    network = build_network(build.settings(layout, body=COMPLETE, continuous=True, n_out=3), 3)
    _, rows, private = seen(layout)
    rows[:, -1, layout.positions_of("tradable")[2]] = 0.0
    other = rows.clone()
    other[:, :, layout.positions_of("ret")[2]] += 1.0
    answers = [network.answer(torch.cat([one.flatten(1), private], dim=1)) for one in (rows, other)]
    assert torch.equal(*answers)
