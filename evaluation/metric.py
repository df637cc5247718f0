"""Every number of a track record by name, with its unit and the direction that is better."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..market.errors import UnknownNameError
from .activity import cost_per_notional, mean_exposure, time_in_market, turnover
from .drawdown import longest_drawdown
from .moment import kurtosis, skewness
from .ratio import (
    annual_return,
    calmar_ratio,
    hit_rate,
    omega_ratio,
    profit_factor,
    sharpe_ratio,
    sortino_ratio,
    total_return,
    volatility,
)
from .tail import expected_shortfall, value_at_risk
from .track import Track

__all__ = ["METRICS", "Metric", "measure", "metric"]

NAN = float("nan")
Unit = Literal["percent", "ratio", "bars", "times", "basis points"]


@dataclass(frozen=True)
class Metric:
    """One number of a track record.

    Attributes:
        name: Key in tables, reports and JSON.
        label: Name for people.
        unit: `percent`: a fraction shown as a percentage; `times`: a multiple of equity; `basis points`: a fraction shown in 1e-4.
        better: Which direction is better, `none` where neither is.
        value: Function of a track; NaN where the number is not defined.
    """

    name: str
    label: str
    unit: Unit
    better: Literal["high", "low", "none"]
    value: Callable[[Track], float]

    def text(self, value: float) -> str:
        """Return the value as people read it; `n/a` where it is not defined."""
        if not np.isfinite(value):
            return "n/a"
        match self.unit:
            case "percent":
                return f"{value * 100:.1f} %" if abs(value) < 10 else f"{value * 100:,.0f} %"
            case "basis points":
                return f"{value * 1e4:.1f} bp"
            case "bars":
                return f"{value:,.0f}"
            case "times":
                return f"{value:.1f} x"
            case _:
                return f"{value:.2f}"


def _turnover(track: Track) -> float:
    return NAN if track.traded is None else turnover(track.traded, track.equity, track.bars_per_year)


def _exposure(track: Track) -> float:
    return NAN if track.exposure is None else mean_exposure(track.exposure)


def _in_market(track: Track) -> float:
    return NAN if track.exposure is None else time_in_market(track.exposure)


def _cost_rate(track: Track) -> float:
    return NAN if track.traded is None else cost_per_notional(track.costs, float(np.sum(track.traded)))


METRICS: tuple[Metric, ...] = (
    Metric("total_return", "Total return", "percent", "high", lambda t: total_return(t.returns)),
    Metric("annual_return", "Return a year", "percent", "high", lambda t: annual_return(t.returns, t.bars_per_year)),
    Metric("volatility", "Volatility a year", "percent", "low", lambda t: volatility(t.returns, t.bars_per_year)),
    Metric("sharpe", "Sharpe ratio", "ratio", "high", lambda t: sharpe_ratio(t.returns, t.bars_per_year, t.risk_free)),
    Metric("sortino", "Sortino ratio", "ratio", "high", lambda t: sortino_ratio(t.returns, t.bars_per_year)),
    Metric(
        "calmar", "Calmar ratio", "ratio", "high", lambda t: calmar_ratio(annual_return(t.returns, t.bars_per_year), t.worst.depth)
    ),
    Metric("omega", "Omega ratio", "ratio", "high", lambda t: omega_ratio(t.returns, t.bars_per_year)),
    Metric("max_drawdown", "Worst drawdown", "percent", "low", lambda t: t.worst.depth),
    Metric("max_drawdown_bars", "Worst drawdown, bars from peak to recovery", "bars", "low", lambda t: float(t.worst.length)),
    Metric("recovery_bars", "Worst drawdown, bars from trough to recovery", "bars", "low", lambda t: t.worst.recovery_bars),
    Metric("longest_drawdown_bars", "Longest drawdown, bars", "bars", "low", lambda t: float(longest_drawdown(t.equity))),
    Metric("value_at_risk_95", "Value at risk of one bar, 95 %", "percent", "low", lambda t: value_at_risk(t.returns)),
    Metric(
        "expected_shortfall_95", "Expected shortfall of one bar, 95 %", "percent", "low", lambda t: expected_shortfall(t.returns)
    ),
    Metric("skewness", "Skewness of a bar", "ratio", "none", lambda t: skewness(t.returns)),
    Metric("kurtosis", "Kurtosis of a bar (normal: 3)", "ratio", "none", lambda t: kurtosis(t.returns)),
    Metric("hit_rate", "Bars won", "percent", "high", lambda t: hit_rate(t.returns)),
    Metric("profit_factor", "Profit factor of bars", "ratio", "high", lambda t: profit_factor(t.equity)),
    Metric("turnover", "Turnover a year", "times", "none", _turnover),
    Metric("exposure", "Mean exposure", "percent", "none", _exposure),
    Metric("time_in_market", "Time in the market", "percent", "none", _in_market),
    Metric("costs", "Costs, of initial equity", "percent", "low", lambda t: t.costs / float(t.equity[0])),
    Metric("cost_rate", "Costs per money traded", "basis points", "low", _cost_rate),
)
"""In the order in which tables show them."""


def metric(name: str) -> Metric:
    """Return the metric of a name.

    Raises:
        UnknownNameError: No metric has this name.
    """
    for known in METRICS:
        if known.name == name:
            return known
    raise UnknownNameError("metric", name, [known.name for known in METRICS])


def measure(track: Track) -> dict[str, float]:
    """Return every metric of a track record by name; NaN where one is not defined."""
    return {known.name: float(known.value(track)) for known in METRICS}
