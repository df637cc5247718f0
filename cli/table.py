"""What commands print: a short table on stdout for people, one JSON document for machines."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer

__all__ = ["print_facts", "print_json", "print_table", "table_lines"]


def print_facts(facts: Mapping[str, object]) -> None:
    """Print `name  value` lines, names aligned; a list continues under itself."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        first, *rest = value if isinstance(value, list) else [value]
        typer.echo(f"{name:<{width}}   {first}")
        for line in rest:
            typer.echo(f"{'':<{width}}   {line}")


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a header; the first column left, the others right aligned."""
    for line in table_lines(header, rows):
        typer.echo(line)


def table_lines(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return the lines of a table: the first column left, the others right aligned."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    lines = []
    for row in cells:
        line = [f"{row[0]:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("   ".join(line).rstrip())
    return lines


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document, keys in their order."""
    typer.echo(json.dumps(document, indent=2, default=str))
