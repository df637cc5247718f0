"""The folder of one run: what stands where, and what state the run is in."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from ..configs.job import Job
from ..market.errors import ConfigError

__all__ = ["RUN_VERSION", "FolderTakenError", "RunFolder", "Status"]

RUN_VERSION = 1

Status = Literal["running", "done", "interrupted", "failed"]


class FolderTakenError(ConfigError):
    """A run folder exists already."""


class RunFolder:
    """`runs/<id>/`: `job.yaml`, `run.json`, `metrics.jsonl`, `log.jsonl`, `tensorboard/`, `bundle/`; see docs/training.md.

    `run.json` says `running` from the start and `done` or `interrupted` only once the bundle stands, so a run that was killed is
    never taken for a finished one.

    Args:
        path: Where it shall stand; it must not exist.

    Raises:
        FolderTakenError: The path exists.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if self.path.exists():
            raise FolderTakenError(f"run folder {self.path} exists; choose another name, or delete it to run again")
        self._record: dict[str, Any] = {}

    @property
    def bundle(self) -> Path:
        """Where the policy bundle stands when the run is over."""
        return self.path / "bundle"

    @property
    def tensorboard(self) -> Path:
        """Where TensorBoard's events stand."""
        return self.path / "tensorboard"

    def create(self, job: Job, record: Mapping[str, Any]) -> None:
        """Make the folder, with the job and `run.json`, whole or not at all.

        Raises:
            FolderTakenError: Somebody else made it meanwhile.
            OSError: It cannot be written.
        """
        try:
            self.path.mkdir(parents=True)
        except FileExistsError:
            raise FolderTakenError(f"run folder {self.path} exists; another run took the name") from None
        try:
            self.tensorboard.mkdir()
            self._write("job.yaml", yaml.safe_dump(job.plain(), sort_keys=False, allow_unicode=True))
            self._record = {"schema": RUN_VERSION, "status": "running", **record}
            self._save()
        except OSError:
            self.discard()
            raise

    def log(self, figures: Mapping[str, Any]) -> None:
        """Append one iteration to `metrics.jsonl`."""
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures, sort_keys=False) + "\n")

    def finish(self, status: Status, record: Mapping[str, Any]) -> None:
        """Write the last state of the run to `run.json`."""
        self._record = {**self._record, **record, "status": status}
        self._save()

    def discard(self) -> None:
        """Remove the folder: nothing in it is worth keeping."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _save(self) -> None:
        self._write("run.json", json.dumps(self._record, indent=2) + "\n")

    def _write(self, name: str, text: str) -> None:
        partial = self.path / f".{name}.partial"
        try:
            with partial.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path / name)
        finally:
            partial.unlink(missing_ok=True)
