"""Running moments of returns and the differential ratios that they give."""

import numpy as np

from ...encoders.column import Column
from ...market.kernel import kernel

__all__ = ["MOMENTS", "SHARPE_COLUMNS", "SORTINO_COLUMNS", "differential_ratio", "pay_differential", "write_moments",
           "write_moments_of"]

MOMENTS = np.dtype([("first", "f8"), ("second", "f8"), ("seen", "i8")], align=True)
"""Running mean A of returns, running mean B of their squares (of the losses' squares, for Sortino), returns seen; shape (E,)."""

LIMIT = 10.0
MEAN, WARMUP = Column("return_mean", "percent", -LIMIT, LIMIT), Column("return_warmup", "fraction", 0.0, 1.0)
SHARPE_COLUMNS = (MEAN, Column("return_deviation", "percent", 0.0, LIMIT), WARMUP)  # 100 A, 100 sqrt(B - A^2), share of warm-up
SORTINO_COLUMNS = (MEAN, Column("loss_deviation", "percent", 0.0, LIMIT), WARMUP)  # 100 A, 100 sqrt(B), share of the warm-up
FLOOR = 1e-10  # variance of a bar's return: one thousandth of a percent, squared; an account that never trades has none at all


@kernel(inline=True)
def differential_ratio(e: int, step: np.ndarray, moments: np.ndarray, losses: bool, eta: float, warmup: int, clip: float) -> float:
    """Return the reward of one step and move the moments on.

    Sharpe: D = (B dA - A dB / 2) / (B - A^2)^(3/2) with dA = R - A, dB = R^2 - B, moments before the step, R the simple return.
    Sortino (`losses`), B the running mean of min(R, 0)^2: D = (R - A/2) / B^(1/2) for R > 0, else
    (B (R - A/2) - A R^2 / 2) / B^(3/2). Then A += eta dA, B += eta dB.
    Source: Moody & Saffell 2001, IEEE Trans. Neural Networks 12(4), section II-D.
    Ours: the weight is 1/n while that is larger than eta; the first `warmup` steps pay 0; the variance has a floor; D is clipped.
    """
    before = step[e].equity_before
    if step[e].ruined or before <= 0.0:
        return -clip
    change = step[e].equity / before - 1.0
    counted = 0.0 if losses and change > 0.0 else change * change
    mean, square = moments[e].first, moments[e].second
    mean_change, square_change = change - mean, counted - square
    paid = 0.0
    if moments[e].seen >= warmup:
        variance = max(square if losses else square - mean * mean, FLOOR)
        if losses:
            paid = (variance * (change - 0.5 * mean) - 0.5 * mean * counted) / (variance * np.sqrt(variance))
        else:
            paid = (square * mean_change - 0.5 * mean * square_change) / (variance * np.sqrt(variance))
        paid = min(max(paid, -clip), clip)
    moments[e].seen += 1
    weight = max(eta, 1.0 / moments[e].seen)
    moments[e].first = mean + weight * mean_change
    moments[e].second = square + weight * square_change
    return paid


@kernel
def pay_differential(step: np.ndarray, moments: np.ndarray, losses: bool, eta: float, warmup: int, clip: float,
                     paid: np.ndarray) -> None:  # fmt: skip
    """Pay every environment: `paid` float64 (E,) is written, `moments` (E,) move on."""
    for e in range(step.shape[0]):
        paid[e] = differential_ratio(e, step, moments, losses, eta, warmup, clip)


@kernel(inline=True)
def write_moments_of(e: int, moments: np.ndarray, losses: bool, warmup: int, out: np.ndarray, at: int) -> None:
    """Write the three columns of one environment."""
    mean = moments[e].first
    variance = max(moments[e].second if losses else moments[e].second - mean * mean, 0.0)
    out[e, at] = min(max(100.0 * mean, -LIMIT), LIMIT)
    out[e, at + 1] = min(100.0 * np.sqrt(variance), LIMIT)
    out[e, at + 2] = min(moments[e].seen / warmup, 1.0)


@kernel
def write_moments(moments: np.ndarray, losses: bool, warmup: int, out: np.ndarray, at: int) -> None:
    """Write the three columns of every environment into `out` (E, D) from column `at` on."""
    for e in range(moments.shape[0]):
        write_moments_of(e, moments, losses, warmup, out, at)
