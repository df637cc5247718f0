"""Charts of doubt: intervals of Sharpe ratios and of their differences, and drawdowns that could have been."""

import numpy as np

from .chart_axis import Axes, percent_axis
from .evaluation import Evaluation
from .interval import Interval
from .theme import LIGHT

__all__ = ["draw_differences", "draw_simulated_drawdown"]


def draw_differences(ax: Axes, evaluation: Evaluation, *, narrow: bool = False) -> None:
    """Draw the policy's Sharpe ratio less that of each baseline with its paired interval; the band below counts as no advantage."""
    pairs = zip(evaluation.baselines, evaluation.verdicts, strict=True)
    gaps = [(f"against {one.label}", verdict.difference, LIGHT[one.name]) for one, verdict in pairs]
    ax.axvspan(0.0, evaluation.verdict.worthwhile, color=LIGHT["grid"], alpha=0.7, linewidth=0)
    ax.axvline(0.0, color=LIGHT["ink"], linewidth=1.0)
    for place, (_, gap, colour) in enumerate(gaps):
        _draw_interval(ax, place, gap, colour)
    ax.set_yticks(range(len(gaps)), [label for label, _, _ in gaps])
    ax.set_ylim(len(gaps) - 0.5, -0.5)
    ax.grid(axis="x")
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", labelcolor=LIGHT["ink"])
    ax.set_xlabel("difference in annual Sharpe ratio")


def _draw_interval(ax: Axes, place: float, interval: Interval, colour: str) -> None:
    if interval.known:
        ax.plot([interval.low, interval.high], [place, place], color=colour, linewidth=5, alpha=0.45, solid_capstyle="round")
        label = f"{interval.estimate:+.2f}  [{interval.low:.2f}, {interval.high:.2f}]"
    else:
        label = f"{interval.estimate:+.2f}  no interval"
    ax.plot([interval.estimate], [place], marker="o", markersize=8, color=colour)
    ax.annotate(
        label.replace("-", "\N{MINUS SIGN}"),
        (interval.estimate, place),
        xytext=(0, 9),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color=LIGHT["ink"],
    )


def draw_simulated_drawdown(ax: Axes, evaluation: Evaluation, *, narrow: bool = False) -> None:
    """Draw how deep the worst drawdown was over resamples of the bars, and where the one that happened lies."""
    drawn = [(evaluation.policy, 0), (evaluation.baselines[0], 1)]
    top = float(np.quantile(evaluation.boot.drawdown[:, :2], 0.995))
    bins = np.linspace(0.0, max(top, evaluation.policy.track.worst.depth * 1.05, 1e-3), 60)
    for contender, index in reversed(drawn):
        counts, edges = np.histogram(evaluation.boot.drawdown[:, index], bins)
        share = counts / evaluation.boot.resamples
        own = contender.name == "policy"
        ax.stairs(share, edges, fill=own, color=LIGHT[contender.name], alpha=0.35 if own else 1.0, linewidth=1.3)
        ax.axvline(contender.track.worst.depth, color=LIGHT[contender.name], linewidth=2.0 if own else 1.3)
    percent_axis(ax, "x")
    ax.set_yticks([])
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("worst drawdown; the upright lines happened")
