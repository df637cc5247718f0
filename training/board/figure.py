"""The figures of a run: equity and drawdown against baselines, entropy against turnover."""

from collections.abc import Mapping, Sequence

import numpy as np

from ...evaluation.drawdown import drawdown_path
from ...evaluation.theme import LIGHT
from ..validation import Showing
from .picture import Picture, padded, round_ticks
from .time_tick import time_ticks

__all__ = ["entropy_picture", "equity_picture"]

NAMES = {"policy": "policy", "buy_and_hold": "buy and hold", "equal_weight": "equal weight"}
PALE_POLICY = "#d5e2f7"
FIRST, LAST = (0xC9, 0xD9, 0xF4), (0x1D, 0x5F, 0xD1)  # colours of the first and the last iteration


def equity_picture(showing: Showing, baselines: Mapping[str, Showing], step: int) -> Picture:
    """Return equity over that at the start above the drawdown from its peak, of the policy and the baselines, over time."""
    lines = {**baselines, "policy": showing}
    legend = [(NAMES.get(name, name), _colour(name)) for name in reversed(lines)]
    picture = Picture(f"Validation after {step:,} steps: equity and drawdown", legend)
    first, last = int(showing.closes[0]), int(showing.closes[-1])
    falls = {name: drawdown_path(one.equity) for name, one in lines.items()}
    lowest = min(float(fall.min()) for fall in falls.values())
    low, high = min(float(one.equity.min()) for one in lines.values()), max(float(one.equity.max()) for one in lines.values())
    above = picture.panel(66, 76, 606, 268, (first, last), padded(low, high))
    below = picture.panel(66, 286, 606, 392, (first, last), (min(lowest * 1.06, -1e-6), 0.0))
    above.rows([(value, f"{value:.10g}") for value in round_ticks(*above.y)])
    below.rows([(value, f"{100.0 * value:.10g} %") for value in round_ticks(*below.y, most=3)])
    below.columns(time_ticks(first, last, most=5))
    below.area(showing.closes, falls["policy"], PALE_POLICY)
    for name, one in lines.items():
        width = 2.2 if name == "policy" else 1.4
        above.line(one.closes, one.equity, _colour(name), width)
        below.line(one.closes, falls[name], _colour(name), 1.6 if name == "policy" else 1.1)
    return picture


def entropy_picture(path: Sequence[tuple[int, float, float]]) -> Picture | None:
    """Return entropy across and turnover upwards, a dot an iteration, pale at first and dark at last; None below two dots.

    Args:
        path: (step, entropy in nats, turnover in percent of equity a bar) of each iteration, in order.
    """
    if len(path) < 2:
        return None
    steps, entropy, turnover = (np.array(column, np.float64) for column in zip(*path, strict=True))
    picture = Picture(f"Entropy against turnover, {int(steps[0]):,} to {int(steps[-1]):,} steps")
    x, y = padded(float(entropy.min()), float(entropy.max())), padded(float(turnover.min()), float(turnover.max()))
    panel = picture.panel(82, 80, 594, 386, x, y)
    panel.rows([(value, f"{value:.10g} %") for value in round_ticks(*y)])
    panel.columns([(value, f"{value:.10g}") for value in round_ticks(*x, most=5)])
    panel.text(14, 52, "upwards: turnover, % of equity a bar; across: entropy, nats", anchor="lm")
    panel.line(entropy, turnover, LIGHT["cash"], 1.4)
    for index in np.unique(np.linspace(0, len(path) - 1, min(len(path), 200)).round().astype(np.int64)).tolist():
        panel.dot(float(entropy[index]), float(turnover[index]), _between(index / (len(path) - 1)))
    for index, word in ((0, "first"), (len(path) - 1, "last")):
        panel.note(float(entropy[index]), float(turnover[index]), word)
    return picture


def _between(share: float) -> str:
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(FIRST, LAST, strict=True))


def _colour(name: str) -> str:
    return LIGHT.get(name, LIGHT["muted"])
