"""What a body makes of observations, and what heads read."""

from typing import NamedTuple

from torch import Tensor

__all__ = ["ILLEGAL", "Features", "masked"]

ILLEGAL = -1e9
"""Logit or value of an action that the mask forbids."""


class Features(NamedTuple):
    """Numbers for heads.

    Attributes:
        flat: (..., width); of a graph the mean over the assets that are there.
        nodes: (N, A, node width) of a graph; else None.
        present: Which assets are there, bool (N, A); None without a graph.
        legal: Which actions are allowed, bool (..., n); None: all.
    """

    flat: Tensor
    nodes: Tensor | None = None
    present: Tensor | None = None
    legal: Tensor | None = None


def masked(values: Tensor, legal: Tensor | None) -> Tensor:
    """Return `values` with those of forbidden actions at `ILLEGAL`; where nothing is allowed they stay as they are.

    A state in which no action can do anything still has a value: one of -1e9 would be learned by all that lead to it.
    """
    return values if legal is None else values.masked_fill(~legal & legal.any(-1, keepdim=True), ILLEGAL)
