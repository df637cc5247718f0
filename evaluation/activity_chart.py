"""Charts of activity: what was held, and where the money went."""

import numpy as np

from ..market.account import COSTS, INCOME
from .chart_axis import Axes, money_axis, percent_axis, short_money, thinned, time_axis, times
from .evaluation import Evaluation
from .theme import LIGHT, assets_colours

__all__ = ["LINE_NAMES", "draw_waterfall", "draw_weights", "waterfall_lines"]

SHOWN = 7

LINE_NAMES = {
    "gross": "gross",
    "dividends": "dividends",
    "funding": "funding",
    "interest": "interest",
    "commission": "commission",
    "fees": "fees",
    "spread": "spread",
    "slippage": "slippage",
    "impact": "impact",
    "borrow": "borrowing",
    "liquidation": "liquidation",
}
"""Lines of the ATTRIBUTION ledger in words."""


def draw_weights(ax: Axes, evaluation: Evaluation, *, narrow: bool = False) -> list[tuple[str, str]]:
    """Draw the weight of every asset after each bar, stacked (shorts below zero); return (name, role of its colour) for a legend.

    Assets beyond the seven with the largest mean weight are drawn together.
    """
    session = evaluation.session
    weights, symbols = session.weights, list(evaluation.scene.symbols)
    if weights.shape[1] > SHOWN + 1:
        order = np.argsort(-np.abs(weights).mean(axis=0), kind="stable")
        rest = weights[:, order[SHOWN:]].sum(axis=1, keepdims=True)
        weights = np.concatenate([weights[:, order[:SHOWN]], rest], axis=1)
        symbols = [symbols[index] for index in order[:SHOWN]] + [f"{len(order) - SHOWN} others"]
    at = times(session.closes)[1:]
    kept = thinned(len(at), 800)
    at, weights = at[kept], weights[kept]
    colours = assets_colours(len(symbols))
    for signed in (np.maximum(weights, 0.0), np.minimum(weights, 0.0)):
        if signed.any():
            edges = np.concatenate([np.zeros((len(at), 1)), np.cumsum(signed, axis=1)], axis=1)
            for asset, colour in enumerate(colours):
                if signed[:, asset].any():
                    lower, upper = edges[:, asset], edges[:, asset + 1]
                    ax.fill_between(at, lower, upper, color=colour, alpha=0.85, linewidth=0, step="post")
    top = max(1.0, float(np.maximum(weights, 0.0).sum(axis=1).max()))
    ax.set_ylim(min(0.0, float(np.minimum(weights, 0.0).sum(axis=1).min()) * 1.05), top * 1.01)
    ax.axhline(0.0, color=LIGHT["muted"], linewidth=1.0)
    percent_axis(ax)
    time_axis(ax, narrow)
    return [(symbol, f"asset{index % 8}") for index, symbol in enumerate(symbols)]


def waterfall_lines(evaluation: Evaluation) -> list[tuple[str, float]]:
    """Return the lines of the policy's ledger that are not zero, signed, in the order of the ledger."""
    signed = evaluation.policy.attribution
    return [(LINE_NAMES[name], signed[name]) for name in (*INCOME, *COSTS) if name == "gross" or signed[name] != 0.0]


def draw_waterfall(ax: Axes, evaluation: Evaluation, *, narrow: bool = False) -> None:
    """Draw the profit as if every fill had happened at its reference price, what was paid and received, and what was left."""
    lines = waterfall_lines(evaluation)
    total = sum(value for _, value in lines)
    level, tops, low = 0.0, [], min(0.0, total)
    for place, (_, value) in enumerate(lines):
        ax.bar(place, value, bottom=level, width=0.62, color=LIGHT["good" if value >= 0.0 else "bad"], alpha=0.85)
        level += value
        tops.append(max(level, level - value))
        low = min(low, level)
        if place < len(lines):
            ax.plot([place - 0.31, place + 1.31], [level, level], color=LIGHT["muted"], linewidth=0.8)
    ax.bar(len(lines), total, width=0.62, color=LIGHT["policy"])
    tops.append(max(total, 0.0))
    for place, value in enumerate([*(value for _, value in lines), total]):
        ax.annotate(
            ("+" if value > 0 else "") + short_money(float(f"{value:.3g}")),
            (place, tops[place]),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=LIGHT["ink"],
        )
    names = [*(name for name, _ in lines), "net"]
    ax.set_xticks(range(len(names)), names, rotation=30 if narrow else 0, ha="right" if narrow else "center")
    ax.axhline(0.0, color=LIGHT["muted"], linewidth=1.0)
    high = max(0.0, *tops)
    room = 0.12 * (high - low) or 1.0
    ax.set_ylim(low - (room if low < 0.0 else 0.0), high + room)
    money_axis(ax)
