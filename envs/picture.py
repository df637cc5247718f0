"""Pictures and tables of a running episode."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..data.instant import iso
from ..data.tape import Tape
from ..market.account import COSTS
from ..market.desk import Books
from .history import Episode

__all__ = ["chart", "table"]

DOTS = 100
LEGEND = 8  # assets that are named
BOUGHT, SOLD, LOSS = "#1a7f37", "#cf222e", "#f6c6c6"


def chart(tape: Tape, episode: Episode, title: str, *, caption: str = "", levels: Mapping[str, float] | None = None,
          size: tuple[int, int] = (640, 480)) -> np.ndarray:  # fmt: skip
    """Return a picture of an episode so far, uint8 (height, width, 3); the same bytes for the same episode.

    From above: prices with fills (bought upwards, sold downwards; one asset: its price, several: relative to the first one),
    exposure, equity with what it is below its highest, costs so far.

    Args:
        tape: What is traded.
        episode: What has happened.
        title: Name of the environment.
        caption: A line on the task.
        levels: Prices to be drawn, by name; one asset alone.
        size: Width and height, pixels.
    """
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.context("default"):
        figure: Any = Figure(figsize=(size[0] / DOTS, size[1] / DOTS), dpi=DOTS, layout="constrained")
        canvas: Any = FigureCanvasAgg(figure)
        panels = figure.subplots(4, 1, sharex=True, gridspec_kw={"height_ratios": (3.2, 1.2, 1.6, 1.0)})
        first, last = iso(tape.close_at[episode.rows[0]])[:16], iso(tape.close_at[episode.rows[-1]])[:16]
        figure.suptitle(f"{title} · {tape.name} · {first} to {last}" + (f"\n{caption}" if caption else ""), fontsize=8)
        _prices(panels[0], tape, episode, levels or {})
        _account(panels[1:], tape, episode)
        for panel in panels:
            panel.tick_params(labelsize=7)
            panel.grid(alpha=0.25, linewidth=0.5)
            panel.margins(x=0.01)
        panels[-1].set_xlabel("bars since the episode began", fontsize=7)
        figure.align_ylabels(panels)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def table(tape: Tape, books: Books, env: int, title: str, caption: str = "") -> str:
    """Return account, costs and open positions of sub-environment `env` as lines of text."""
    account, row = books.account[env], int(books.rows[env])
    equity, costs = account["equity"], {line: account[line] for line in COSTS if account[line] != 0.0}
    share = books.values[env] / equity if equity > 0.0 else np.zeros(books.n_assets)
    lines = [
        f"{title}   {iso(tape.close_at[row])}   row {row} of {tape.name}",
        f"equity {equity:,.2f} {tape.currency} ({equity / account['initial_equity'] - 1.0:+.2%})   cash {account['cash']:,.2f}   "
        f"drawdown {1.0 - equity / account['peak_equity']:.2%}",
        f"exposure {share.sum():+.2f} net, {np.abs(share).sum():.2f} gross   fills {account['n_fills']}   "
        f"working {account['n_working']}",
        f"costs {sum(costs.values()):,.2f} {tape.currency}" + "".join(f"   {line} {paid:,.2f}" for line, paid in costs.items()),
    ]
    lines += [caption] if caption else []
    held = books.position[env]
    if (held["units"] != 0.0).any():
        lines.append(f"  {'asset':<10} {'units':>16} {'average':>12} {'mark':>12} {'gain':>8} {'weight':>8}")
    for symbol, one, weight in zip(tape.symbols, held, share, strict=True):
        if one["units"] != 0.0:
            gain = (one["mark"] / one["average_price"] - 1.0) * np.sign(one["units"]) if one["average_price"] > 0.0 else 0.0
            prices = f"{one['average_price']:>12,.6g} {one['mark']:>12,.6g}"
            lines.append(f"  {symbol:<10} {one['units']:>16,.6g} {prices} {gain:>+8.2%} {weight:>+8.2%}")
    return "\n".join(lines)


def _prices(panel: Any, tape: Tape, episode: Episode, levels: Mapping[str, float]) -> None:
    rows, fills, alone = episode.rows, episode.fills, tape.n_assets == 1
    scale = np.ones((len(rows), tape.n_assets))
    if tape.has_terms and not alone:  # growth of one unit: a split is no fall
        scale[1:] = np.cumprod(tape.terms["split"][rows[1:]], axis=0)
    close, bars = tape.close[rows] * scale, np.arange(len(rows))
    for asset, symbol in enumerate(tape.symbols):
        listed = close[:, asset] > 0.0
        if not listed.any():
            continue
        base = 1.0 if alone else close[listed, asset][0]
        colour = "black" if alone else f"C{asset % 10}"
        label = symbol if asset < LEGEND and not alone else None
        panel.plot(bars[listed], close[listed, asset] / base, color=colour, linewidth=1.0, label=label)
        for sign, marker, ink in ((1, "^", BOUGHT), (-1, "v", SOLD)):
            own = fills[(fills["asset"] == asset) & (np.sign(fills["lots"]) == sign)]
            if len(own):
                at = own["row"] - rows[0]
                panel.plot(at, own["price"] * scale[at, asset] / base, marker, color=ink, markersize=4.5, markeredgecolor="white",
                           markeredgewidth=0.3, zorder=3, label={1: "bought", -1: "sold"}[sign] if alone else None)  # fmt: skip
    if alone:
        for name, price in levels.items():
            panel.axhline(price, color="#0969da", linewidth=0.8, linestyle="--", label=f"{name} {price:,.6g}")
    panel.set_ylabel(f"{tape.symbols[0][:12]} [{tape.instruments[0].quote_currency}]" if alone else "close / first", fontsize=7)
    if panel.get_legend_handles_labels()[1]:
        panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), fontsize=6.5, frameon=False, handlelength=1.2, borderaxespad=0.2)


def _account(panels: Any, tape: Tape, episode: Episode) -> None:
    exposure, worth, spent = panels
    bars, equity = np.arange(len(episode.rows)), episode.equity
    net, gross = episode.weights.sum(axis=1), np.abs(episode.weights).sum(axis=1)
    exposure.step(bars, 100.0 * net, where="post", color="#8250df", linewidth=1.0)
    if (gross != np.abs(net)).any():
        exposure.step(bars, 100.0 * gross, where="post", color="#8250df", linewidth=0.8, linestyle=":")
    exposure.axhline(0.0, color="grey", linewidth=0.5)
    exposure.set_ylabel("exposure [%]", fontsize=7)
    highest = np.maximum.accumulate(equity)
    unit, name = (1e6, "m ") if highest.max() >= 1e7 else (1e3, "k ") if highest.max() >= 1e4 else (1.0, "")
    worth.fill_between(bars, equity / unit, highest / unit, color=LOSS, linewidth=0.0)
    worth.plot(bars, equity / unit, color="black", linewidth=1.0)
    worth.set_ylabel(f"equity [{name}{tape.currency}]", fontsize=7)
    worth.text(1.01, 0.5, f"{equity[-1] / equity[0] - 1.0:+.2%}\ndrawdown\n{1.0 - equity[-1] / highest[-1]:.2%}\nworst\n"
               f"{(1.0 - equity / highest).max():.2%}", transform=worth.transAxes, fontsize=6.5, va="center")  # fmt: skip
    costs = episode.costs - episode.costs[0]
    spent.fill_between(bars, costs, color="#bf8700", alpha=0.5, linewidth=0.0, step="post")
    spent.set_ylabel(f"costs [{tape.currency}]", fontsize=7)
    spent.text(1.01, 0.5, f"{costs[-1]:,.2f}", transform=spent.transAxes, fontsize=6.5, va="center")
