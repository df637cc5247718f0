"""Copies of record arrays whose equal contents are equal bytes."""

from collections.abc import Sequence

import numpy as np

__all__ = ["copied", "joined"]


def copied(records: np.ndarray) -> np.ndarray:
    """Return a copy whose padding bytes are 0: `ndarray.copy` and `np.concatenate` leave them undefined."""
    if records.dtype.names is None:
        return records.copy()
    copy = np.zeros(records.shape, records.dtype)
    for name in records.dtype.names:
        copy[name] = records[name]
    return copy


def joined(parts: Sequence[np.ndarray], dtype: np.dtype) -> np.ndarray:
    """Return `parts`, record arrays (n_i,), as one array (sum of n_i,) whose padding bytes are 0; empty where there are none."""
    return copied(np.concatenate(parts)) if len(parts) else np.zeros(0, dtype)
