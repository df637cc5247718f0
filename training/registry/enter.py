"""A run enters the registry: idempotent, and never at the cost of the run."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ...market.errors import ConfigError
from .lineage import Lineage, flat_settings
from .location import registry_path
from .metric_name import mlflow_name
from .registry import COMPLETE, PREFIX, TEXT, Registry
from .store import artifacts_of, writing

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["CopiedRunError", "enter", "import_run"]

BATCH = 100

MLFLOW_STATUS = {"running": "RUNNING", "done": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}


class CopiedRunError(ConfigError):
    """A run folder holds a copy of a run that is entered from where it still stands."""


def enter(folder: Path | str, registry: Path | str | None = None) -> bool:
    """Write the entry of a run folder, or bring it up to date; whatever fails is a warning, for the run stands in its folder.

    Args:
        folder: The run folder.
        registry: See `registry_path`; nothing is entered where the registry is off.

    Returns:
        Whether the run is entered.
    """
    logger = structlog.get_logger("quantgym.training.registry")
    try:
        if registry_path(registry) is None:
            return False
        import_run(folder, registry)
    except (Exception, KeyboardInterrupt) as error:
        cure = f"quantgym runs import {folder}"
        logger.warning("run not entered in the registry; nothing of it is lost", why=f"{type(error).__name__}: {error}", cure=cure)
        return False
    return True


def import_run(folder: Path | str, registry: Path | str | None = None, *, clock: Callable[[], int] = time.time_ns) -> str:
    """Write the entry of a run folder, or bring it up to date.

    The run itself goes in with one transaction, its figures follow, the mark that it is complete comes last: a process killed
    between leaves an entry that says so, and the next call completes it.

    Args:
        folder: The run folder.
        registry: See `registry_path`.
        clock: ns UTC, for the time of entering.

    Returns:
        Id of the run.

    Raises:
        CopiedRunError: The run is entered already from another folder that still stands.
        DataError: It is no run folder, or another process holds the registry.
        IntegrityError: The folder or the registry is unreadable.
        OSError: The registry cannot be written.
    """
    lineage, reader = Lineage.read(folder), Registry(registry)
    with writing(reader.path) as client:
        entry = next((one for one in reader.entries() if one.key == lineage.key), None)
        if entry is not None and entry.folder != lineage.folder and entry.folder_status is not None:
            cure = "to enter this one instead, move the other one away"
            raise CopiedRunError(
                f"{lineage.folder} is a copy of {entry.folder}, entered as {entry.short}; a run is entered once; {cure}"
            )
        return _write(client, lineage, entry.id if entry else None, artifacts_of(reader.path), clock())


def _write(client: "MlflowClient", lineage: Lineage, known: str | None, place: str, now_ns: int) -> str:
    from mlflow.entities import Metric, Param, RunTag

    tags = _tags(lineage, now_ns)
    began = int(lineage.record.get("started_at_ns") or now_ns) // 1_000_000
    ended = int(lineage.record.get("ended_at_ns") or now_ns) // 1_000_000
    if known is None:
        experiment = _experiment(client, lineage.job["name"], place)
        run = client.create_run(experiment, start_time=began, tags=tags, run_name=lineage.folder.name)
        identity, present = str(run.info.run_id), set(run.data.params)
    else:
        identity = known
        client.set_tag(identity, COMPLETE, "0")
        run = client.get_run(identity)
        present = set(run.data.params)
        for stale in {key for key in run.data.tags if key.startswith(PREFIX)} - {COMPLETE, *tags}:
            client.delete_tag(identity, stale)
        client.log_batch(identity, tags=[RunTag(key, value) for key, value in tags.items()])
        client.update_run(identity, name=lineage.folder.name)
    steps = int(lineage.metrics.get("steps", 0.0))
    metrics = [Metric(mlflow_name(name), value, ended, steps) for name, value in lineage.metrics.items()]
    settings = {mlflow_name(name): _brief(value) for name, value in flat_settings(lineage.job).items()}
    params = [Param(name, value) for name, value in settings.items() if name not in present]
    for first in range(0, max(len(metrics), len(params)), BATCH):
        client.log_batch(identity, metrics=metrics[first : first + BATCH], params=params[first : first + BATCH])
    status = MLFLOW_STATUS.get(str(lineage.record.get("status")), "FAILED")
    if status == "RUNNING":
        client.update_run(identity, status=status)
    else:
        client.set_terminated(identity, status=status, end_time=ended)
    client.set_tag(identity, COMPLETE, "1")
    return identity


def _tags(lineage: Lineage, now_ns: int) -> dict[str, str]:
    tags: dict[str, str] = {}
    for name, value in (lineage.facts() | {"entered_at_ns": str(now_ns)}).items():
        pieces = [value[first : first + TEXT] for first in range(0, len(value), TEXT)]
        tags |= {f"{PREFIX}{name}" + (f".{number}" if number else ""): piece for number, piece in enumerate(pieces)}
    return tags


def _experiment(client: "MlflowClient", name: str, place: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name, artifact_location=place))
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _brief(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:6_000]
