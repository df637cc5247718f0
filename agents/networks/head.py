"""Heads: what turns features into numbers of a fixed or of the graph's size."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .bodies.body import Body
from .features import Features
from .perceptron import perceptron

__all__ = ["NodeHead", "build_head", "n_spreads", "read", "speaks_by_asset"]


class NodeHead(nn.Module):
    """One number (or more) of each asset by the same layers, and of what is left over (cash) from the mean of the assets.

    Equivariant: assets in another order give the same numbers in that order; its weights do not depend on the number of assets.

    Args:
        node_width: Length of a node's features.
        width: Length of the mean's.
        hidden: Sizes of hidden layers.
        rest: Whether there is one output more than assets.
        n_each: Numbers of each output; they come in n_each blocks, (N, n_each x outputs).
        activation: `relu` or `tanh`.
        gain: Of the last layer's weights.
    """

    def __init__(self, node_width: int, width: int, hidden: Sequence[int], rest: bool, activation: str, gain: float,
                 n_each: int = 1) -> None:
        super().__init__()
        self.asset = perceptron(node_width, hidden, n_each, activation, head_gain=gain)
        self.rest = perceptron(width, hidden, n_each, activation, head_gain=gain) if rest else None

    def forward(self, features: Features) -> Tensor:
        """Return (N, n_each x outputs)."""
        assert features.nodes is not None
        out: Tensor = self.asset(features.nodes)
        if self.rest is not None:
            out = torch.cat([out, self.rest(features.flat)[:, None]], dim=1)
        return out.transpose(1, 2).flatten(1)


def build_head(body: Body | None, width: int, hidden: Sequence[int], n_out: int, activation: str, *, gain: float = 1.0,
               per_asset: bool = False, n_each: int = 1) -> nn.Module:
    """Return a head above `body` with n_each x n_out outputs.

    Args:
        body: What makes the features; None: nothing.
        width: Length of the flat features.
        hidden: Sizes of hidden layers.
        n_out: Outputs.
        activation: `relu` or `tanh`.
        gain: Of the last layer's weights.
        per_asset: Above a graph: outputs belong to the assets where there are as many, or one more.
        n_each: Numbers of each output.
    """
    if per_asset and body is not None and speaks_by_asset(body, n_out):
        rest = n_out > body.reading.n_assets
        return NodeHead(body.node_width, width, hidden, rest, activation, gain, n_each)
    return perceptron(width, hidden, n_each * n_out, activation, head_gain=gain)


def speaks_by_asset(body: Body | None, n_out: int) -> bool:
    """Return whether outputs belong to assets: above a graph, where there are as many of them, or one more."""
    return body is not None and body.node_width > 0 and n_out - body.reading.n_assets in (0, 1)


def n_spreads(head: nn.Module, n_out: int) -> int:
    """Return how many deviations the outputs of a head have: one for all assets of a graph, one for each other output."""
    if not isinstance(head, NodeHead):
        return n_out
    return 1 if head.rest is None else 2


def read(head: nn.Module, features: Features) -> Tensor:
    """Return what a head says of features, (..., n)."""
    out: Tensor = head(features) if isinstance(head, NodeHead) else head(features.flat)
    return out
