"""A small canvas: panels with axes, lines and dots, drawn with Pillow in some ten milliseconds.

What TensorBoard shows while training goes on must cost next to nothing; matplotlib, which draws the report, takes five times as
long for a figure, and half a second to be imported.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from ...evaluation.theme import LIGHT

__all__ = ["Panel", "Picture", "padded", "round_ticks"]

SCALE = 2  # drawn twice as large and averaged: smooth edges
MOST_POINTS = 1000  # of a line: no screen shows more
FONT_SIZE = 16  # TensorBoard shows pictures at some 350 pixels until they are clicked

Colour = str


@lru_cache(maxsize=4)
def font(size: int) -> Any:
    """Return Pillow's own scalable font."""
    from PIL import ImageFont

    return ImageFont.load_default(size * SCALE)


@dataclass
class Panel:
    """A rectangle with two axes, in pixels of the picture.

    Attributes:
        left, top, right, bottom: The inside of the axes.
        x: Lowest and highest value across.
        y: Lowest and highest value upwards.
    """

    draw: Any = field(repr=False)
    left: float
    top: float
    right: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, values: np.ndarray) -> np.ndarray:
        """Return x values in drawn pixels."""
        low, high = self.x
        return (self.left + (np.asarray(values, np.float64) - low) / ((high - low) or 1.0) * (self.right - self.left)) * SCALE

    def upwards(self, values: np.ndarray) -> np.ndarray:
        """Return y values in drawn pixels."""
        low, high = self.y
        return (self.bottom - (np.asarray(values, np.float64) - low) / ((high - low) or 1.0) * (self.bottom - self.top)) * SCALE

    def rows(self, ticks: Sequence[tuple[float, str]]) -> None:
        """Draw a line and a label at each (y, text)."""
        for value, text in ticks:
            at = float(self.upwards(np.array(value)))
            self.draw.line([self.left * SCALE, at, self.right * SCALE, at], fill=LIGHT["grid"], width=SCALE)
            self.text(self.left - 8, at / SCALE, text, anchor="rm")

    def columns(self, ticks: Sequence[tuple[float, str]]) -> None:
        """Write a label under the panel at each (x, text)."""
        for value, text in ticks:
            self.text(float(self.across(np.array(value))) / SCALE, self.bottom + 8, text, anchor="ma")

    def line(self, x: np.ndarray, y: np.ndarray, colour: Colour, width: float = 1.6) -> None:
        """Draw y (n,) over x (n,)."""
        self.draw.line(self._points(x, y), fill=colour, width=round(width * SCALE), joint="curve")

    def area(self, x: np.ndarray, y: np.ndarray, colour: Colour) -> None:
        """Fill between y (n,) and 0."""
        base = float(self.upwards(np.array(0.0)))
        points = self._points(x, y)
        self.draw.polygon([points[0], base, *points, points[-2], base], fill=colour)

    def dot(self, x: float, y: float, colour: Colour, radius: float = 3.5) -> None:
        """Draw a disc."""
        at, up, reach = float(self.across(np.array(x))), float(self.upwards(np.array(y))), radius * SCALE
        self.draw.ellipse([at - reach, up - reach, at + reach, up + reach], fill=colour)

    def note(self, x: float, y: float, text: str) -> None:
        """Write above a point."""
        at, up = float(self.across(np.array(x))) / SCALE, float(self.upwards(np.array(y))) / SCALE
        self.text(at, up - 8, text, anchor="mb", colour=LIGHT["ink"])

    def text(self, x: float, y: float, text: str, *, anchor: str = "la", colour: Colour = LIGHT["muted"],
             size: int = FONT_SIZE) -> None:  # fmt: skip
        """Write at a pixel of the picture."""
        self.draw.text((x * SCALE, y * SCALE), text, font=font(size), fill=colour, anchor=anchor)

    def _points(self, x: np.ndarray, y: np.ndarray) -> list[float]:
        kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).round().astype(np.int64))
        both = np.stack([self.across(np.asarray(x)[kept]), self.upwards(np.asarray(y)[kept])], axis=1)
        points: list[float] = both.ravel().tolist()
        return points


class Picture:
    """White paper with a title and a legend.

    Args:
        title: Above everything.
        legend: (name, colour) of each line, in a row under the title.
        width: Pixels.
        height: Pixels.
    """

    def __init__(self, title: str, legend: Sequence[tuple[str, Colour]] = (), width: int = 620, height: int = 430) -> None:
        from PIL import Image, ImageDraw

        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * SCALE, height * SCALE), LIGHT["paper"])
        self._draw = ImageDraw.Draw(self._image)
        whole = self.panel(0, 0, width, height, (0.0, 1.0), (0.0, 1.0))
        whole.text(14, 10, title, colour=LIGHT["ink"], size=18)
        at = 14.0
        for name, colour in legend:
            self._draw.line([at * SCALE, 51 * SCALE, (at + 20) * SCALE, 51 * SCALE], fill=colour, width=3 * SCALE)
            whole.text(at + 27, 51, name, anchor="lm", colour=LIGHT["ink"])
            at += 27 + self._draw.textlength(name, font=font(FONT_SIZE)) / SCALE + 22

    def panel(self, left: float, top: float, right: float, bottom: float, x: tuple[float, float], y: tuple[float, float]) -> Panel:
        """Return axes whose inside is this rectangle."""
        return Panel(self._draw, left, top, right, bottom, x, y)

    def png(self) -> bytes:
        """Return the picture as PNG of `width` x `height`."""
        out = io.BytesIO()
        self._image.reduce(SCALE).save(out, "png", compress_level=1)
        return out.getvalue()


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """Return a range with some room; a range of nothing gets some width."""
    room = (high - low) * share or abs(high) * share or 1.0
    return low - room, high + room


def round_ticks(low: float, high: float, most: int = 5) -> np.ndarray:
    """Return round numbers inside [low, high], at most about `most`: steps of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw)) if raw > 0.0 else 1.0
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw or factor == 10.0)
    ticks: np.ndarray = np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step
    return ticks
