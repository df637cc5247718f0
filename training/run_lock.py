"""One process at a time trains in a run folder."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from ..market.errors import ConfigError

__all__ = ["FolderInUseError", "RunLock"]


class FolderInUseError(ConfigError):
    """Another process trains in the run folder."""


class RunLock:
    """Holds `lock` in a run folder with flock(2), from creation to `release`; the system lets go of it when the process dies.

    Args:
        folder: The run folder.

    Raises:
        FolderInUseError: Another process holds it.
        OSError: The file cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "lock"
        self._file: TextIO | None = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            owner = self._file.read().strip() or "unknown"
            self.release()
            raise FolderInUseError(f"run folder {folder} is in use by process {owner}; wait for it, or stop it") from None
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let go; a second time does nothing."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
