"""Rows of a ring in files: one for what came since the last, gone when all of it has fallen out of the ring."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...agents.array_file import read_arrays, write_arrays
from ...agents.sealed_folder import file_digest, flush
from ...market.errors import IntegrityError
from .ring import Ring
from .steps import Steps

__all__ = ["Chunk", "Chunks"]

SUFFIX, PARTIAL = ".chunk.npz", ".partial"


@dataclass(frozen=True)
class Chunk:
    """One file.

    Attributes:
        name: Of the file.
        first: Number of its first row, counted from the first ever appended to the ring.
        stop: Number of the row after its last.
        sha256: Of the file, hex.
    """

    name: str
    first: int
    stop: int
    sha256: str


class Chunks:
    """The files of one replay in a folder of their own.

    A file is written beside its place, synced and renamed, and deleted only when no state that stands names it. So whenever the
    process is killed, the last state that stands finds all its files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.named: list[Chunk] = []

    def save(self, ring: Ring) -> list[Chunk]:
        """Write the rows that no file holds yet, forget files without a live row, and return the others, oldest first.

        Raises:
            OSError: A file cannot be written; those before stand as they were.
        """
        known = self._known(ring)
        first = max(ring.oldest, known[-1].stop if known else 0)
        if first < ring.written:
            known.append(self._write(ring, first))
        self.named = known
        return list(known)

    def sweep(self, kept: Iterable[str]) -> None:
        """Delete every file but those that are named now and `kept`."""
        names = {*kept, *(chunk.name for chunk in self.named)}
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.name not in names and path.name.endswith((SUFFIX, f"{SUFFIX}{PARTIAL}")):
                path.unlink(missing_ok=True)

    def load(self, named: Iterable[dict[str, Any]], ring: Ring, written: int) -> None:
        """Fill an empty ring with the rows that files hold, as it was when `written` rows had been appended.

        Raises:
            IntegrityError: A file is missing or changed, or rows are missing.
        """
        chunks = [Chunk(**one) for one in named]
        oldest = max(0, written - ring.shape.n_rows)
        place = oldest
        for chunk in chunks:
            if not chunk.first <= place <= chunk.stop <= written:
                raise IntegrityError(f"{self.folder}: rows {place} to {chunk.first} of the replay stand in no file")
            arrays = self._read(chunk)
            skipped = place - chunk.first
            ring.written = place
            try:
                ring.append(Steps(**{name: arrays[name][skipped:] for name in Steps._fields}))
            except (KeyError, ValueError) as error:
                raise IntegrityError(f"{self.folder / chunk.name}: of another replay ({error})") from None
            place = chunk.stop
        if place != written:
            raise IntegrityError(f"{self.folder}: rows {place} to {written} of the replay stand in no file")
        ring.written = written
        self.named = chunks

    def _known(self, ring: Ring) -> list[Chunk]:
        live = [chunk for chunk in self.named if chunk.stop > ring.oldest]
        return live if all((self.folder / chunk.name).is_file() for chunk in live) else []

    def _write(self, ring: Ring, first: int) -> Chunk:
        rows = np.arange(first, ring.written) % ring.shape.n_rows
        arrays = {name: array[rows] for name, array in ring.arrays().items()}
        reached = arrays.pop("next_obs")
        apart = np.ones(arrays["rewards"].shape, np.bool_)  # where the next row does not say what was reached
        apart[:-1] = (reached[:-1] != arrays["obs"][1:]).any(axis=2)
        if not ring.shape.action_size:
            arrays["actions"] = arrays["actions"][:, :, 0]
        name = f"{first:012d}-{ring.written:012d}{SUFFIX}"
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f".{name}{PARTIAL}"
        write_arrays(partial, {**arrays, "apart": apart, "reached": reached[apart]})
        digest = file_digest(partial)
        flush(partial)
        partial.rename(self.folder / name)
        flush(self.folder)
        return Chunk(name, first, ring.written, digest)

    def _read(self, chunk: Chunk) -> dict[str, np.ndarray]:
        path = self.folder / chunk.name
        if not path.is_file():
            raise IntegrityError(f"{path} is missing; the state that names it cannot go on")
        if file_digest(path) != chunk.sha256:
            raise IntegrityError(f"{path} was changed or cut short since it was written")
        arrays = read_arrays(path)
        try:
            reached = np.concatenate([arrays["obs"][1:], arrays["obs"][:1]])
            reached[arrays.pop("apart")] = arrays.pop("reached")
        except (KeyError, IndexError, ValueError) as error:
            raise IntegrityError(f"{path}: unreadable rows ({error})") from None
        return {**arrays, "next_obs": reached}

    @staticmethod
    def plain(chunks: Iterable[Chunk]) -> list[dict[str, Any]]:
        """Return chunks as JSON data, for `load`."""
        return [asdict(chunk) for chunk in chunks]
