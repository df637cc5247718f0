"""Charts of the market behind the policy: prices, the regimes that it saw, and where it traded."""

import math
from importlib import import_module
from typing import Any

import numpy as np

from .chart_axis import Axes, time_axis, times
from .evaluation import Evaluation
from .theme import LIGHT

__all__ = ["REGIME_NAMES", "TRADES_SHOWN", "draw_market", "draw_price", "draw_regimes", "largest_fills", "shown_assets"]

TRADES_SHOWN = 60
ASSETS_SHOWN = 6

REGIME_NAMES = {"bull": "bull", "bear": "bear", "high_vol_chop": "volatile sideways", "low_vol_chop": "calm sideways"}
"""Regimes in words, by the name of their column."""


def shown_assets(evaluation: Evaluation) -> list[int]:
    """Return the assets that get a panel: the six most traded, in the order of the tape."""
    fills, n_assets = evaluation.session.fills, len(evaluation.scene.symbols)
    traded = np.bincount(fills["asset"], np.abs(fills["units"] * fills["reference"]), minlength=n_assets)
    return sorted(np.argsort(-traded, kind="stable")[:ASSETS_SHOWN].tolist())


def draw_market(figure: Any, evaluation: Evaluation, *, narrow: bool = False) -> None:
    """Draw one panel of price, regimes and trades for each shown asset."""
    assets = shown_assets(evaluation)
    columns = 1 if narrow or len(assets) == 1 else 2
    rows = math.ceil(len(assets) / columns)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for place, panel in enumerate(panels.flat):
        if place < len(assets):
            draw_price(panel, evaluation, assets[place], narrow=narrow)
        else:
            panel.set_axis_off()
            panels.flat[place - columns].tick_params(labelbottom=True)


def draw_price(ax: Axes, evaluation: Evaluation, asset: int, *, narrow: bool = False) -> None:
    """Draw the adjusted closes of one asset, the regimes behind them and the asset's largest trades on them."""
    scene = evaluation.scene
    at, price = times(scene.closes), scene.prices[:, asset]
    draw_regimes(ax, evaluation)
    ax.plot(at, price, color=LIGHT["ink"], linewidth=1.1, zorder=3)
    fills = largest_fills(evaluation, asset)
    place = np.searchsorted(scene.closes, fills["filled_at"])
    place = np.minimum(place, len(price) - 1)
    size = np.abs(fills["units"] * fills["reference"]) / float(evaluation.policy.track.equity[0])
    for bought, marker, colour in ((True, "^", LIGHT["good"]), (False, "v", LIGHT["bad"])):
        mine = (fills["units"] > 0) == bought
        ax.scatter(
            at[place[mine]],
            price[place[mine]],
            s=np.clip(260.0 * size[mine], 24.0, 110.0),
            marker=marker,
            color=colour,
            linewidths=0.6,
            edgecolors=LIGHT["paper"],
            zorder=4,
        )
    ax.set_title(scene.symbols[asset])
    time_axis(ax, narrow)


def draw_regimes(ax: Axes, evaluation: Evaluation) -> None:
    """Shade the most likely regime at each decision, as the policy saw it, over the bar that followed."""
    scene = evaluation.scene
    if not scene.regimes or not len(scene.posteriors):
        return
    dates: Any = import_module("matplotlib.dates")
    edges = dates.date2num(times(evaluation.session.closes))
    likely = np.argmax(scene.posteriors, axis=1)
    changes = np.flatnonzero(np.diff(likely)) + 1
    starts, stops = np.concatenate([[0], changes]), np.concatenate([changes, [len(likely)]])
    for index, name in enumerate(scene.regimes):
        mine = likely[starts] == index
        spans = [(edges[a], edges[b] - edges[a]) for a, b in zip(starts[mine], stops[mine], strict=True)]
        if spans:
            transform = ax.get_xaxis_transform()
            ax.broken_barh(spans, (0.0, 1.0), transform=transform, color=LIGHT[name], alpha=0.28, linewidth=0, zorder=1)


def largest_fills(evaluation: Evaluation, asset: int) -> np.ndarray:
    """Return the asset's fills of the largest notional, at most TRADES_SHOWN, in order of time."""
    fills = evaluation.session.fills
    mine = fills[fills["asset"] == asset]
    order = np.argsort(-np.abs(mine["units"] * mine["reference"]), kind="stable")[:TRADES_SHOWN]
    return np.asarray(mine[np.sort(order)])
