"""The checkpoint of a run: all that decides how learning goes on, written so that one always stands whole."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..agents.sealed_folder import file_digest, flush
from ..market.errors import IntegrityError

__all__ = ["CHECKPOINT_VERSION", "Checkpoint"]

CHECKPOINT_VERSION = 1
NAME, PARTIAL, PREVIOUS = "checkpoint", "checkpoint.partial", "checkpoint.previous"
SEAL = "progress.json"


@dataclass(frozen=True)
class Checkpoint:
    """`checkpoint/` in a run folder: what the learner saved, and `progress.json` with where the run stood.

    A new one is written as `checkpoint.partial/` and flushed to the disk; then the old one steps aside as `checkpoint.previous/`,
    the new one takes its name, and the old one is deleted. A process may be killed between any two of these.

    Attributes:
        path: The folder.
        progress: Where the run stood, JSON data.
    """

    path: Path
    progress: dict[str, Any]

    @classmethod
    def write(cls, run: Path, progress: dict[str, Any], save: Callable[[Path], None]) -> "Checkpoint":
        """Write a checkpoint; the one before stands until this one does.

        Args:
            run: The run folder.
            progress: JSON data.
            save: Writes into the empty folder it is given: `Learner.save`.

        Raises:
            ConfigError: The learner cannot save.
            OSError: The disk is full, or refuses.
        """
        partial, path, previous = run / PARTIAL, run / NAME, run / PREVIOUS
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            save(partial)
            files = {str(file.relative_to(partial)): file_digest(file) for file in sorted(partial.rglob("*")) if file.is_file()}
            sealed = {"schema": CHECKPOINT_VERSION, "files": files, "progress": progress, "digest": _seal(files, progress)}
            (partial / SEAL).write_text(json.dumps(sealed) + "\n", encoding="utf-8")
            for file in (*partial.rglob("*"), partial):
                flush(file)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        shutil.rmtree(previous, ignore_errors=True)
        if path.exists():
            path.rename(previous)
        partial.rename(path)
        flush(run)
        shutil.rmtree(previous, ignore_errors=True)
        return cls(path, progress)

    @classmethod
    def newest(cls, run: Path) -> "Checkpoint | None":
        """Return the checkpoint of a run folder, None where none stood yet; what a killed process left half done is put right.

        Raises:
            IntegrityError: A file is missing or was changed, or the version is not ours.
        """
        partial, path, previous = run / PARTIAL, run / NAME, run / PREVIOUS
        if not path.exists() and previous.exists():  # killed between the two renames: the new one was whole before the first
            (partial if (partial / SEAL).is_file() else previous).rename(path)
        for leftover in (partial, previous):
            shutil.rmtree(leftover, ignore_errors=True)
        return cls._read(path) if path.exists() else None

    @classmethod
    def _read(cls, path: Path) -> "Checkpoint":
        try:
            sealed = json.loads((path / SEAL).read_text(encoding="utf-8"))
            schema, files, progress, digest = sealed["schema"], sealed["files"], sealed["progress"], sealed["digest"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IntegrityError(f"{path / SEAL}: unreadable ({error}); train anew") from None
        if schema != CHECKPOINT_VERSION:
            raise IntegrityError(f"{path}: checkpoint of version {schema}, this program reads {CHECKPOINT_VERSION}; train anew")
        if _seal(files, progress) != digest:
            raise IntegrityError(f"{path / SEAL}: was changed after it was written (sha256 differs); train anew")
        for name, digest in files.items():
            if not (path / name).is_file():
                raise IntegrityError(f"{path / name}: missing; train anew")
            if file_digest(path / name) != digest:
                raise IntegrityError(f"{path / name}: was changed after it was written (sha256 differs); train anew")
        return cls(path, progress)


def _seal(files: dict[str, str], progress: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([files, progress], sort_keys=True).encode()).hexdigest()
