"""Highest and lowest point of a Brownian bridge, drawn from their exact joint law.

A bar of which open and close are drawn first is a bridge between them, whatever the drift. In units of its standard deviation
let it rise from 0 to s >= 0, with highest point m and lowest -l. With w = m + l, the images of a Brownian motion that is
absorbed at both ends give P(highest <= m, lowest >= -l) = sum over all integers k of exp(-2 k w (k w + s)) -
exp(-2 (m + k w) (m + k w - s)). Source: Borodin & Salminen, Handbook of Brownian Motion (2002), 1.15.8 divided by the density
of the end; for s = 0 it is the law of Kuiper's statistic.

The highest point has P(> m) = exp(-2 m (m - s)) and is drawn by its inverse. Given it, the derivative of the sum by m, over
that of its first part, is the distribution of l; its inverse is found by Newton's method inside a bracket.
"""

import numpy as np

__all__ = ["bridge_extremes", "lowest_given_highest"]

CHUNK = 1 << 13  # values at a time: a dozen columns of them fit into a processor's cache
NARROWEST = 0.25  # standard deviations: a narrower range has a probability under 1e-30
DEEPEST = 6.5  # standard deviations below the start: further has a probability under 1e-36
NEGLIGIBLE = 28.0  # terms below exp(-28) = 7e-13 are left out
LAST_STEP = 1e-6  # Newton's error after such a step is its square
MAX_TERMS, MAX_STEPS = 20, 80


def bridge_extremes(
    start: np.ndarray, end: np.ndarray, sd: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return highest and lowest point, two float64 (N,), of Brownian bridges from `start` to `end`.

    Args:
        start: Level at the beginning, (N,).
        end: Level at the end, (N,).
        sd: Standard deviation that the motion would have without its end fixed, (N,); 0: a straight line.
        first: Independent uniform numbers in [0, 1), (N,).
        second: Likewise.
    """
    high, low = np.maximum(start, end), np.minimum(start, end)
    for begin in range(0, len(start), CHUNK):
        part = slice(begin, begin + CHUNK)
        moving = sd[part] > 0.0
        scale = np.where(moving, sd[part], 1.0)
        rise = np.abs(end[part] - start[part]) / scale
        above = 1.0 - first[part]  # in (0, 1]
        spread = np.sqrt(rise * rise - 2.0 * np.log(above))  # 2 m - s
        far = 0.5 * (spread - rise)  # how far the bridge goes beyond its end
        near = lowest_given_highest(rise, spread, above, second[part])
        up = end[part] >= start[part]
        scale = np.where(moving, sd[part], 0.0)
        high[part] += scale * np.where(up, far, near)
        low[part] -= scale * np.where(up, near, far)
    return high, low


def lowest_given_highest(rise: np.ndarray, spread: np.ndarray, above: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Return l where P(lowest >= -l | highest) equals `uniform`, float64 (N,), for bridges from 0 to `rise`.

    Args:
        rise: s >= 0, in standard deviations, (N,).
        spread: c = 2 m - s, where m is the highest point, (N,).
        above: exp(-2 m (m - s)), the probability of a higher one, (N,).
        uniform: Numbers in [0, 1), (N,).
    """
    # without the other wall the lowest point beyond the start has the inverse law of the highest one beyond the end
    guess = 0.5 * (np.sqrt(spread * spread - 2.0 * np.log1p(-uniform)) - spread)
    least = np.maximum(NARROWEST - 0.5 * (rise + spread), 0.0)
    point: np.ndarray = np.maximum(guess, least)
    result: np.ndarray = point.copy()
    left, low, high = np.arange(len(rise)), least, np.full(len(rise), DEEPEST)
    for _ in range(MAX_STEPS):
        value, slope = _distribution(point, rise, spread, above)
        error = value - uniform
        beyond = error > 0.0
        high = np.where(beyond, point, high)
        low = np.where(beyond, low, point)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = point - error / slope
        following = np.where((step > low) & (step < high), step, 0.5 * (low + high))
        result[left] = following
        open_ = np.flatnonzero(np.abs(following - point) > LAST_STEP)
        if not len(open_):
            break
        left, point, low, high = left[open_], following[open_], low[open_], high[open_]
        rise, spread, above, uniform = rise[open_], spread[open_], above[open_], uniform[open_]
    return result


def _distribution(depth: np.ndarray, rise: np.ndarray, spread: np.ndarray, above: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return P(l <= depth | highest) and its density."""
    width = 0.5 * (rise + spread) + depth  # m + l
    inverse = 1.0 / spread
    # the term of order -1 leads; its exponent is written so that nothing cancels where the bridge is steep
    lead = np.exp(-2.0 * depth * (depth + spread))
    factor = 1.0 + 2.0 * inverse * depth
    value, slope = 1.0 - factor * lead, (factor * (4.0 * depth + 2.0 * spread) - 2.0 * inverse) * lead
    square, by_rise, by_spread = np.exp(-2.0 * width * width), np.exp(-2.0 * width * rise), np.exp(-2.0 * width * spread)
    _add(value, slope, 1, width, spread, inverse, square * by_spread)
    _subtract(value, slope, 1, width, rise, inverse, square * by_rise / above)
    _add_higher(value, slope, width, rise, spread, above, square, by_rise, by_spread)
    return value, slope


def _add_higher(
    value: np.ndarray,
    slope: np.ndarray,
    w: np.ndarray,
    s: np.ndarray,
    c: np.ndarray,
    above: np.ndarray,
    square: np.ndarray,
    by_rise: np.ndarray,
    by_spread: np.ndarray,
) -> None:
    """Add the terms of orders 2 and -2, 3 and -3, ... until none is left that counts; powers are made by multiplication."""
    where = np.arange(len(w))
    even, p, q = square, by_rise, by_spread  # square^(k k), by_rise^k and by_spread^k
    odd = square  # square^(2 k - 1)
    for k in range(2, MAX_TERMS):
        # the largest exponent of order k is -2 k w (k w - c); as c <= 2 w, it falls with k
        some = np.flatnonzero(2.0 * k * w * (k * w - c) < NEGLIGIBLE)
        if not len(some):
            return
        where, w, s, c, above, square = where[some], w[some], s[some], c[some], above[some], square[some]
        by_rise, by_spread, odd = by_rise[some], by_spread[some], odd[some] * square * square
        even, p, q = even[some] * odd, p[some] * by_rise, q[some] * by_spread
        inverse = 1.0 / c
        more, steeper = np.zeros(len(some)), np.zeros(len(some))
        _add(more, steeper, k, w, c, inverse, even * q)
        _add(more, steeper, -k, w, c, inverse, even / q)
        over = even / above
        _subtract(more, steeper, k, w, s, inverse, over * p)
        _subtract(more, steeper, -k, w, s, inverse, over / p)
        value[where] += more
        slope[where] += steeper


def _add(
    value: np.ndarray, slope: np.ndarray, k: int, w: np.ndarray, c: np.ndarray, inverse: np.ndarray, e: np.ndarray
) -> None:
    """Add the images of the start about both walls, of order k; `e` is exp(-2 k w (k w + c))."""
    factor = 1.0 + (2.0 * k) * w * inverse
    value += (1.0 + k) * factor * e
    slope += (1.0 + k) * e * (2.0 * k * inverse - factor * ((4.0 * k * k) * w + 2.0 * k * c))


def _subtract(
    value: np.ndarray, slope: np.ndarray, k: int, w: np.ndarray, s: np.ndarray, inverse: np.ndarray, e: np.ndarray
) -> None:
    """Subtract the images shifted by k times twice the width; `e` is exp(-2 k w (k w + s) + 2 m (m - s))."""
    factor = ((2.0 * k * k) * w + k * s) * inverse
    value -= factor * e
    slope -= e * (2.0 * k * k * inverse - factor * ((4.0 * k * k) * w + 2.0 * k * s))
