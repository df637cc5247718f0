"""References to rows of the feature table: windows are gathered where the network runs, and encoded once each."""

from typing import Any

import torch
from torch import Tensor, nn

from ...encoders.form import PAGE, REFERENCE_SIZE
from ...market.errors import ShapeError

__all__ = ["Gather"]


class Gather(nn.Module):
    """Turns references (..., 2 + P) into flat observations (..., W x F + P), on the device of the table.

    Args:
        values: The encoded tape, float32 (T, F). It is no weight and is not saved.
        window: W.
        n_private: P.
    """

    values: Tensor
    offsets: Tensor

    def __init__(self, values: Tensor, window: int, n_private: int) -> None:
        super().__init__()
        if values.ndim != 2 or values.dtype != torch.float32:
            raise ShapeError(f"the feature table must be float32 of shape (T, F), was {values.dtype} {tuple(values.shape)}")
        if not 1 <= window <= len(values):
            raise ShapeError(f"window must be between 1 and the {len(values)} rows of the feature table, was {window}")
        self.window, self.n_private = window, n_private
        self.register_buffer("values", values, persistent=False)
        self.register_buffer("offsets", torch.arange(1 - window, 1), persistent=False)

    def forward(self, reference: Tensor) -> Tensor:
        """Return flat observations."""
        return torch.cat([self.windows(self.rows(reference)), self.private(reference)], dim=-1)

    def rows(self, reference: Tensor) -> Tensor:
        """Return the newest row of each reference, int64 (...,).

        Raises:
            ShapeError: The last axis is not 2 + P.
        """
        if reference.shape[-1] != REFERENCE_SIZE + self.n_private:
            raise ShapeError(f"a reference must have {REFERENCE_SIZE + self.n_private} numbers, had {reference.shape[-1]}")
        return reference[..., 0].long() * PAGE + reference[..., 1].long()

    def private(self, reference: Tensor) -> Tensor:
        """Return the private parts, (..., P)."""
        return reference[..., REFERENCE_SIZE:]

    def windows(self, rows: Tensor) -> Tensor:
        """Return the windows that end at rows (...,), (..., W x F)."""
        if self.window == 1:
            return self.values[rows]
        return self.values[rows[..., None] + self.offsets].flatten(-2)

    def unique(self, reference: Tensor) -> tuple[Tensor, Tensor]:
        """Return the windows of the different rows (M, W x F), and which of them each reference (N,) has, int64 (N,)."""
        rows, which = torch.unique(self.rows(reference), return_inverse=True)
        return self.windows(rows), which

    def __deepcopy__(self, memo: dict[int, Any]) -> "Gather":
        """Return itself: copies of a network read the same table."""
        return self
