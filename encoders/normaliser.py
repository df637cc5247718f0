"""Columns on one scale: mean and deviation of the training part, in single precision from there on."""

from dataclasses import replace

import numpy as np

from ..market.errors import ShapeError
from .column import BOUNDED_UNITS, Column

__all__ = ["CLIP", "Normaliser"]

CLIP = 5.0
"""Largest size of a normalised number, in standard deviations."""


class Normaliser:
    """z = clip((x - shift) x inverse_scale), element by element in float32, so that one row gives the bits of a batch.

    A per-asset column has one shift and scale for all assets, so that one listed after the training part is on their scale.
    Columns whose unit has a meaning as it is (flags, probabilities, weights) pass unchanged.
    """

    def __init__(self, shift: np.ndarray, scale: np.ndarray) -> None:
        self.shift, self.scale = shift, scale
        self._inverse = (1.0 / scale.astype(np.float64)).astype(np.float32)

    @classmethod
    def fit(cls, values: np.ndarray, known: np.ndarray, columns: tuple[Column, ...]) -> "Normaliser":
        """Return the normaliser of a training part.

        Args:
            values: Raw columns, float32 (..., K).
            known: True where a number is more than the 0 of a warm-up, bool (..., K).
            columns: The K columns.

        Raises:
            ShapeError: The three do not agree.
        """
        n_columns = len(columns)
        if values.shape != known.shape or values.shape[-1:] != (n_columns,):
            raise ShapeError(f"values and known must both be (..., {n_columns}), were {values.shape} and {known.shape}")
        shift, scale = np.zeros(n_columns, np.float32), np.ones(n_columns, np.float32)
        for index, column in enumerate(columns):
            sample = values[..., index][known[..., index]].astype(np.float64)
            if column.unit in BOUNDED_UNITS or sample.size == 0:
                continue
            shift[index] = sample.mean()
            deviation = sample.std()
            if deviation > 1e-6 * (1.0 + abs(sample.mean())):  # else constant: rounding must not become a signal
                scale[index] = deviation
        return cls(shift, scale)

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Return normalised columns, float32 (..., K)."""
        scaled: np.ndarray = np.clip((values - self.shift) * self._inverse, np.float32(-CLIP), np.float32(CLIP))
        return scaled

    def describe(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        """Return the columns as they are after `apply`: the same units, with shift, scale and clipped range."""
        described = []
        for column, shift, scale in zip(columns, self.shift.tolist(), self.scale.tolist(), strict=True):
            if column.unit in BOUNDED_UNITS:
                described.append(column)
            else:
                described.append(replace(column, low=-CLIP, high=CLIP, shift=shift, scale=scale))
        return tuple(described)
