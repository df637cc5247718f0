"""Colours and type of a report, and the canvas that every chart is drawn on."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["DARK", "LIGHT", "Size", "assets_colours", "canvas", "css_variables", "png_bytes", "svg_text"]

Figure = Any  # matplotlib.figure.Figure; matplotlib is imported when something is drawn

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1b1f27",
    "muted": "#646c7a",
    "grid": "#e3e6eb",
    "policy": "#1d5fd1",
    "buy_and_hold": "#c8570a",
    "equal_weight": "#0b7d6e",
    "random": "#868d99",
    "zero_cost": "#7aa5ec",
    "good": "#1a7f3c",
    "bad": "#c22f2f",
    "warn": "#9a6b00",
    "bull": "#4cb56f",
    "bear": "#e0675f",
    "high_vol_chop": "#e3a73d",
    "low_vol_chop": "#8fb4e6",
    "asset0": "#3b6fd4",
    "asset1": "#d9822b",
    "asset2": "#2a9d8f",
    "asset3": "#b0549a",
    "asset4": "#8a9a2b",
    "asset5": "#7a5cc9",
    "asset6": "#c94f63",
    "asset7": "#4f8f4a",
    "cash": "#c9ced6",
}
"""Colours by role on white. Every value is used once, so that a drawing's colours can be turned back into roles."""

DARK = {
    "paper": "#14171c",
    "ink": "#e8eaee",
    "muted": "#9aa3b2",
    "grid": "#2b313b",
    "policy": "#6ea4ff",
    "buy_and_hold": "#ff9a4d",
    "equal_weight": "#3fd0bb",
    "random": "#8b93a1",
    "zero_cost": "#4a76bd",
    "good": "#4cc275",
    "bad": "#ff7b72",
    "warn": "#e0b04a",
    "bull": "#3b9a5b",
    "bear": "#c2554e",
    "high_vol_chop": "#b98429",
    "low_vol_chop": "#55779f",
    "asset0": "#7aa2f7",
    "asset1": "#f0a35e",
    "asset2": "#4cc9b8",
    "asset3": "#d489c3",
    "asset4": "#b5c95a",
    "asset5": "#a58bf0",
    "asset6": "#ee8797",
    "asset7": "#7fc07a",
    "cash": "#4a515d",
}
"""The same roles on a dark page."""

FONT = "DejaVu Sans"


@dataclass(frozen=True)
class Size:
    """Size of a chart in pixels, one point each, and of its type.

    Attributes:
        width: Pixels.
        height: Pixels.
        font: Size of labels.
    """

    width: float
    height: float
    font: float = 12.0

    @property
    def narrow(self) -> bool:
        """Whether it is meant for a phone."""
        return self.width < 520.0


def canvas(size: Size, draw: Callable[[Figure], None]) -> Figure:
    """Return a figure of `size` in the light colours with `draw` done on it; global settings stay as they were."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    style: Any = _style(size.font)
    with rc_context(style):
        figure = Canvas(figsize=(size.width / 72.0, size.height / 72.0), dpi=72, layout="constrained")
        figure.get_layout_engine().set(w_pad=0.06, h_pad=0.04, hspace=0.06, wspace=0.04)  # type: ignore[union-attr,call-arg]
        draw(figure)
    return figure


def svg_text(figure: Figure, salt: str) -> str:
    """Return the figure as inline SVG whose colours are the page's variables; the same figure and salt give the same text.

    Args:
        figure: What `canvas` returned.
        salt: Makes the ids of this drawing its own; unique on a page.
    """
    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "font.family": FONT}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\s(width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(rf"font(-family)?: ([^;\"]*?)'{FONT}'[^;\"]*", r"font\1: \2system-ui, sans-serif", text)
    text = re.sub(r'\sxmlns(:xlink)?="[^"]*"', "", text, count=2)  # a page of HTML knows them
    text = re.sub(r'<g id="[A-Za-z0-9.]+_\d+"\s*/>', "", text)
    text = re.sub(r'<g id="[A-Za-z0-9.]+_\d+">', "<g>", text)
    text = re.sub(r' (d|x|y|width|height|transform)="[^"]*"', _to_tenths, text)
    for role, colour in LIGHT.items():
        text = re.sub(colour, f"var(--{role})", text, flags=re.IGNORECASE)
    return re.sub(r">\s+<", "><", text)


def _to_tenths(attribute: "re.Match[str]") -> str:
    """Cut the numbers of an attribute to tenths of a pixel."""
    return re.sub(r"(\d\.\d)\d+", r"\1", attribute.group())


def png_bytes(figure: Figure, scale: float = 2.0) -> bytes:
    """Return the figure as PNG on white, `scale` pixels a point."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=72.0 * scale, facecolor=LIGHT["paper"], metadata={"Software": None})
    return out.getvalue()


def css_variables() -> str:
    """Return the colours as CSS variables: light by default, dark where the reader asks for it."""
    light = "".join(f"--{role}:{colour};" for role, colour in LIGHT.items())
    dark = "".join(f"--{role}:{colour};" for role, colour in DARK.items())
    return f":root{{color-scheme:light dark;{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def assets_colours(n_assets: int) -> list[str]:
    """Return a colour for each asset; they repeat after eight."""
    return [LIGHT[f"asset{index % 8}"] for index in range(n_assets)]


def _style(font: float) -> dict[str, Any]:
    return {
        "font.family": FONT,
        "font.size": font,
        "text.color": LIGHT["ink"],
        "axes.edgecolor": LIGHT["grid"],
        "axes.labelcolor": LIGHT["muted"],
        "axes.labelsize": font,
        "axes.titlesize": font,
        "axes.titlecolor": LIGHT["ink"],
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.linewidth": 1.0,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "grid.color": LIGHT["grid"],
        "grid.linewidth": 1.0,
        "xtick.color": LIGHT["muted"],
        "ytick.color": LIGHT["muted"],
        "xtick.labelsize": font * 0.94,
        "ytick.labelsize": font * 0.94,
        "xtick.major.size": 0.0,
        "ytick.major.size": 0.0,
        "xtick.minor.size": 0.0,
        "lines.linewidth": 1.6,
        "lines.solid_joinstyle": "round",
        "path.simplify": True,
        "path.simplify_threshold": 0.4,
        "legend.frameon": False,
        "legend.fontsize": font * 0.94,
        "figure.facecolor": LIGHT["paper"],
        "axes.facecolor": "none",
    }
