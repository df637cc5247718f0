"""Windows and edges of the graph, gathered for a batch of rows from the rows up to each."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = ["GraphHistory"]


@dataclass(frozen=True, eq=False)
class GraphHistory:
    """Node rows that windows are cut from, and the rules of the edges.

    Attributes:
        nodes: Node columns, float32 (n, A, D); the first is the standardised return. Zero before an asset's first bar.
        age: Rows since each asset's first bar, int64 (n, A); -1 before.
        static: Edges that always stand, bool (A, A).
        window: Rows the LSTM reads; a node takes part from its age `window` on.
        correlation_window: Rows of the rolling correlation.
        threshold: Size of the correlation from which it makes an edge.
    """

    nodes: Tensor
    age: Tensor
    static: Tensor
    window: int
    correlation_window: int
    threshold: float

    @property
    def span(self) -> int:
        """Rows that one row of output looks back on, itself included."""
        return max(self.window, self.correlation_window)

    def batch(self, rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return windows (B, A, W, D), edges (B, A, A), weights (B, A, A) and presence (B, A) at `rows`, each >= span - 1.

        The weight of an edge is the correlation about zero of the two nodes' standardised returns. It is summed in double
        precision, so that whether it passes the threshold does not depend on the batch around it.
        """
        at = torch.from_numpy(rows)
        window = self.nodes[at[:, None] + torch.arange(1 - self.window, 1)].transpose(1, 2)
        returns = self.nodes[at[:, None] + torch.arange(1 - self.correlation_window, 1), :, 0].double()
        products = returns.transpose(1, 2) @ returns
        size = products.diagonal(dim1=1, dim2=2).clamp(min=1e-12).sqrt()
        correlation = products / (size[:, :, None] * size[:, None, :])
        present = self.age[at] >= self.window
        linked = (self.static | (correlation.abs() >= self.threshold)) & present[:, :, None] & present[:, None, :]
        edges = linked | torch.eye(self.nodes.shape[1], dtype=torch.bool)
        return window, edges, correlation.float(), present
