"""How runs look in tables."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from ..training.registry.comparison import Comparison
    from ..training.registry.entry import Entry
    from ..training.registry.stage import Promotion

__all__ = ["LIST", "comparison_tables", "cures", "list_row", "promotion_facts", "show_facts", "unknown_runs"]

LIST = ("run", "id", "name", "stage", "status", "began", "steps", "validation")
DIGITS = 12
WIDE = 40


def list_row(entry: "Entry") -> tuple[str, ...]:
    """Return the cells of one run under `LIST`."""
    steps = entry.metrics.get("steps")
    return (
        entry.run, entry.short, entry.name, entry.stage, entry.status, _time(entry.facts.get("started_at_ns")),
        "" if steps is None else f"{steps:,.0f}", _reached(entry.metrics),
    )  # fmt: skip


def cures(entries: "Sequence[Entry]") -> Iterator[str]:
    """Yield what is wrong with the entries, and what mends it."""
    for one in entries:
        status = one.status
        if status == "half deleted":
            yield f"{one.short}: its deletion was cut off; quantgym runs delete {one.short} --yes ends it"
        elif status == "half entered":
            yield f"{one.short}: its entry was cut off; quantgym runs import {one.folder} ends it"
        elif status == "missing":
            yield f"{one.short}: {one.folder} is missing; quantgym runs import FOLDER finds it, quantgym runs delete forgets it"
        elif status == "killed":
            yield f"{one.short}: was killed; quantgym resume {one.folder} goes on with it"
        elif status != one.entered:
            yield f"{one.short}: entered as {one.entered}, now {status}; quantgym runs import {one.folder} renews its entry"


def unknown_runs(folders: "Sequence[Path]") -> Iterator[str]:
    """Yield what is to be said of run folders that are not in the registry."""
    if folders:
        first, more = folders[0], f" and {len(folders) - 1} more" if len(folders) > 1 else ""
        place = first.parent if more else first
        cure = f"quantgym runs import {place} enters what is there"
        yield f"{first.name}{more}: not in the registry, perhaps killed before the end; {cure}"


def show_facts(entry: "Entry", others: "Sequence[Entry]") -> dict[str, Any]:
    """Return what `runs show` prints."""
    facts = entry.facts
    code = [str(facts.get("code.version", "unknown"))]
    if "code.commit" in facts:
        code.append(f"commit {str(facts['code.commit'])[:DIGITS]}" + (" with changes" if facts.get("code.dirty") else ""))
    parents = [one for one in others if one.key == facts.get("parent")]
    figures = sorted((name.removeprefix("validation/"), value) for name, value in entry.metrics.items() if "validation/" in name)
    counted = [f"{entry.metrics[name]:,.0f} {name}" for name in ("steps", "iterations", "seconds") if name in entry.metrics]
    children = [f"{one.run} ({one.short})" for one in others if one.facts.get("parent") in (entry.key, entry.id)]
    shown: dict[str, Any] = {
        "run": f"{entry.run} ({entry.id})",
        "name": entry.name,
        "stage": entry.stage,
        "status": entry.status,
        "error": facts.get("error"),
        "folder": str(entry.folder),
        "began": _time(facts.get("started_at_ns")),
        "ended": _time(facts.get("ended_at_ns")),
        "job": str(facts.get("job_digest", ""))[:DIGITS],
        "tape": f"{facts['tape']} ({str(facts.get('tape_digest'))[:DIGITS]})" if "tape" in facts else None,
        "bundle": str(facts.get("bundle", ""))[:DIGITS],
        "code": ", ".join(code),
        "with": ", ".join(f"{name} {version}" for name, version in entry.versions.items()),
        "parent": f"{parents[0].run} ({parents[0].short})" if parents else facts.get("parent"),
        "children": children,
        "trained": ", ".join(counted),
        "validation": [f"{name} {value:.6g}" for name, value in figures],
        "promotions": [f"{_time(one.at_ns)} {one.before} -> {one.stage}: {one.reason}" for one in entry.promotions],
    }
    return {name: value for name, value in shown.items() if value}


def promotion_facts(made: "Promotion", before: "Sequence[Entry]", after: "Sequence[Entry]") -> Mapping[str, Any]:
    """Return what `runs promote` prints: who came, who went."""
    was = {one.id: one.stage for one in before}
    moved = [one for one in after if one.id != made.run and one.stage != was.get(one.id, one.stage)]
    run = next(one for one in after if one.id == made.run)
    facts: dict[str, Any] = {
        "promoted": f"{run.run} ({run.short}) from {made.before} to {made.stage}",
        "bundle": "not needed" if made.bundle is None else f"{made.bundle[:DIGITS]}, loaded and replayed",
        "reason": made.reason,
    }
    return facts | ({"archived": [f"{one.run} ({one.short})" for one in moved]} if moved else {})


def comparison_tables(done: "Comparison", everything: bool) -> Iterator[tuple[Sequence[str], list[list[str]]]]:
    """Yield header and rows of each table of `runs compare`; a table without rows is left out."""
    runs = [f"{one.run} {one.short}" for one in done.runs]
    settings = [[name, *(_brief(value) for value in values)] for name, values in done.settings.items()]
    yield ("settings that differ", *runs), settings or [["none", *("" for _ in runs)]]
    if done.lineage:
        lineage = [[name, *(_brief(value) for value in values)] for name, values in done.lineage.items()]
        yield ("lineage that differs", *runs), lineage
    shown = [name for name in done.metrics if everything or name.startswith("validation/") or "/" not in name]
    if shown:
        yield ("figures", *runs), [[name, *(_figure(value) for value in done.metrics[name])] for name in shown]


def _reached(metrics: Mapping[str, float]) -> str:
    """Return the score of a world with a known answer, else the return on the validation rows."""
    if "validation/score" in metrics:
        return f"score {metrics['validation/score']:.3f}"
    return f"return {metrics['validation/equity'] - 1.0:+.2%}" if "validation/equity" in metrics else ""


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _time(at_ns: Any) -> str:
    return datetime.fromtimestamp(int(at_ns) / 1e9, UTC).strftime("%Y-%m-%d %H:%M") if at_ns is not None else ""


def _brief(value: Any) -> str:
    text = "" if value is None else value[:DIGITS] if isinstance(value, str) and len(value) == 64 else str(value)
    return text if len(text) <= WIDE else text[: WIDE - 3] + "..."
