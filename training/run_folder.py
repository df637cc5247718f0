"""The folder of one run: what stands where, and what state the run is in."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import yaml

from ..agents.bundle import load_bundle
from ..agents.sealed_folder import flush
from ..configs.job import Job
from ..market.errors import ConfigError, DataError, IntegrityError
from .checkpoint import Checkpoint
from .progress import Iteration
from .run_lock import RunLock
from .run_record import RECORD, RUN_VERSION, Status, read_record

__all__ = ["RUN_VERSION", "FolderTakenError", "RunFolder", "Status"]

METRICS = "metrics.jsonl"


class FolderTakenError(ConfigError):
    """A run folder exists already."""


class RunFolder:
    """`runs/<id>/`: `job.yaml`, `run.json`, `metrics.jsonl`, `log.jsonl`, `tensorboard/`, `bundle/`, `lock`; see docs/training.md.

    `run.json` says `running` from the start and `done` or `interrupted` only once the bundle stands, so a run that was killed is
    never taken for a finished one. As long as this object is open it holds `lock`.

    Args:
        path: Where it shall stand; it must not exist.

    Raises:
        FolderTakenError: The path exists.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if self.path.exists():
            raise FolderTakenError(f"run folder {self.path} exists; choose another name, or delete it to run again")
        self.record: dict[str, Any] = {}
        self._lock: RunLock | None = None

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Return the folder of a run that began before, locked.

        Raises:
            DataError: It is no run folder.
            IntegrityError: It is of another version.
            FolderInUseError: Another process trains there.
        """
        read_record(Path(path))  # before a lock is left in a folder that is no run
        run = cls.__new__(cls)
        run.path = Path(path)
        run._lock = RunLock(run.path)
        try:
            run.record = read_record(run.path)
        except BaseException:
            run.close()
            raise
        return run

    @property
    def bundle(self) -> Path:
        """Where the policy bundle stands when the run is over."""
        return self.path / "bundle"

    @property
    def tensorboard(self) -> Path:
        """Where TensorBoard's events stand."""
        return self.path / "tensorboard"

    def best(self, iteration: int) -> Path:
        """Where the bundle of an iteration stands that was the best until then."""
        return self.path / "best" / str(iteration)

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
            self._lock = RunLock(self.path)
            self.tensorboard.mkdir()
            self._write("job.yaml", yaml.safe_dump(job.plain(), sort_keys=False, allow_unicode=True))
            self.record = {"schema": RUN_VERSION, "status": "running", **record}
            self._save()
        except OSError:
            self.discard()
            raise

    def change_job(self, job: Job, record: Mapping[str, Any]) -> None:
        """Say that the bundle is of `job`, of a run whose settings change while it goes on."""
        self._write("job.yaml", yaml.safe_dump(job.plain(), sort_keys=False, allow_unicode=True))
        self.note(record)

    def log(self, figures: Mapping[str, Any]) -> None:
        """Append one iteration to `metrics.jsonl`."""
        with (self.path / METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures, sort_keys=False) + "\n")

    def iterations(self, total: int) -> list[Iteration]:
        """Return what stands in `metrics.jsonl`; `total` is the number of iterations of the job.

        Raises:
            IntegrityError: A line is not what was written.
        """
        path = self.path / METRICS
        found: list[Iteration] = []
        for number, line in enumerate(path.read_bytes().splitlines() if path.exists() else (), 1):
            try:
                found.append(Iteration.of(json.loads(line), total))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise IntegrityError(f"{path}: line {number} is unreadable ({type(error).__name__}: {error}); train anew") from None
        return found

    def sizes(self) -> dict[str, int]:
        """Return the length in bytes of each file that only grows: metrics and events."""
        files = [self.path / METRICS, *sorted(self.tensorboard.rglob("*"))]
        return {str(file.relative_to(self.path)): file.stat().st_size for file in files if file.is_file()}

    def cut(self, sizes: Mapping[str, int]) -> None:
        """Cut metrics and events back to the lengths that `sizes` returned earlier: what came after is work that was lost.

        Raises:
            IntegrityError: A file is shorter than it was.
        """
        for name in self.sizes():
            path, size = self.path / name, sizes.get(name)
            if size is None:
                path.unlink()
            elif path.stat().st_size > size:
                os.truncate(path, size)
        for name, size in sizes.items():
            found = (self.path / name).stat().st_size if (self.path / name).is_file() else 0
            if found < size:
                raise IntegrityError(f"{self.path / name}: has {found} bytes, had {size} at the checkpoint; train anew")

    def check(self, progress: Mapping[str, Any], total: int) -> None:
        """Check that metrics and the best bundle are those of a checkpoint, before a run goes on for hours to miss them.

        Args:
            progress: Of the checkpoint.
            total: Iterations of the job.

        Raises:
            IntegrityError: One of them is missing or was changed.
        """
        lines = len(self.iterations(total))
        if lines != progress["iteration"]:
            found = f"metrics.jsonl has {lines} lines"
            raise IntegrityError(f"{self.path}: {found}, the checkpoint is of iteration {progress['iteration']}; train anew")
        best = progress["best"]
        if best is None or not best["digest"]:
            return
        place = self.best(best["iteration"])
        try:
            digest = load_bundle(place).digest
        except (IntegrityError, DataError) as error:
            raise IntegrityError(f"{error}; it is the best bundle so far, which the run would leave; train anew") from None
        if digest != best["digest"]:
            changed = f"digest {digest[:12]}, was {best['digest'][:12]}"
            raise IntegrityError(f"{place}: is not the best bundle so far ({changed}); train anew")

    def keep_best(self, iteration: int | None) -> None:
        """Delete what stands in `best/` of other iterations; None: all of it."""
        if (self.path / "best").is_dir():
            for folder in (self.path / "best").iterdir():
                if folder.name != str(iteration):
                    shutil.rmtree(folder)

    def publish(self, iteration: int) -> None:
        """Make the bundle of an iteration in `best/` the bundle of the run, whole or not at all."""
        partial = self.path / "bundle.partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(self.best(iteration), partial)
        for file in (*partial.iterdir(), partial):
            flush(file)
        partial.rename(self.bundle)

    def note(self, record: Mapping[str, Any]) -> None:
        """Add to `run.json` while the run goes on."""
        self.record = {**self.record, **record}
        self._save()

    def resumed(self, record: Mapping[str, Any]) -> None:
        """Say `running` again, and remove the bundle that an interruption left."""
        ended = ("ended_at_ns", "error", "stopped", "chosen", "bundle", "validation")
        kept = {name: value for name, value in self.record.items() if name not in ended}
        self.record = {**kept, **record, "status": "running"}
        self._save()
        shutil.rmtree(self.bundle, ignore_errors=True)

    def finish(self, status: Status, record: Mapping[str, Any]) -> None:
        """Write the last state of the run to `run.json`; one that is done keeps no checkpoint and no `best/`."""
        self.record = {**self.record, **record, "status": status}
        self._save()
        if status == "done":
            for name in ("checkpoint", "best", "replay"):
                shutil.rmtree(self.path / name, ignore_errors=True)

    def discard(self) -> None:
        """Remove the folder: nothing in it is worth keeping."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Let go of `lock`."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def checkpoint(self) -> Checkpoint | None:
        """Return the checkpoint that stands, see `Checkpoint.newest`."""
        return Checkpoint.newest(self.path)

    def _save(self) -> None:
        self._write(RECORD, json.dumps(self.record, indent=2) + "\n")

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
