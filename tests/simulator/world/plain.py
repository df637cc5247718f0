"""Simulators whose kernels run as plain Python (`NUMBA_DISABLE_JIT=1`): records of plain arrays have no attributes."""

import numba
import numpy as np

__all__ = ["readable"]


def readable(sim):
    """The same simulator, with records that interpreted kernels can read as well; nothing changes where they are compiled."""
    if numba.config.DISABLE_JIT:
        for name, value in vars(sim).items():
            if isinstance(value, np.ndarray) and value.dtype.names:
                setattr(sim, name, value.view(np.recarray))
    return sim
