"""A run deleted, folder and entry, so that a crash between is seen and can be ended."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...market.errors import ConfigError
from .entry import LOCK, Entry
from .registry import DELETING, Registry
from .stage import DEPLOYED
from .store import writing

__all__ = ["delete_run"]


def delete_run(run: str | Path, registry: Path | str | None = None) -> Entry:
    """Delete a run: its folder, then its entry.

    The entry is marked first and goes last; killed between, it is listed as `half deleted`, and the same call ends what was begun.

    Args:
        run: See `Registry.find`.
        registry: See `registry_path`.

    Returns:
        What was deleted.

    Raises:
        ConfigError: No such run, it is in stage paper or live, is being trained, or other runs stand in its folder.
        OSError: The folder cannot be removed.
    """
    reader = Registry(registry)
    reader.find(run)
    with writing(reader.path) as client:
        entry = reader.find(run)
        if entry.stage in DEPLOYED:
            raise ConfigError(
                f"{entry.short} ({entry.run}) is in stage {entry.stage}; promote another run there, or this one to archived"
            )
        inside = [one.short for one in reader.entries() if entry.folder in one.folder.parents]
        if inside:
            raise ConfigError(f"{entry.folder}: other runs stand in it ({', '.join(inside)}); delete them first")
        with _alone_in(entry):
            client.set_tag(entry.id, DELETING, "1")
            _remove(entry)
            client.delete_run(entry.id)
    return entry


def _remove(entry: Entry) -> None:
    """Remove the folder: renamed first, so that nobody meets half of it under its name."""
    gone = entry.folder.with_name(f".{entry.folder.name}.deleted-{entry.short}")
    if entry.folder_status is not None:
        entry.folder.rename(gone)
    if gone.exists():
        shutil.rmtree(gone)


@contextmanager
def _alone_in(entry: Entry) -> Iterator[None]:
    """Hold the lock of the run folder, where it has one.

    Raises:
        ConfigError: Somebody trains in it, or it is a link.
    """
    if entry.folder.is_symlink():
        raise ConfigError(f"{entry.folder} is a link; delete the run where it stands")
    path = entry.folder / LOCK
    if not path.is_file():
        yield
        return
    with path.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigError(f"{entry.folder}: the run is being trained; stop it first") from None
        yield
