"""What a run folder says about its run: the text of its entry in the registry."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ...market.errors import IntegrityError
from ..run_record import read_record

__all__ = ["Lineage", "flat_settings", "run_key"]

COUNTERS = ("iterations", "steps", "seconds")


@dataclass(frozen=True)
class Lineage:
    """One run as its folder tells it.

    Attributes:
        key: Identity of the run, wherever its folder stands and however often it goes on.
        folder: The run folder, absolute.
        job: The job, plain data with every default.
        record: `run.json`.
        metrics: Last value of every figure, by TensorBoard tag; `steps`, `iterations`, `seconds` beside them.
    """

    key: str
    folder: Path
    job: dict[str, Any]
    record: dict[str, Any]
    metrics: dict[str, float]

    @classmethod
    def read(cls, folder: Path | str) -> "Lineage":
        """Read a run folder, whatever state the run is in.

        Raises:
            DataError: It is no run folder.
            IntegrityError: Its version is not ours, or a file is unreadable.
        """
        folder = Path(folder).resolve()
        record = read_record(folder)
        try:
            job = yaml.safe_load((folder / "job.yaml").read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise IntegrityError(f"{folder / 'job.yaml'}: unreadable ({error})") from None
        if not isinstance(job, dict) or not isinstance(job.get("name"), str):
            raise IntegrityError(f"{folder / 'job.yaml'}: is no job (it has no name)")
        figures = _last_figures(folder / "metrics.jsonl") | {name: record.get(name) for name in COUNTERS}
        figures |= dict(record.get("validation") or {})
        return cls(run_key(record), folder, job, record, {name: float(value) for name, value in figures.items() if _finite(value)})

    def facts(self) -> dict[str, str]:
        """Return the entry as text, name by name; what a run does not know is left out."""
        record, known = self.record, ("status", "job_digest", "tape", "tape_digest", "bundle", "parent", "error")
        times = ("started_at_ns", "ended_at_ns")
        code = record.get("code") or {"version": dict(record.get("versions") or {}).get("quantgym")}
        return {
            "id": self.key,
            "name": self.job["name"],
            "folder": str(self.folder),
            **{name: str(record[name]) for name in (*known, *times) if record.get(name) is not None},
            **{f"code.{name}": json.dumps(value) for name, value in code.items() if value is not None},
            "versions": json.dumps(record.get("versions") or {}),
            "job": json.dumps(self.job),
        }


def run_key(record: Mapping[str, Any]) -> str:
    """Return the identity of a run: its `id`; of older ones, a digest of what was fixed when they began."""
    if isinstance(record.get("id"), str):
        return str(record["id"])
    began = [record.get(name) for name in ("job", "job_digest", "started_at_ns")]
    return hashlib.sha256(json.dumps(began).encode()).hexdigest()[:32]


def flat_settings(job: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the settings of a job by dotted name; mappings in lists are numbered, other lists stay whole."""
    flat: dict[str, Any] = {}
    for name, value in job.items():
        if isinstance(value, Mapping) and value:
            flat |= flat_settings(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            flat |= flat_settings({str(number): one for number, one in enumerate(value)}, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _last_figures(path: Path) -> dict[str, Any]:
    """Return the last value of each figure; a line that a killed process left half written is no line."""
    if not path.is_file():
        return {}
    figures: dict[str, Any] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            one = json.loads(line)
        except ValueError:
            continue
        if isinstance(one, dict):
            figures |= {name: value for name, value in one.items() if "/" in name}
    return figures


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
