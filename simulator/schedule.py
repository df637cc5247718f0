"""Schedules of a large order: whole lots a bar, for `run_targets` (as their running sum) or one slice at a time."""

import math

import numpy as np

from ..market.errors import ConfigError, ShapeError
from ..market.grid import LARGEST_COUNT

__all__ = ["implementation_shortfall", "pov", "sliced", "twap", "vwap"]


def sliced(lots: int, weights: np.ndarray) -> np.ndarray:
    """Return `lots` cut by `weights`, int64 (N,): whole lots whose running sum is never a lot away from the exact one.

    Args:
        lots: Signed lots of the whole order.
        weights: Shares of the slices, float64 (N,), not negative, not all 0; they need not sum to 1.

    Raises:
        ShapeError: `weights` has not one axis.
        ConfigError: A weight is negative or not finite, all are 0, or `lots` is no whole number up to 1e15.
    """
    if isinstance(lots, bool) or not isinstance(lots, (int, np.integer)) or abs(int(lots)) > LARGEST_COUNT:
        raise ConfigError(f"lots of a schedule must be a whole number of at most {LARGEST_COUNT:g} either way, was {lots!r}")
    shares = np.asarray(weights, np.float64)
    if shares.ndim != 1 or shares.size == 0:
        raise ShapeError(f"weights of a schedule must have shape (n,), n > 0, had {shares.shape}")
    bad = np.flatnonzero(~(np.isfinite(shares) & (shares >= 0.0)))
    if bad.size or not shares.any():
        what = f"was {shares[bad[0]]} at index {bad[0]}" if bad.size else "all were 0"
        raise ConfigError(f"weights of a schedule must be finite, not negative and not all 0, {what}")
    whole = abs(int(lots))
    reached = np.cumsum(shares)
    done = np.rint(reached * (whole / reached[-1])).astype(np.int64)
    done[-1] = whole
    return np.asarray(np.sign(int(lots)) * np.diff(np.concatenate([[0], np.minimum(done, whole)])))


def twap(lots: int, n_slices: int) -> np.ndarray:
    """Return equal slices, int64 (n_slices,); see `sliced` for errors."""
    return sliced(lots, np.ones(_count(n_slices)))


def vwap(lots: int, volumes: np.ndarray) -> np.ndarray:
    """Return slices in proportion to the volumes that are expected (not those of the bars to come), int64 (N,); see `sliced`."""
    return sliced(lots, volumes)


def pov(lots_left: int, volume: float, rate: float, lot: float = 1.0) -> int:
    """Return the next slice of an order that takes part with `rate` of the volume just seen, in whole lots, signed.

    Args:
        lots_left: Signed lots still to trade.
        volume: Units traded in the last bar, >= 0.
        rate: Share of it, in (0, 1].
        lot: Units of a lot.

    Raises:
        ConfigError: `rate` is not in (0, 1], or volume or lot make no sense.
    """
    if not 0.0 < rate <= 1.0:
        raise ConfigError(f"rate of participation must lie in (0, 1], was {rate}")
    if not (volume >= 0.0 and math.isfinite(volume) and lot > 0.0):
        raise ConfigError(f"volume must be finite and not negative and lot positive, were {volume} and {lot}")
    size = min(abs(lots_left), int(rate * volume / lot + 1e-9))
    return size if lots_left > 0 else -size


def implementation_shortfall(lots: int, n_slices: int, *, urgency: float) -> np.ndarray:
    """Return the slices that trade expected cost against risk best, int64 (n_slices,): the earlier, the more urgent.

    Args:
        lots: Signed lots of the whole order.
        n_slices: Slices of one bar each.
        urgency: kappa x bar length >= 0: sqrt(risk aversion x variance of a bar / temporary impact) for small values; 0 is `twap`.

    Source: Almgren & Chriss 2000, J. Risk 3(2), eqs. 17 and 18: holdings sinh(kappa (T - t)) / sinh(kappa T).
    """
    n = _count(n_slices)
    if not (math.isfinite(urgency) and 0.0 <= urgency <= 50.0):
        raise ConfigError(f"urgency must lie in [0, 50], was {urgency}")
    if urgency == 0.0:
        return twap(lots, n)
    # sinh(k m) / sinh(k n) with the largest exponential taken out: neither overflows for long schedules
    left = np.arange(n, -1, -1) * urgency
    held = np.exp(left - left[0]) * np.expm1(-2.0 * left) / np.expm1(-2.0 * left[0])
    return sliced(lots, np.maximum(-np.diff(held), 0.0))


def _count(n_slices: int) -> int:
    if isinstance(n_slices, bool) or not isinstance(n_slices, (int, np.integer)) or n_slices < 1:
        raise ConfigError(f"n_slices must be a whole number of at least 1, was {n_slices!r}")
    return int(n_slices)
