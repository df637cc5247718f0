"""The trials of a search as lines across one axis for each setting and one for the metric."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...evaluation.theme import LIGHT, Size, canvas, png_bytes
from ..board.picture import round_ticks
from .dimension import Choice, LogUniform
from .search_result import SearchResult
from .trial_record import TrialRecord

__all__ = ["draw_parallel_coordinates", "write_parallel_coordinates"]

NAME = "parallel_coordinates"
HEIGHT, WIDTH_OF_AXIS = 440.0, 150.0
FAN = 0.035
CLEAR = 0.05
COLOURS = ("#b4bccb", "#1d5fd1")
"""From the poorest trial to the best: grey to the colour of the policy."""


@dataclass(frozen=True)
class Scale:
    """One vertical axis from 0 to 1.

    Attributes:
        title: Above it.
        ticks: (height, label).
        heights: Of each trial's value, in the order of the trials.
    """

    title: str
    ticks: tuple[tuple[float, str], ...]
    heights: tuple[float, ...]


def write_parallel_coordinates(result: SearchResult, folder: Path) -> tuple[Path, Path]:
    """Write `parallel_coordinates.svg` and `.png` into `folder`; return their paths.

    Raises:
        OSError: They cannot be written.
    """
    from matplotlib import rc_context

    scales = _scales(result)
    figure = canvas(Size(max(640.0, WIDTH_OF_AXIS * len(scales)), HEIGHT), lambda empty: draw_parallel_coordinates(empty, result))
    svg, png = folder / f"{NAME}.svg", folder / f"{NAME}.png"
    with rc_context({"svg.hashsalt": NAME}):
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None}, facecolor=LIGHT["paper"])
    png.write_bytes(png_bytes(figure))
    return svg, png


def draw_parallel_coordinates(figure: Any, result: SearchResult) -> None:
    """Draw on an empty matplotlib figure every trial that left a policy: the best in front, those stopped early dashed."""
    from matplotlib.colors import LinearSegmentedColormap

    ranking, scales, settings = result.ranking, _scales(result), result.search.settings
    ax = figure.add_subplot()
    ax.grid(visible=False)
    tint = LinearSegmentedColormap.from_list(NAME, COLOURS)
    worst = max(len(ranking) - 1, 1)
    for place, trial in reversed(list(enumerate(ranking))):
        heights = [scale.heights[place] for scale in scales]
        best = place == 0
        colour = LIGHT["buy_and_hold"] if best else tint(1.0 - place / worst)
        style = (0, (4, 2.5)) if trial.status == "stopped" else "-"
        x, y = _curve(heights)
        ax.plot(x, y, color=colour, linewidth=2.6 if best else 1.4, linestyle=style, zorder=3 if best else 2)
    for place, scale in enumerate(scales):
        ax.axvline(place, 0.0, 1.0, color=LIGHT["muted"], linewidth=1.0, zorder=4)
        for height, label in scale.ticks:
            box = {"facecolor": LIGHT["paper"], "edgecolor": "none", "alpha": 0.85, "pad": 1.2}
            ax.plot([place - 0.015, place + 0.015], [height, height], color=LIGHT["muted"], linewidth=1.0, zorder=5)
            ax.annotate(
                label, (place, height), xytext=(-6, 0), textcoords="offset points", ha="right", va="center", zorder=6, bbox=box
            )
    ax.set_xticks(range(len(scales)), [scale.title for scale in scales])
    ax.xaxis.set_ticks_position("top")
    ax.tick_params(axis="x", colors=LIGHT["ink"], pad=12)
    for side in ("top", "bottom", "left", "right"):
        ax.spines[side].set_visible(False)
    ax.set_yticks([])
    ax.set_xlim(-0.55, len(scales) - 0.55)
    ax.set_ylim(-0.06, 1.06)
    stopped = sum(trial.status == "stopped" for trial in ranking)
    text = f"{settings.name}: {len(ranking)} trials, the best (number {ranking[0].number}) in orange, the others bluer the better"
    ax.set_xlabel(text + (f"; dashed: {stopped} stopped early" if stopped else ""), labelpad=10)


def _scales(result: SearchResult) -> list[Scale]:
    ranking, search = result.ranking, result.search
    scales = [_scale(path, dimension, ranking) for path, dimension in search.space.items()]
    values = [one.value for one in ranking if one.value is not None]
    low, high = min(values), max(values)
    if search.settings.mode == "min":
        low, high = high, low  # the best stands on top
    best = [(_share(values[0], low, high), f"{values[0]:.4g}")]
    round_ones = round_ticks(min(low, high), max(low, high), most=6).tolist() if low != high else []
    shown = [(_share(tick, low, high), f"{tick:.10g}") for tick in round_ones]
    clear = [one for one in shown if abs(one[0] - best[0][0]) > CLEAR]  # the best says its number; no other stands in its way
    return [*scales, Scale(search.settings.metric, (*clear, *best), tuple(_share(value, low, high) for value in values))]


def _scale(path: str, dimension: Any, ranking: Sequence[TrialRecord]) -> Scale:
    values = [trial.settings[path] for trial in ranking]
    if isinstance(dimension, Choice):
        texts, last = [json.dumps(value, sort_keys=True) for value in dimension.values], len(dimension.values) - 1
        places = {text: place / last for place, text in enumerate(texts)}
        labels = tuple((height, value if len(value) <= 18 else f"{value[:17]}…") for value, height in places.items())
        return Scale(path, labels, _fanned([places[json.dumps(value, sort_keys=True)] for value in values]))
    low, high = dimension.ends
    if isinstance(dimension, LogUniform):
        decades = [10.0**power for power in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)]
        ticks: list[float] = decades if len(decades) > 1 else [low, math.sqrt(low * high), high]
        low_, high_ = math.log(low), math.log(high)
        return Scale(
            path,
            tuple((_share(math.log(tick), low_, high_), f"{tick:.3g}") for tick in ticks),
            tuple(_share(math.log(value), low_, high_) for value in values),
        )
    count = min(5, int(high - low) + 1) if isinstance(low, int) else 5
    ticks = [low + (high - low) * place / (count - 1) for place in range(count)]
    if isinstance(low, int):
        ticks = sorted({round(tick) for tick in ticks})
    shown = tuple((_share(tick, low, high), f"{tick:.4g}") for tick in ticks)
    return Scale(path, shown, tuple(_share(value, low, high) for value in values))


def _fanned(heights: Sequence[float]) -> tuple[float, ...]:
    """Spread lines that meet in one choice a little, the better ones above, so that they can be told apart."""
    spread = []
    for place, height in enumerate(heights):
        together = [other for other, same in enumerate(heights) if same == height]
        reach = min(FAN, 0.008 * (len(together) - 1))
        rank = together.index(place) / max(len(together) - 1, 1)
        spread.append(height + reach * (1.0 - 2.0 * rank))
    return tuple(spread)


def _share(value: float, low: float, high: float) -> float:
    return 0.5 if low == high else (value - low) / (high - low)


def _curve(heights: Sequence[float], points: int = 24) -> tuple[list[float], list[float]]:
    """Return a line through the heights at 0, 1, 2, ... that crosses every axis level, so that it can be followed."""
    x, y = [], []
    for place, (begin, end) in enumerate(pairwise(heights)):
        for step in range(points + (place == len(heights) - 2)):
            share = step / points
            x.append(place + share)
            y.append(begin + (end - begin) * (3.0 * share**2 - 2.0 * share**3))
    return x, y
