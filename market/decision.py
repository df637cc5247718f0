"""What a policy decides: an action in a named scheme."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Decision"]


@dataclass(frozen=True)
class Decision:
    """One decision for each environment of a batch.

    Attributes:
        scheme: Name of the action scheme in `quantgym.market.actions` that gives the values their meaning.
        values: Actions, int64 of shape (B,) for discrete schemes, float64 of shape (B, n) for continuous ones.
    """

    scheme: str
    values: np.ndarray
