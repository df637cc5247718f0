"""How likely a Sharpe ratio is above a benchmark, and how long a record must be to say so."""

import math

import numpy as np

from ..market.errors import ConfigError
from .moment import kurtosis, skewness

__all__ = ["minimum_track_record", "normal_cdf", "normal_quantile", "probabilistic_sharpe"]


def probabilistic_sharpe(returns: np.ndarray, bars_per_year: float, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio exceeds a benchmark, corrected for skewness and fat tails.

    Formula, with the Sharpe ratio S and the benchmark B of one bar (annual ones over `sqrt(bars_per_year)`), skewness g3, kurtosis
    g4: `Phi((S - B) * sqrt(n - 1) / sqrt(1 - g3 S + (g4 - 1) / 4 * S ** 2))`. It takes bars as independent; the bootstrap does not.
    NaN below two returns, where all are equal, or where the bracket is not positive. Source: Bailey & Lopez de Prado 2012, eq. 9.

    Args:
        returns: Returns of the bars in excess of the risk-free rate, shape (n,).
        bars_per_year: Pace of the clock.
        benchmark: Annual Sharpe ratio to exceed.
    """
    sharpe, spread = _sharpe_and_spread(returns)
    if not math.isfinite(spread):
        return float("nan")
    return normal_cdf((sharpe - benchmark / math.sqrt(bars_per_year)) * math.sqrt(returns.size - 1) / math.sqrt(spread))


def minimum_track_record(returns: np.ndarray, bars_per_year: float, benchmark: float = 0.0, level: float = 0.95) -> float:
    """Bars that a record with this Sharpe ratio, skewness and kurtosis needs before it exceeds a benchmark at a level.

    Formula: `1 + (1 - g3 S + (g4 - 1) / 4 * S ** 2) * (z(level) / (S - B)) ** 2`, per bar as in `probabilistic_sharpe`. Infinite
    where the Sharpe ratio is not above the benchmark; NaN below two returns, where all are equal, or where the bracket is not
    positive. Source: Bailey & Lopez de Prado 2012, eq. 11.
    """
    if not 0.5 < level < 1.0:
        raise ConfigError(f"level must lie in (0.5, 1), was {level}")
    sharpe, spread = _sharpe_and_spread(returns)
    excess = sharpe - benchmark / math.sqrt(bars_per_year)
    if not math.isfinite(spread):
        return float("nan")
    return 1.0 + spread * (normal_quantile(level) / excess) ** 2 if excess > 0.0 else math.inf


def normal_cdf(x: float) -> float:
    """Probability that a standard normal variable is at most x."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_quantile(p: float) -> float:
    """Value that a standard normal variable does not exceed with probability p, for p in (0, 1)."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


def _sharpe_and_spread(returns: np.ndarray) -> tuple[float, float]:
    """Return the Sharpe ratio of one bar and n - 1 times the variance of its estimate; NaN where undefined."""
    if returns.size < 2 or np.ptp(returns) == 0.0:
        return float("nan"), float("nan")
    sharpe = float(np.mean(returns) / np.std(returns, ddof=1))
    spread = 1.0 - skewness(returns) * sharpe + (kurtosis(returns) - 1.0) / 4.0 * sharpe**2
    return sharpe, spread if spread > 0.0 else float("nan")
