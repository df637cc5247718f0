"""One closed row of the market: what a stream delivers and what `Encoder.update` reads."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Row"]


@dataclass(frozen=True, eq=False)
class Row:
    """All assets at one close.

    Attributes:
        open_at: First instant of the bar, ns UTC.
        close_at: Last instant of the bar, ns UTC; the row may be used from here on.
        bars: BAR records, shape (A,), read-only where they come from a tape.
        terms: TERMS records, shape (A,); neutral values where the tape has none.
    """

    open_at: int
    close_at: int
    bars: np.ndarray
    terms: np.ndarray
