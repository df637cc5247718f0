"""A graph network over assets: one encoder for every asset, attention between them, features of each."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....encoders.graph_network import GraphAttention
from ....market.errors import ConfigError
from ..features import Features
from ..perceptron import ACTIVATIONS, perceptron
from ..reading import Reading
from .body import Body, BodySettings
from .lstm import new_lstm

__all__ = ["GNNBody", "GNNSettings"]

Edges = Literal["auto", "layout", "complete", "none"]


@dataclass(frozen=True, kw_only=True)
class GNNSettings(BodySettings):
    """A graph network.

    Attributes:
        width: Length of a node's encoding, of its messages and of its features.
        heads: Attention heads; they divide the width.
        layers: Rounds of messages.
        encoder: What reads an asset's window: `mlp` or `lstm`.
        edges: `layout`: those of the observation, by their weights in the newest row; `complete`: every asset hears every other;
            `none`: no messages; `auto`: `layout` where it has edges, else `complete`.
    """

    width: int = 32
    heads: int = 4
    layers: int = 1
    encoder: Literal["mlp", "lstm"] = "mlp"
    edges: Edges = "auto"

    def __post_init__(self) -> None:
        for name in ("width", "heads", "layers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, was {getattr(self, name)}")
        if self.width % self.heads:
            raise ConfigError(f"width must be a multiple of heads, were {self.width} and {self.heads}")


class GNNBody(Body):
    """Nodes are assets. Weights depend neither on their number nor on their order.

    Each asset's window and the market's go through one encoder; rounds of masked attention mix the nodes (an edge's weight is part
    of its score); what a node was, what it heard and the private part make its features, and their mean over the assets that are
    there makes the flat ones. An asset whose newest `tradable` is 0 is heard by nobody and counts in no mean; its features are 0.

    Source: Velickovic et al. 2018, Graph attention networks; as a dense matrix, faster than a sparse one up to hundreds of assets.
    """

    places: Tensor

    def __init__(self, settings: GNNSettings, reading: Reading, activation: str) -> None:
        super().__init__(reading)
        self.encoder_kind, self.edges = settings.encoder, edges_of(settings, reading)
        width, n_in = settings.width, reading.n_columns + reading.n_global - len(reading.edges)
        if settings.encoder == "lstm":
            self.encoder: nn.Module = new_lstm(n_in, width, 1, batch_first=True)
        else:
            layers = perceptron(reading.window * n_in, (width,), width, activation, head_gain=2.0**0.5)
            self.encoder = nn.Sequential(*layers, ACTIVATIONS[activation]())
        n_rounds = 0 if self.edges == "none" else settings.layers
        self.rounds = nn.ModuleList(_attention(width, settings.heads) for _ in range(n_rounds))
        self.encoded_width = width * (2 if n_rounds else 1)
        n_own = self.encoded_width + len(reading.asset_private) + len(reading.shared_private)
        self.mix = nn.Sequential(perceptron(n_own, (), width, activation, head_gain=2.0**0.5), ACTIVATIONS[activation]())
        self.width = self.node_width = width
        ends = torch.tensor(reading.edges, dtype=torch.int64).reshape(-1, 2)
        self.register_buffer("places", ends[:, 1] * reading.n_assets + ends[:, 0], persistent=False)

    def encode(self, market: Tensor) -> Tensor:
        """Return nodes (M, A, E) and which are there (M, A), side by side in one row: (M, A x E + A)."""
        reading = self.reading
        rows = self.rows(market)
        split = reading.n_global - len(reading.edges)
        own = rows[:, :, reading.n_global :].reshape(len(rows), reading.window, reading.n_assets, reading.n_columns)
        common = rows[:, :, None, :split].expand(-1, -1, reading.n_assets, -1)
        windows = torch.cat([own, common], dim=-1).transpose(1, 2)
        present = self._present(own)
        nodes = self._read(windows)
        if len(self.rounds):
            edges, weights = self.graph(rows, present)
            mixed = nodes
            for attention in self.rounds:
                mixed = functional.elu(attention(mixed, edges, weights))
            nodes = torch.cat([nodes, mixed], dim=-1)
        return torch.cat([nodes.flatten(1), present.to(nodes.dtype)], dim=-1)

    def join(self, encoded: Tensor, private: Tensor) -> Features:
        """See `Body.join`."""
        reading, n_assets = self.reading, self.reading.n_assets
        nodes = encoded[:, :-n_assets].reshape(len(encoded), n_assets, self.encoded_width)
        present = encoded[:, -n_assets:] > 0.5
        parts = [nodes]
        if reading.asset_private:
            parts.append(torch.stack([private[:, list(group)] for group in reading.asset_private], dim=-1))
        if reading.shared_private:
            parts.append(private[:, None, list(reading.shared_private)].expand(-1, n_assets, -1))
        there = present[..., None].to(nodes.dtype)
        mixed = self.mix(torch.cat(parts, dim=-1)) * there
        mean = mixed.sum(1) / there.sum(1).clamp(min=1.0)
        return Features(mean, mixed, present)

    def graph(self, rows: Tensor, present: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return whom each asset hears in the newest row, bool (M, A, A), [m, i, j] where i hears j, itself always; and weights.

        A complete graph has no weights.
        """
        batch, n_assets = present.shape
        itself = torch.eye(n_assets, dtype=torch.bool, device=rows.device)
        if self.edges == "complete":
            return present[:, None, :] | itself, None
        split = self.reading.n_global
        weights = rows.new_zeros(batch, n_assets * n_assets)
        weights[:, self.places] = rows[:, -1, split - len(self.places) : split]
        weights = weights.view(batch, n_assets, n_assets)
        return ((weights != 0.0) & present[:, None, :]) | itself, weights

    def _present(self, own: Tensor) -> Tensor:
        if self.reading.tradable is None:
            return own.new_ones(len(own), self.reading.n_assets, dtype=torch.bool)
        return own[:, -1, :, self.reading.tradable] > 0.5

    def _read(self, windows: Tensor) -> Tensor:
        """Return encodings (M, A, width) of windows (M, A, W, columns)."""
        if self.encoder_kind == "mlp":
            encoded: Tensor = self.encoder(windows.flatten(2))
            return encoded
        batch, n_assets = windows.shape[:2]
        last: Tensor = self.encoder(windows.flatten(0, 1))[0][:, -1]
        return last.view(batch, n_assets, -1)


def edges_of(settings: GNNSettings, reading: Reading) -> Edges:
    """Return `layout`, `complete` or `none`."""
    if settings.edges != "auto":
        return settings.edges
    return "layout" if reading.edges else "complete"


def _attention(width: int, heads: int) -> GraphAttention:
    attention = GraphAttention(width, width, heads)
    with torch.no_grad():
        nn.init.orthogonal_(attention.project.weight)
        for vector in (attention.receive, attention.send):
            nn.init.normal_(vector, std=0.1)
    return attention
