"""The forecaster: an LSTM reads each node's window, graph attention mixes the nodes, a head speaks for all of them at once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["GraphAttention", "GraphForecaster", "torch_threads"]


@contextmanager
def torch_threads(n_threads: int) -> Iterator[None]:
    """Run torch with so many threads, then restore what was set."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class GraphAttention(nn.Module):
    """Graph attention as masked softmax over a dense matrix, with the edge's weight as a further argument of the score.

    Source: Velickovic et al. 2018, Graph Attention Networks, eq. 1-6; dense, since 100 assets take 7 ms so and 134 ms sparse.
    """

    def __init__(self, n_inputs: int, n_outputs: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.project = nn.Linear(n_inputs, n_outputs, bias=False)
        self.receive = nn.Parameter(torch.zeros(n_heads, n_outputs // n_heads))
        self.send = nn.Parameter(torch.zeros(n_heads, n_outputs // n_heads))
        self.weigh = nn.Parameter(torch.zeros(n_heads, 1, 1))
        self.bias = nn.Parameter(torch.zeros(n_outputs))

    def forward(self, nodes: Tensor, edges: Tensor, weights: Tensor | None) -> Tensor:
        """Return mixed nodes (B, A, outputs) of nodes (B, A, inputs), edges bool (B, A, A) and their weights (None: all 0)."""
        batch, n_nodes, _ = nodes.shape
        heads = self.project(nodes).view(batch, n_nodes, self.n_heads, -1)
        receive = (heads * self.receive).sum(-1).transpose(1, 2)[:, :, :, None]
        send = (heads * self.send).sum(-1).transpose(1, 2)[:, :, None, :]
        scores = receive + send
        if weights is not None:
            scores = scores + self.weigh * weights[:, None]
        attention = functional.leaky_relu(scores, 0.2).masked_fill(~edges[:, None], -1e9).softmax(-1)
        mixed = (attention @ heads.transpose(1, 2)).transpose(1, 2).reshape(batch, n_nodes, -1)
        shifted: Tensor = mixed + self.bias
        return shifted


class GraphForecaster(nn.Module):
    """Forecasts every node's next standardised return.

    Its weights are drawn from a generator of its own: building one leaves torch's global generator as it was.
    """

    def __init__(self, n_inputs: int, hidden: int, n_heads: int, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            super().__init__()
            self.lstm = nn.LSTM(n_inputs, hidden, batch_first=True)
            self.attention = GraphAttention(hidden, hidden, n_heads)
            self.head = nn.Linear(2 * hidden, 1)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-(hidden**-0.5), hidden**-0.5, generator=generator)
            self.head.weight.mul_(0.1)  # start near the forecast 0, which is hard to beat
            self.head.bias.zero_()

    def forward(self, window: Tensor, edges: Tensor, weights: Tensor) -> Tensor:
        """Return forecasts (B, A) in standard deviations.

        Args:
            window: Rows of each node, oldest first, float32 (B, A, W, D).
            edges: Whom a node hears: edges[b, i, j] is True where i hears j; bool (B, A, A), the diagonal True.
            weights: Weight of each edge, float32 (B, A, A).
        """
        batch, n_nodes, n_rows, n_inputs = window.shape
        _, (last, _) = self.lstm(window.reshape(batch * n_nodes, n_rows, n_inputs))
        nodes = last[0].view(batch, n_nodes, -1)
        mixed = functional.elu(self.attention(nodes, edges, weights))
        forecast: Tensor = self.head(torch.cat([nodes, mixed], dim=-1)).squeeze(-1)
        return forecast

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the weights by name, copied."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self.state_dict().items()}

    def load_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over weights that `arrays` returned."""
        self.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in arrays.items()})
