"""What a bad bar costs: quantile and mean of the lower tail of returns."""

import math

import numpy as np

from ..market.errors import ConfigError

__all__ = ["expected_shortfall", "value_at_risk"]


def value_at_risk(returns: np.ndarray, level: float = 0.95) -> float:
    """Loss of one bar that is exceeded with probability `1 - level`, from history; positive is a loss.

    Formula: `-quantile(r, 1 - level)`, linear between order statistics (type 7 of Hyndman & Fan 1996). Of one bar, not annualised.
    NaN without returns.
    """
    _check(level)
    return float("nan") if returns.size == 0 else -float(np.quantile(returns, 1.0 - level))


def expected_shortfall(returns: np.ndarray, level: float = 0.95) -> float:
    """Mean loss of one bar in the worst `1 - level` of bars (CVaR), from history; positive is a loss.

    Formula: with `k = n (1 - level)` and sorted returns `s`, `-(sum(s[:floor(k)]) + (k - floor(k)) s[floor(k)]) / k`: the
    worst k bars, the last of them in part. NaN without returns. Source: Acerbi & Tasche 2002, definition 2.6 and proposition 4.1.
    """
    _check(level)
    if returns.size == 0:
        return float("nan")
    worst = np.sort(returns)
    k = returns.size * (1.0 - level)
    whole = math.floor(k + 1e-9)
    rest = max(k - whole, 0.0)
    partial = rest * float(worst[whole]) if rest > 0.0 else 0.0
    return -(float(np.sum(worst[:whole])) + partial) / k


def _check(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise ConfigError(f"level must lie in (0, 1), was {level}")
