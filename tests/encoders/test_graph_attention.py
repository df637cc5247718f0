"""The dense graph attention equals the sparse one of torch-geometric with the same weights."""

import torch
from torch_geometric.nn import GATConv

from quantgym.encoders.graph_network import GraphAttention


def test_dense_attention_equals_the_sparse_one():
    generator = torch.Generator().manual_seed(3)
    n_nodes, n_inputs, n_heads, width = 12, 8, 4, 4
    dense = GraphAttention(n_inputs, n_heads * width, n_heads)
    sparse = GATConv(n_inputs, width, heads=n_heads, add_self_loops=False)
    with torch.no_grad():
        for parameter in (dense.project.weight, dense.receive, dense.send, dense.bias):
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        sparse.lin.weight.copy_(dense.project.weight)
        sparse.att_dst.copy_(dense.receive[None])
        sparse.att_src.copy_(dense.send[None])
        sparse.bias.copy_(dense.bias)
        nodes = torch.randn((n_nodes, n_inputs), generator=generator)
        edges = torch.rand((n_nodes, n_nodes), generator=generator) < 0.3
        edges.fill_diagonal_(True)
        receivers, senders = edges.nonzero(as_tuple=True)
        expected = sparse(nodes, torch.stack([senders, receivers]))
        found = dense(nodes[None], edges[None], torch.zeros(1, n_nodes, n_nodes))[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-6)


def test_an_edge_turned_round_is_another_graph():
    generator = torch.Generator().manual_seed(4)
    dense = GraphAttention(3, 4, 2)
    with torch.no_grad():
        for parameter in dense.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
        nodes = torch.randn((1, 2, 3), generator=generator)
        hears = torch.tensor([[[True, True], [False, True]]])
        none = torch.zeros(1, 2, 2)
        assert not torch.allclose(dense(nodes, hears, none), dense(nodes, hears.transpose(1, 2), none))
