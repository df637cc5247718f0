"""The stationary block bootstrap: kernels that walk resamples and measure them, and the draw above them.

Source: Politis & Romano 1994. Blocks begin anywhere with equal probability, have geometric lengths and wrap around the end.
"""

import math
from collections.abc import Iterator

import numpy as np

from ..market.errors import ConfigError, ShapeError
from ..market.kernel import kernel

__all__ = ["Walk", "check_series", "draw_walks", "measure_growth", "measure_moments", "sharpe_influence"]

CHUNK_CELLS = 2_000_000


@kernel
def follow(n: int, fresh: np.ndarray, jump: np.ndarray, path: np.ndarray) -> None:
    # one resample: at a fresh place jump, else go on to the next bar; path[t] is the bar that stands at t
    taken = 0
    at = 0
    for t in range(n):
        if fresh[t]:
            at = jump[taken]
            taken += 1
        else:
            at = at + 1 if at + 1 < n else 0
        path[t] = at


@kernel
def moments_of(
    fresh: np.ndarray,
    path: np.ndarray,
    values: np.ndarray,
    mean: np.ndarray,
    deviation: np.ndarray,
    block: np.ndarray,
    estimate: np.ndarray,
    variance: np.ndarray,
) -> None:
    # quantities, for S series: S means, S Sharpe ratios, S - 1 differences of means (series 0 less s), S - 1 of Sharpe ratios;
    # variance[q] = sum over blocks of (sum of influences in the block)^2 / n^2
    n, n_series = path.shape[0], values.shape[1]
    for s in range(n_series):
        total = 0.0
        for t in range(n):
            total += values[path[t], s]
        mean[s] = total / n
        squares = 0.0
        for t in range(n):
            gap = values[path[t], s] - mean[s]
            squares += gap * gap
        deviation[s] = math.sqrt(squares / (n - 1))
        estimate[s] = mean[s]
        estimate[n_series + s] = mean[s] / deviation[s] if deviation[s] > 0.0 else 0.0
    pairs = 2 * n_series
    for s in range(1, n_series):
        estimate[pairs + s - 1] = estimate[0] - estimate[s]
        estimate[pairs + n_series - 1 + s - 1] = estimate[n_series] - estimate[n_series + s]
    for q in range(estimate.shape[0]):
        block[q] = 0.0
        variance[q] = 0.0
    for t in range(n):
        if fresh[t]:
            close_block(n_series, block, variance)
        for s in range(n_series):
            gap = values[path[t], s] - mean[s]
            block[s] += gap
            if deviation[s] > 0.0:
                unit = gap / deviation[s]
                block[n_series + s] += unit - 0.5 * estimate[n_series + s] * (unit * unit - 1.0)
    close_block(n_series, block, variance)
    for q in range(estimate.shape[0]):
        variance[q] /= n * n


@kernel
def close_block(n_series: int, block: np.ndarray, variance: np.ndarray) -> None:
    # add the square of each sum of the block that ends, pairs from the sums of their two series, and begin the next at zero
    pairs = 2 * n_series
    for s in range(1, n_series):
        gap = block[0] - block[s]
        variance[pairs + s - 1] += gap * gap
        gap = block[n_series] - block[n_series + s]
        variance[pairs + n_series - 1 + s - 1] += gap * gap
    for q in range(pairs):
        variance[q] += block[q] * block[q]
        block[q] = 0.0


@kernel
def growth_of(path: np.ndarray, values: np.ndarray, series: int) -> tuple[float, float, int]:
    # one resampled equity that begins at 1 -> growth, deepest drawdown, longest drawdown in bars
    equity, peak, depth = 1.0, 1.0, 0.0
    since, longest = 0, 0
    for t in range(path.shape[0]):
        equity *= 1.0 + values[path[t], series]
        if equity >= peak:
            if since > 0:  # the bar of the recovery still belongs to the fall
                longest = max(longest, since + 1)
            peak = equity
            since = 0
        else:
            since += 1
            depth = max(depth, 1.0 - equity / peak)
    return equity, depth, max(longest, since)


@kernel
def follow_batch(fresh: np.ndarray, jump: np.ndarray, first: np.ndarray, paths: np.ndarray) -> None:
    # fresh (B, n), jump (J,), first (B,): where each resample's jumps begin -> paths (B, n)
    for b in range(fresh.shape[0]):
        follow(fresh.shape[1], fresh[b], jump[first[b] :], paths[b])


@kernel(allocates=True)
def moments_batch(
    fresh: np.ndarray, paths: np.ndarray, values: np.ndarray, scratch: np.ndarray, estimate: np.ndarray, variance: np.ndarray
) -> None:
    # estimate, variance: (B, Q); scratch: (3, Q), overwritten
    for b in range(paths.shape[0]):
        moments_of(fresh[b], paths[b], values, scratch[0], scratch[1], scratch[2], estimate[b], variance[b])


@kernel
def growth_batch(paths: np.ndarray, values: np.ndarray, out: np.ndarray) -> None:
    # out: (B, S, 3)
    for b in range(paths.shape[0]):
        for s in range(values.shape[1]):
            growth, depth, longest = growth_of(paths[b], values, s)
            out[b, s, 0] = growth
            out[b, s, 1] = depth
            out[b, s, 2] = longest


class Walk:
    """A chunk of resamples: `paths` int64 (B, n), the bar at each place, and `fresh` bool (B, n), where a block begins."""

    def __init__(self, fresh: np.ndarray, jump: np.ndarray) -> None:
        counts = fresh.sum(axis=1)
        self.fresh = fresh
        self.paths = np.empty(fresh.shape, np.int64)
        follow_batch(fresh, jump, np.cumsum(counts) - counts, self.paths)


def draw_walks(n_bars: int, block: float, n_resamples: int, rng: np.random.Generator) -> Iterator[Walk]:
    """Yield chunks of `n_resamples` stationary bootstrap resamples of n bars.

    Args:
        n_bars: Length of the series and of every resample.
        block: Mean length of a block, >= 1; 1 draws every bar alone.
        n_resamples: How many, in all chunks together.
        rng: Where chance comes from; the same generator gives the same resamples.

    Raises:
        ConfigError: `block` is below 1 or not finite, or `n_resamples` is below 1.
    """
    if not (math.isfinite(block) and block >= 1.0):
        raise ConfigError(f"block must be finite and at least 1 bar, was {block}")
    if n_resamples < 1:
        raise ConfigError(f"resamples must be at least 1, was {n_resamples}")
    chunk = max(1, CHUNK_CELLS // n_bars)
    for start in range(0, n_resamples, chunk):
        size = min(chunk, n_resamples - start)
        fresh = rng.random((size, n_bars)) < 1.0 / block
        fresh[:, 0] = True
        yield Walk(fresh, rng.integers(0, n_bars, int(fresh.sum())))


def check_series(values: np.ndarray) -> np.ndarray:
    """Return `values` as C-contiguous float64 (n, S).

    Raises:
        ShapeError: It is not two-dimensional, has no series or fewer than two bars, or holds a NaN.
    """
    values = np.ascontiguousarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] < 1 or values.shape[0] < 2:
        raise ShapeError(f"series must have the shape (n >= 2, S >= 1), was {values.shape}")
    if not bool(np.isfinite(values).all()):
        raise ShapeError("series must be finite; drop or fill bars that have no return")
    return values


def measure_moments(walk: Walk, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return estimates and variances (B, Q = 4 S - 2) of each resample, in the order of `moments_of`, per bar and not annual."""
    n_quantities = 4 * values.shape[1] - 2
    estimate, variance = np.empty((len(walk.paths), n_quantities)), np.empty((len(walk.paths), n_quantities))
    moments_batch(walk.fresh, walk.paths, values, np.empty((3, n_quantities)), estimate, variance)
    return estimate, variance


def measure_growth(walk: Walk, values: np.ndarray) -> np.ndarray:
    """Return growth, deepest and longest drawdown of each resampled equity, shape (B, S, 3)."""
    out = np.empty((len(walk.paths), values.shape[1], 3))
    growth_batch(walk.paths, values, out)
    return out


def sharpe_influence(returns: np.ndarray) -> np.ndarray:
    """Return each bar's first-order effect on the Sharpe ratio of one bar, shape (n,): `u - S / 2 (u ** 2 - 1)`, `u = (r - mean) /
    std`.

    Zeros where all returns are equal. Source: the delta method; Lo 2002, appendix.
    """
    if np.ptp(returns) == 0.0:
        return np.zeros(returns.size)
    unit = (returns - returns.mean()) / returns.std(ddof=1)
    sharpe = float(returns.mean() / returns.std(ddof=1))
    influence: np.ndarray = unit - 0.5 * sharpe * (unit**2 - 1.0)
    return influence
