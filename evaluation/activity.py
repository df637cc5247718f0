"""How much a policy trades and holds."""

import numpy as np

__all__ = ["cost_per_notional", "mean_exposure", "time_in_market", "turnover"]


def turnover(traded_notional: np.ndarray, equity: np.ndarray, bars_per_year: float) -> float:
    """Money bought and sold a year, as a multiple of equity.

    Formula: `mean(traded_notional[t] / equity[t]) * bars_per_year`, where `equity[t]` is the equity before bar t and purchases and
    sales both count in full: selling everything and buying it back is 2. NaN without bars or where equity fell to zero.

    Args:
        traded_notional: Money of the fills of each bar, account currency, shape (n,).
        equity: Equity, shape (n + 1,).
        bars_per_year: Bars of a year.
    """
    before = equity[:-1]
    if traded_notional.size == 0 or not bool(np.all(before > 0.0)):
        return float("nan")
    return float(np.mean(traded_notional / before)) * bars_per_year


def mean_exposure(exposure: np.ndarray) -> float:
    """Mean over bars of the gross exposure at the close: absolute values of positions over equity; NaN without bars."""
    return float(np.mean(exposure)) if exposure.size else float("nan")


def time_in_market(exposure: np.ndarray) -> float:
    """Share of bars that end with any position; NaN without bars."""
    return float(np.mean(exposure > 0.0)) if exposure.size else float("nan")


def cost_per_notional(costs: float, traded_notional: float) -> float:
    """Everything that trading cost over everything traded, as a fraction; NaN where nothing was traded."""
    return costs / traded_notional if traded_notional > 0.0 else float("nan")
