"""Copies of record arrays whose equal contents are equal bytes."""

from collections.abc import Sequence

import numpy as np

__all__ = ["clear_padding", "copied", "joined"]


def copied(records: np.ndarray) -> np.ndarray:
    """Return a copy whose padding bytes are 0: `ndarray.copy` and `np.concatenate` leave them undefined."""
    if records.dtype.names is None:
        return records.copy()
    copy = np.zeros(records.shape, records.dtype)
    for name in records.dtype.names:
        copy[name] = records[name]
    return copy


def clear_padding(records: np.ndarray) -> None:
    """Write 0 into the padding bytes of C-contiguous records, in place: for arrays that others hold on to."""
    inside = np.zeros(records.dtype.itemsize, np.bool_)
    for kind, offset, *_ in (records.dtype.fields or {}).values():
        inside[offset : offset + kind.itemsize] = True
    if records.dtype.names is not None and not inside.all():
        records.reshape(-1).view(np.uint8).reshape(-1, records.dtype.itemsize)[:, ~inside] = 0


def joined(parts: Sequence[np.ndarray], dtype: np.dtype) -> np.ndarray:
    """Return `parts`, record arrays (n_i,), as one array (sum of n_i,) whose padding bytes are 0; empty where there are none."""
    return copied(np.concatenate(parts)) if len(parts) else np.zeros(0, dtype)
