"""Draws in proportion to weights that change: a binary tree of sums, in kernels."""

import numpy as np

from ...market.kernel import kernel

__all__ = ["SumTree"]


@kernel
def set_leaves(tree: np.ndarray, leaves: np.ndarray, values: np.ndarray) -> None:
    """Set leaves and add up what lies above them; a sum is always that of its two children, so no error grows."""
    half = tree.shape[0] // 2
    for k in range(leaves.shape[0]):
        node = half + leaves[k]
        tree[node] = values[k]
        node //= 2
        while node > 0:
            tree[node] = tree[2 * node] + tree[2 * node + 1]
            node //= 2


@kernel
def find_leaves(tree: np.ndarray, places: np.ndarray, leaves: np.ndarray) -> None:
    """Write the leaf in whose stretch of the sums each place (B,), between 0 and the total, lies."""
    half = tree.shape[0] // 2
    for k in range(places.shape[0]):
        node, place = 1, places[k]
        while node < half:
            left = tree[2 * node]
            if place < left or not tree[2 * node + 1] > 0.0:  # rounding must not lead to a leaf without weight
                node = 2 * node
            else:
                place -= left
                node = 2 * node + 1
        leaves[k] = node - half


class SumTree:
    """Weights of `n` leaves, 0 at first.

    Source: Schaul, Quan, Antonoglou & Silver 2016, Prioritized experience replay, appendix B.2.1.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._tree = np.zeros(2 * (1 << max(0, n - 1).bit_length()))

    @property
    def total(self) -> float:
        """Sum of all weights."""
        return float(self._tree[1])

    @property
    def weights(self) -> np.ndarray:
        """Weights of all leaves, float64 (n,), a view."""
        half = len(self._tree) // 2
        return self._tree[half : half + self.n]

    def set(self, leaves: np.ndarray, values: np.ndarray) -> None:
        """Give leaves int64 (B,) new weights float64 (B,), 0 or more; where one is named twice the last holds."""
        set_leaves(self._tree, leaves, values)

    def draw(self, uniforms: np.ndarray) -> np.ndarray:
        """Return one leaf for each number in [0, 1) of `uniforms` (B,), int64 (B,).

        Number k draws from the k-th of B equal stretches of the total, so that a batch is spread over it.
        """
        places = (np.arange(len(uniforms)) + uniforms) * (self.total / len(uniforms))
        leaves = np.empty(len(uniforms), np.int64)
        find_leaves(self._tree, places, leaves)
        return leaves
