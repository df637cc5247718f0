"""What a kernel reads and never writes, in one tuple: made inside the loops, where it costs nothing."""

from typing import NamedTuple

import numpy as np

__all__ = ["TapeArrays"]


class TapeArrays(NamedTuple):
    """The tape and the venue, as kernels see them; a tuple may only hold what is read (compilers lost writes through one)."""

    bars: np.ndarray  # BAR (T, A)
    terms: np.ndarray  # TERMS (T, A) or (0, A)
    clock: np.ndarray  # CLOCK (T,)
    instruments: np.ndarray  # INSTRUMENT (A,)
    tariff: np.ndarray  # TARIFF (F,)
    brackets: np.ndarray  # BRACKET (B,)
