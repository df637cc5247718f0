"""The registry as the tables of docs/fees.md: `python -m quantgym.market.fees.table docs/fees.md` writes them."""

import math
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from .registry import FEE_SCHEDULES
from .schedule import FeeRow, FeeSchedule
from .source import Source

__all__ = ["BEGIN", "END", "fee_tables", "with_tables"]

BEGIN = "<!-- fee tables: begin; python -m quantgym.market.fees.table docs/fees.md writes them -->"
END = "<!-- fee tables: end -->"


def _percent(rate: float) -> str:
    return f"{rate * 100:.4f}".rstrip("0").rstrip(".") + " %"


def _plain(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".") if number < math.inf else "none"


def _commission(row: FeeRow) -> tuple[str, ...]:
    if row.per_unit:
        limits = f"at least {_plain(row.min_order)}, at most {_percent(row.max_rate)}"
        return f"{row.min_volume:,.0f}", f"{_plain(row.per_unit)} a unit, {limits}"
    return f"{row.min_volume:,.0f}", f"{_percent(row.maker_rate)} / {_percent(row.taker_rate)}"


def _lines(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return ["", *("| " + " | ".join(cells) + " |" for cells in (header, ("---",) * len(header), *rows)), ""]


def _verdict(row: FeeRow, numbers: dict[Source, int]) -> tuple[str, str]:
    cited = ", ".join(str(numbers.setdefault(source, len(numbers) + 1)) for source in row.sources)
    return "yes" if row.confirmed else f"no: {row.note}", cited


def _schedule(schedule: FeeSchedule, numbers: dict[Source, int]) -> list[str]:
    by_date = [(day, list(rows)) for day, rows in groupby(schedule.rows, key=lambda row: row.from_date)]
    lines = ["", f"### `{schedule.name}`", "", schedule.note[:1].upper() + schedule.note[1:] + "."]
    for name, fraction in schedule.discounts:
        lines.append(f"Discount `{name}`: {_percent(fraction)} off the commission.")
    unit = "units" if schedule.measure == "units" else "notional"
    if not any(row.sell_rate or row.both_per_unit for row in schedule.rows):
        cells = [(row.from_date, *_commission(row), *_verdict(row, numbers)) for row in schedule.rows]
        return [*lines, *_lines(("from", f"{unit} of 30 days", "maker / taker", "confirmed", "sources"), cells)]
    if any(row.per_unit for row in schedule.rows):
        lines += _lines((f"{unit} of 30 days", "commission"), (_commission(row) for row in by_date[0][1]))
    cells = [
        (
            day,
            f"{rows[0].sell_rate * 1e6:.2f}",
            _plain(rows[0].sell_per_unit),
            _plain(rows[0].sell_cap),
            _plain(rows[0].both_per_unit),
            *_verdict(rows[0], numbers),
        )
        for day, rows in by_date
    ]
    header = ("from", "sales, per million", "sales, per unit", "at most", "both sides, per unit", "confirmed", "sources")
    return [*lines, *_lines(header, cells)]


def fee_tables() -> str:
    """Return every schedule of the registry as Markdown, with a numbered list of the sources."""
    numbers: dict[Source, int] = {}
    lines = [line for schedule in FEE_SCHEDULES.values() for line in _schedule(schedule, numbers)]
    lines += ["", "### Sources", "", *(f"{number}. {source}" for source, number in numbers.items()), ""]
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def with_tables(page: str) -> str:
    """Return the text of `page` with the tables between its two marks made anew."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + "\n" + fee_tables() + END + rest.split(END)[1]


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(with_tables(path.read_text()))
