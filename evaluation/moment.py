"""Shape of a distribution of returns: third and fourth moment."""

import numpy as np

__all__ = ["kurtosis", "skewness"]


def skewness(returns: np.ndarray) -> float:
    """Third standardised moment.

    Formula: `mean((r - mean(r)) ** 3) / mean((r - mean(r)) ** 2) ** 1.5` (ddof 0, no correction for small samples). Of one bar, not
    annualised. NaN below two returns or where all are equal.
    """
    return _standardised(returns, 3)


def kurtosis(returns: np.ndarray) -> float:
    """Fourth standardised moment; 3 for a normal distribution.

    Formula: `mean((r - mean(r)) ** 4) / mean((r - mean(r)) ** 2) ** 2` (ddof 0, nothing subtracted). Of one bar, not annualised.
    NaN below two returns or where all are equal.
    """
    return _standardised(returns, 4)


def _standardised(returns: np.ndarray, power: int) -> float:
    if returns.size < 2 or np.ptp(returns) == 0.0:
        return float("nan")
    deviation = returns - np.mean(returns)
    return float(np.mean(deviation**power) / np.mean(deviation**2) ** (power / 2))
