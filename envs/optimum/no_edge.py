"""What it costs to take positions at random in a market without an edge.

Source: the gain of any predictable stake in a martingale has mean 0 (Doob 1953, Stochastic Processes, chapter VII); what is left is
the expected cost, by a linear recursion over the weight before trading.
"""

import numpy as np

from ...market.errors import ConfigError

__all__ = ["random_value"]

NODES, POINTS = 48, 401


def random_value(levels: np.ndarray, cost_rate: float, volatility: float, truncation: float, bars: int) -> float:
    """Return the expected profit / initial equity of N bars in which each position is a level drawn at random.

    In a bar wealth grows by 1 + theta r - cost |theta - w|, theta the level and w the weight left by the bar before; r is
    volatility x z, z standard normal clipped to [-truncation, truncation]. M, the expected growth of the bars left, is linear in
    what follows: M(w) = mean over levels of E[G M(w')]. On an even grid of weights with linear interpolation, to 1e-6 of the value.

    Args:
        levels: Parts of wealth held, each as likely, float64 (L,).
        cost_rate: Cost as a fraction of the value traded.
        volatility: Of z's scale.
        truncation: Bound of z.
        bars: N.

    Raises:
        ConfigError: `bars` is not positive, or a bar may ruin a level.
    """
    held = np.asarray(levels, np.float64)
    largest = float(np.abs(held).max())
    if bars < 1:
        raise ConfigError(f"bars must be 1 or more, was {bars}")
    spent = 2.0 * cost_rate * largest
    if not largest * volatility * truncation + spent < 1.0:
        raise ConfigError(f"a level of {largest} may be ruined by a bar of {truncation} x {volatility}")
    points, weights = np.polynomial.legendre.leggauss(NODES)
    z = truncation * points
    chances = weights * truncation * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    tail = 0.5 * (1.0 - chances.sum())  # beyond the truncation, on either side
    returns = volatility * np.concatenate([[-truncation], z, [truncation]])
    chances = np.concatenate([[tail], chances, [tail]])
    edge = largest * (1.0 + volatility * truncation) / (1.0 - largest * volatility * truncation - spent)
    grid = np.linspace(-edge, edge, POINTS)
    growth = 1.0 + held[:, None, None] * returns - cost_rate * np.abs(held[:, None] - grid)[:, :, None]  # (L, points, nodes)
    following = held[:, None, None] * (1.0 + returns) / growth
    expected = np.ones(POINTS)
    for _ in range(bars):
        expected = ((growth * np.interp(following, grid, expected)) @ chances).mean(axis=0)
    return float(np.interp(0.0, grid, expected)) - 1.0
