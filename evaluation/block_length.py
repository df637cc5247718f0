"""How long the blocks of a bootstrap must be, read from the data."""

import math

import numpy as np

from ..market.errors import ShapeError

__all__ = ["block_length"]


def block_length(values: np.ndarray) -> float:
    """Return the mean block length of the stationary bootstrap that fits a series' autocorrelation.

    The bandwidth M is twice the lag after which five autocorrelations in a row are insignificant; with the flat-top window
    `w(u) = 1 for u <= 1/2, 2 (1 - u) to 1` and autocovariances R, `G = sum w(k/M) |k| R(k)` and `V = sum w(k/M) R(k)` over |k| <=
    M, and the length is `(G ** 2 / V ** 2 * n) ** (1/3)`, at least 1 and at most `min(3 sqrt(n), n / 3)`.
    1 for fewer than 12 values or where all are equal. Source: Politis & White 2004, with the correction of Patton, Politis & White
    2009.

    Args:
        values: A stationary series, shape (n,).

    Raises:
        ShapeError: `values` is not one-dimensional.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1:
        raise ShapeError(f"values must have the shape (n,), was {values.shape}")
    n = values.size
    if n < 12 or np.ptp(values) == 0.0:
        return 1.0
    longest = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    run = max(5, int(math.log10(n)))
    max_lag = min(math.ceil(math.sqrt(n)) + run, n - 2)
    centred = values - values.mean()
    covariance = np.array([float(centred[lag:] @ centred[: n - lag]) / n for lag in range(max_lag + 1)])
    significant = np.abs(covariance / covariance[0]) >= 2.0 * math.sqrt(math.log10(n) / n)
    quiet = [lag for lag in range(1, max_lag - run + 2) if not significant[lag : lag + run].any()]
    bandwidth = min(2 * max(quiet[0], 1), max_lag) if quiet else max_lag
    lags = np.arange(1, bandwidth + 1)
    window = np.minimum(1.0, 2.0 * (1.0 - lags / bandwidth))
    slope = 2.0 * float(np.sum(window * lags * covariance[1 : bandwidth + 1]))
    variance = float(covariance[0] + 2.0 * np.sum(window * covariance[1 : bandwidth + 1]))
    if variance <= 0.0:
        return float(longest)
    return float(min(max((slope**2 / variance**2 * n) ** (1.0 / 3.0), 1.0), longest))
