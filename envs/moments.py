"""Running moments of returns and the differential Sharpe ratio that they give."""

import numpy as np

from ..encoders.column import Column
from ..market.kernel import kernel

__all__ = ["MOMENTS", "MOMENT_COLUMNS", "pay_differential_sharpe", "write_moments"]

MOMENTS = np.dtype([("first", "f8"), ("second", "f8"), ("seen", "i8")], align=True)
"""Running mean A of returns, running mean B of their squares, returns seen; shape (E,)."""

LIMIT = 10.0
MOMENT_COLUMNS = (
    Column("return_mean", "percent", -LIMIT, LIMIT),  # 100 A
    Column("return_deviation", "percent", 0.0, LIMIT),  # 100 sqrt(B - A^2)
    Column("return_warmup", "fraction", 0.0, 1.0),  # share of the warm-up that has passed
)
FLOOR = 1e-10  # variance of a bar's return: one thousandth of a percent, squared; an account that never trades has none at all


@kernel
def differential_sharpe(e: int, step: np.ndarray, moments: np.ndarray, eta: float, warmup: int, clip: float) -> float:
    """Return the reward of one step and move the moments on.

    D = (B dA - A dB / 2) / (B - A^2)^(3/2) with dA = R - A, dB = R^2 - B, moments before the step, R the simple return; then
    A += eta dA, B += eta dB. Source: Moody & Saffell 2001, IEEE Trans. Neural Networks 12(4), section II-D.
    Ours: the weight is 1/n while that is larger than eta; the first `warmup` steps pay 0; the variance has a floor; D is clipped.
    """
    before = step[e].equity_before
    if step[e].ruined or before <= 0.0:
        return -clip
    change = step[e].equity / before - 1.0
    mean, square = moments[e].first, moments[e].second
    mean_change, square_change = change - mean, change * change - square
    paid = 0.0
    if moments[e].seen >= warmup:
        variance = max(square - mean * mean, FLOOR)
        paid = (square * mean_change - 0.5 * mean * square_change) / (variance * np.sqrt(variance))
        paid = min(max(paid, -clip), clip)
    moments[e].seen += 1
    weight = max(eta, 1.0 / moments[e].seen)
    moments[e].first = mean + weight * mean_change
    moments[e].second = square + weight * square_change
    return paid


@kernel
def pay_differential_sharpe(step: np.ndarray, moments: np.ndarray, eta: float, warmup: int, clip: float, paid: np.ndarray) -> None:
    """Pay every environment: `paid` float64 (E,) is written, `moments` (E,) move on."""
    for e in range(step.shape[0]):
        paid[e] = differential_sharpe(e, step, moments, eta, warmup, clip)


@kernel
def write_moments(moments: np.ndarray, warmup: int, out: np.ndarray, at: int) -> None:
    """Write the three `MOMENT_COLUMNS` of every environment into `out` (E, D) from column `at` on."""
    for e in range(moments.shape[0]):
        mean = moments[e].first
        variance = max(moments[e].second - mean * mean, 0.0)
        out[e, at] = min(max(100.0 * mean, -LIMIT), LIMIT)
        out[e, at + 1] = min(100.0 * np.sqrt(variance), LIMIT)
        out[e, at + 2] = min(moments[e].seen / warmup, 1.0)
