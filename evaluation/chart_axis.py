"""Axes that several charts share: time, money, percentages, and the lines of contenders."""

from importlib import import_module
from typing import Any

import numpy as np

from .contender import Contender
from .evaluation import Evaluation
from .theme import LIGHT

__all__ = ["Axes", "drawn", "line_of", "money_axis", "percent_axis", "short_money", "thinned", "time_axis", "times"]

Axes = Any  # matplotlib.axes.Axes


def times(closes: np.ndarray) -> np.ndarray:
    """Return closes (ns UTC) as datetime64 for an axis."""
    return np.asarray(closes, "datetime64[ns]")


def thinned(n: int, most: int = 1500) -> np.ndarray:
    """Return at most `most` indices into n values, evenly spaced, first and last among them: filled areas need no more."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))


def time_axis(ax: Axes, narrow: bool) -> None:
    """Write few, short dates."""
    dates: Any = import_module("matplotlib.dates")
    locator = dates.AutoDateLocator(minticks=3 if narrow else 4, maxticks=7 if narrow else 10)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, show_offset=False))
    ax.margins(x=0.005)


def percent_axis(ax: Axes, which: str = "y") -> None:
    """Write fractions as percentages."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis = ax.yaxis if which == "y" else ax.xaxis
    axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.3g} %".replace("-", "\N{MINUS SIGN}")))


def money_axis(ax: Axes) -> None:
    """Write money shortly: 120k, 1.5M."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_money(value)))


def short_money(value: float) -> str:
    """Return 950, 12k, 1.5M."""
    sign, size = ("\N{MINUS SIGN}" if value < 0 else ""), abs(value)
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= unit:
            return f"{sign}{size / unit:.4g}{letter}"
    return f"{sign}{size:.4g}"


def line_of(contender: Contender) -> dict[str, Any]:
    """Return colour, width and dash of a contender's line; the policy lies on top."""
    own = contender.name == "policy"
    return {
        "color": LIGHT[contender.name],
        "linewidth": 2.4 if own else 1.5,
        "linestyle": (0, (4, 2)) if contender.name == "zero_cost" else "solid",
        "zorder": 5 if own else 3,
    }


def drawn(evaluation: Evaluation) -> tuple[Contender, ...]:
    """Return contenders in the order in which they are painted: the policy last."""
    return (evaluation.twin, *reversed(evaluation.baselines), evaluation.policy)
