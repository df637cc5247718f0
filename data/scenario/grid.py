"""Prices on the ticks of their instruments."""

from collections.abc import Sequence

import numpy as np

from ...market.instrument import Instrument
from ..record import frozen

__all__ = ["on_grid", "whole_volume"]


def on_grid(bars: np.ndarray, instruments: Sequence[Instrument]) -> np.ndarray:
    """Return read-only BAR records (T, A) with each price at the nearest tick, at least one; prices of 0 stay 0."""
    tick = np.array([instrument.tick for instrument in instruments])
    result = bars.copy()
    for name in ("open", "high", "low", "close"):
        result[name] = np.where(bars[name] > 0.0, np.maximum(np.round(bars[name] / tick), 1.0) * tick, 0.0)
    return frozen(result)


def whole_volume(volume: np.ndarray, lot: float) -> np.ndarray:
    """Return volumes as whole units, or as whole lots where a lot is less than a unit, as of coins."""
    step = min(lot, 1.0)
    rounded: np.ndarray = np.round(volume / step) * step
    return rounded
