"""Charts of performance: equity, drawdown, rolling Sharpe ratio."""

import math
from typing import Any

import numpy as np

from .chart_axis import Axes, drawn, line_of, money_axis, percent_axis, thinned, time_axis, times
from .drawdown import drawdown_path
from .evaluation import Evaluation
from .theme import LIGHT

__all__ = ["draw_drawdown", "draw_equity", "draw_rolling_sharpe", "rolling_bars", "rolling_sharpe"]


def draw_equity(ax: Axes, evaluation: Evaluation, *, narrow: bool = False) -> None:
    """Draw equity of all contenders, net of costs, and the range of the random accounts."""
    at = times(evaluation.scene.closes)
    for contender in drawn(evaluation):
        if contender.spread is not None:
            kept, spread = thinned(len(at)), contender.spread
            ax.fill_between(at[kept], spread.low[kept], spread.high[kept], color=LIGHT["random"], alpha=0.18, linewidth=0)
        ax.plot(at, contender.track.equity, **line_of(contender))
    start = float(evaluation.policy.track.equity[0])
    ax.axhline(start, color=LIGHT["muted"], linewidth=0.8, linestyle=(0, (1, 2)))
    extremes = [one.track.equity for one in evaluation.contenders]
    low, high = min(float(one.min()) for one in extremes), max(float(one.max()) for one in extremes)
    if low > 0.0 and high / low > 4.0:
        ax.set_yscale("log")
    money_axis(ax)
    time_axis(ax, narrow)


def draw_drawdown(ax: Axes, evaluation: Evaluation, *, narrow: bool = False) -> None:
    """Draw how far each contender stands below its own peak; the policy is filled."""
    at = times(evaluation.scene.closes)
    for contender in (*reversed(evaluation.baselines), evaluation.policy):
        path = drawdown_path(contender.track.equity)
        if contender.name == "policy":
            kept = thinned(len(at))
            ax.fill_between(at[kept], path[kept], 0.0, color=LIGHT["policy"], alpha=0.16, linewidth=0)
        ax.plot(at, path, **{**line_of(contender), "linewidth": 1.8 if contender.name == "policy" else 1.0})
    percent_axis(ax)
    ax.set_ylim(top=0.0)
    time_axis(ax, narrow)


def draw_rolling_sharpe(ax: Axes, evaluation: Evaluation, *, narrow: bool = False) -> None:
    """Draw the Sharpe ratio of the trailing window of `rolling_bars` for the policy and the first baseline."""
    window = rolling_bars(evaluation)
    at = times(evaluation.scene.closes)[window:]
    pace = evaluation.policy.track.bars_per_year
    for contender in (evaluation.baselines[0], evaluation.policy):
        ax.plot(at, rolling_sharpe(contender.track.returns - contender.track.risk_free / pace, window, pace), **line_of(contender))
    ax.axhline(0.0, color=LIGHT["muted"], linewidth=1.0)
    time_axis(ax, narrow)


def rolling_bars(evaluation: Evaluation) -> int:
    """Return the window of the rolling Sharpe ratio: half a year, but no more than a third of what was tested."""
    half_year = round(evaluation.policy.track.bars_per_year / 2.0)
    return max(min(half_year, evaluation.n_bars // 3), min(20, max(evaluation.n_bars // 2, 2)))


def rolling_sharpe(returns: np.ndarray, window: int, bars_per_year: float) -> np.ndarray:
    """Return the annual Sharpe ratio of each `window` returns in a row, shape (n - window + 1,); NaN where they are all equal."""
    parts = np.lib.stride_tricks.sliding_window_view(returns, window)
    deviation = parts.std(axis=1, ddof=1)
    varies: Any = np.ptp(parts, axis=1) > 0.0
    ratio = np.full(len(parts), math.nan)
    np.divide(parts.mean(axis=1), deviation, out=ratio, where=varies)
    return ratio * math.sqrt(bars_per_year)
