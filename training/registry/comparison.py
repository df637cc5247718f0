"""Runs side by side: the settings that differ, the lineage that differs, the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .entry import Entry
from .lineage import flat_settings

__all__ = ["Comparison", "compare"]

LINEAGE = ("tape", "tape_digest", "code.version", "code.commit", "code.dirty", "bundle")


@dataclass(frozen=True)
class Comparison:
    """Several runs by row; the values of a row stand in the order of the runs, None where a run has none.

    Attributes:
        runs: The runs.
        settings: Settings that differ, by dotted name.
        lineage: Tape, code, bundle and libraries that differ.
        metrics: Every figure that one of them has, `validation/*` first.
    """

    runs: tuple[Entry, ...]
    settings: dict[str, list[Any]]
    lineage: dict[str, list[Any]]
    metrics: dict[str, list[float | None]]

    @property
    def same_market(self) -> bool:
        """Whether all were trained on the same tape and validated on the same rows of the same world, at the same costs."""
        changed = {name.split(".")[0] for name in self.settings if not name.startswith("env.action")}
        return "tape_digest" not in self.lineage and not changed & {"data", "env", "costs"}


def compare(entries: Sequence[Entry]) -> Comparison:
    """Lay runs side by side."""
    settings = _differing([flat_settings(one.job) for one in entries])
    lineage = _differing([_lineage(one) for one in entries])
    known = {name for one in entries for name in one.metrics}
    names = sorted(known, key=lambda name: (not name.startswith("validation/"), "/" in name, name))
    return Comparison(tuple(entries), settings, lineage, {name: [one.metrics.get(name) for one in entries] for name in names})


def _lineage(entry: Entry) -> dict[str, Any]:
    libraries = {f"versions.{name}": version for name, version in entry.versions.items()}
    return {name: entry.facts.get(name) for name in LINEAGE} | libraries


def _differing(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    found = {name: [row.get(name) for row in rows] for name in names}
    return {name: values for name, values in found.items() if any(value != values[0] for value in values[1:])}
