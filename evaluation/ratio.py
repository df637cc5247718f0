"""Ratios of reward to risk, on the simple returns of bars."""

import math

import numpy as np

__all__ = [
    "annual_return",
    "calmar_ratio",
    "hit_rate",
    "omega_ratio",
    "profit_factor",
    "sharpe_ratio",
    "sortino_ratio",
    "total_return",
    "volatility",
]

NAN = float("nan")


def total_return(returns: np.ndarray) -> float:
    """Growth of one unit over the whole period, minus one.

    Formula: `prod(1 + r) - 1`. Not annualised. NaN without returns; never below -1 (nothing grows after a loss of everything).
    """
    return NAN if returns.size == 0 else max(float(np.prod(1.0 + returns)), 0.0) - 1.0


def annual_return(returns: np.ndarray, bars_per_year: float) -> float:
    """Compound growth a year.

    Formula: `(1 + total_return) ** (bars_per_year / n) - 1`. -1 where everything was lost; NaN without returns.
    """
    growth = 1.0 + total_return(returns)
    return growth ** (bars_per_year / returns.size) - 1.0 if returns.size else NAN


def volatility(returns: np.ndarray, bars_per_year: float) -> float:
    """Standard deviation a year.

    Formula: `std(r, ddof=1) * sqrt(bars_per_year)`. NaN below two returns.
    """
    return NAN if returns.size < 2 else float(np.std(returns, ddof=1)) * math.sqrt(bars_per_year)


def sharpe_ratio(returns: np.ndarray, bars_per_year: float, risk_free: float = 0.0) -> float:
    """Mean excess return over its standard deviation, a year.

    Formula: `mean(r - f) / std(r - f, ddof=1) * sqrt(bars_per_year)` with `f = risk_free / bars_per_year`; `risk_free` is a simple
    rate, a fraction a year. NaN below two returns or where all returns are equal. Source: Sharpe 1994, eq. 3-6 (ex post).
    """
    if returns.size < 2 or np.ptp(returns) == 0.0:
        return NAN
    excess = returns - risk_free / bars_per_year
    return float(np.mean(excess) / np.std(excess, ddof=1)) * math.sqrt(bars_per_year)


def sortino_ratio(returns: np.ndarray, bars_per_year: float, target: float = 0.0) -> float:
    """Mean return above a target over the downside deviation, a year.

    Formula: `mean(r - m) / sqrt(mean(min(r - m, 0) ** 2)) * sqrt(bars_per_year)` with `m = target / bars_per_year` (ddof 0: the
    target is given, not estimated; all n returns are in the denominator). NaN below two returns or where no return is below the
    target. Source: Sortino & Price 1994.
    """
    if returns.size < 2:
        return NAN
    excess = returns - target / bars_per_year
    downside = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    return NAN if downside == 0.0 else float(np.mean(excess)) / downside * math.sqrt(bars_per_year)


def calmar_ratio(annual: float, max_drawdown: float) -> float:
    """Annual return over the depth of the worst drawdown of the whole period.

    Formula: `annual_return / max_drawdown`, both as fractions. NaN where there was no drawdown. Source: Young 1991 (there over 36
    months; here over what was tested).
    """
    return annual / max_drawdown if max_drawdown > 0.0 else NAN


def omega_ratio(returns: np.ndarray, bars_per_year: float, threshold: float = 0.0) -> float:
    """Gains above a threshold over losses below it.

    Formula: `sum(max(r - h, 0)) / sum(max(h - r, 0))` with `h = threshold / bars_per_year`. Not annualised. NaN where no return
    lies below the threshold. Source: Keating & Shadwick 2002.
    """
    excess = returns - threshold / bars_per_year
    losses = float(np.sum(np.maximum(-excess, 0.0)))
    return float(np.sum(np.maximum(excess, 0.0))) / losses if losses > 0.0 else NAN


def hit_rate(returns: np.ndarray) -> float:
    """Share of bars won among the bars that won or lost.

    Formula: `count(r > 0) / count(r != 0)`. NaN where every return is 0.
    """
    played = int(np.count_nonzero(returns))
    return int(np.count_nonzero(returns > 0.0)) / played if played else NAN


def profit_factor(equity: np.ndarray) -> float:
    """Money won in winning bars over money lost in losing bars.

    Formula: with `d = diff(equity)`, `sum(d[d > 0]) / -sum(d[d < 0])`. NaN where no bar lost.
    """
    change = np.diff(equity)
    lost = -float(np.sum(change[change < 0.0]))
    return float(np.sum(change[change > 0.0])) / lost if lost > 0.0 else NAN
