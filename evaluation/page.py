"""Pieces of a page: escaped text, tables, tiles, legends, charts in two widths."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

from .evaluation import Evaluation
from .style import style_sheet
from .theme import Size, canvas, svg_text

__all__ = ["Markup", "chart", "document", "legend", "row", "section", "signed", "table", "text"]

NARROW = 360.0
WIDE = 1040.0


class Markup(str):
    """Text that is HTML already; everything else is escaped."""

    __slots__ = ()


def text(value: object) -> str:
    """Return `value` as HTML, escaped unless it is `Markup`; a hyphen before a digit becomes a minus sign."""
    if isinstance(value, Markup):
        return value
    return signed(escape(str(value)))


def signed(value: str) -> str:
    """Return the text with true minus signs before numbers."""
    out = value
    for before in (" ", "[", "(", ">"):
        for digit in "0123456789":
            out = out.replace(f"{before}-{digit}", f"{before}\N{MINUS SIGN}{digit}")
    return "\N{MINUS SIGN}" + out[1:] if out[:1] == "-" and out[1:2].isdigit() else out


def row(cells: Iterable[object], tag: str = "td", classes: Sequence[str] = ()) -> str:
    """Return a row of a table; `classes` are those of its cells, in order."""
    parts = []
    for index, cell in enumerate(cells):
        name = classes[index] if index < len(classes) and classes[index] else ""
        attribute = f' class="{name}"' if name else ""
        parts.append(f"<{tag}{attribute}>{text(cell)}</{tag}>")
    return f"<tr>{''.join(parts)}</tr>"


def table(
    head: Sequence[object], rows: Iterable[Sequence[object]], *, caption: str = "", name: str = "", classes: Sequence[str] = ()
) -> Markup:
    """Return a table that scrolls sideways on a narrow screen."""
    title = f'<p class="sub">{text(caption)}</p>' if caption else ""
    top = f"<thead>{row(head, 'th', classes)}</thead>" if head else ""
    body = "".join(row(one, classes=classes) for one in rows)
    attribute = f' class="{name}"' if name else ""
    return Markup(f'{title}<div class="scroll"><table{attribute}>{top}<tbody>{body}</tbody></table></div>')


def legend(entries: Iterable[tuple[str, str, str]]) -> Markup:
    """Return a legend of (label, role of its colour, shape): shape is `line`, `dash`, `box` or `pale`."""
    items = []
    for label, role, shape in entries:
        kind = {"line": "", "dash": "dash", "box": "box", "pale": "box pale"}[shape]
        colour = f"background:var(--{role});border-color:var(--{role})"
        items.append(f'<li><i class="{kind}" style="{colour}"></i>{text(label)}</li>')
    return Markup(f'<ul class="legend">{"".join(items)}</ul>')


def chart(
    evaluation: Evaluation,
    name: str,
    draw: Callable[..., Any],
    label: str,
    caption: object = "",
    *,
    height: float,
    narrow_height: float | None = None,
    width: float = WIDE,
    panels: bool = False,
) -> Markup:
    """Return a chart as inline SVG in two widths, of which the page shows one.

    Args:
        evaluation: What is drawn.
        name: Unique on the page.
        draw: `draw(axes, evaluation, narrow=...)`, or with a figure in place of axes where `panels`.
        label: What it shows, for readers who cannot see it.
        caption: Below it.
        height: Pixels in the wide form.
        narrow_height: Pixels on a phone; None: the same.
        width: Pixels of the wide form.
        panels: Whether `draw` makes its own axes.
    """
    forms = []
    for form, size in (("wide", Size(width, height, 12.0)), ("narrow", Size(NARROW, narrow_height or height, 11.0))):

        def draw_on(figure: Any, narrow: bool = size.narrow) -> None:
            draw(figure if panels else figure.subplots(), evaluation, narrow=narrow)

        drawing = svg_text(canvas(size, draw_on), f"{name}-{form}")
        drawing = drawing.replace("<svg ", f'<svg role="img" aria-label="{escape(label, quote=True)}" ', 1)
        forms.append(f'<div class="{form}">{drawing}</div>')
    below = f"<figcaption>{text(caption)}</figcaption>" if caption else ""
    return Markup(f"<figure>{''.join(forms)}{below}</figure>")


def section(title: str, *parts: object) -> Markup:
    """Return a section with its heading."""
    return Markup(f"<section><h2>{text(title)}</h2>{''.join(text(part) for part in parts)}</section>")


def document(title: str, body: str) -> str:
    """Return the whole page; it asks for nothing outside itself."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{text(title)}</title><style>{style_sheet()}</style></head>'
        f"<body><main>{body}</main></body></html>\n"
    )
