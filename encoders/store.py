"""The feature store: every tape is encoded once, and what was known at an instant can be asked for."""

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from ..market.errors import IntegrityError
from .layout import Layout
from .pipeline import Pipeline
from .table import FeatureTable

if TYPE_CHECKING:
    from ..data.instant import Instant
    from ..data.tape import Tape

__all__ = ["FeatureStore", "code_version"]


@cache
def code_version() -> str:
    """Return the sha256 of this room's sources, hex: an edited encoder never meets an old table."""
    room = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(room.rglob("*.py")):
        digest.update(path.relative_to(room).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class FeatureStore:
    """A folder of feature tables, each under the digest of its tape, its fitted pipeline and the encoders' code.

    Args:
        folder: Where tables lie; made when the first one is written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def key(self, pipeline: Pipeline, tape: "Tape") -> str:
        """Return the name of a table."""
        return hashlib.sha256(f"{tape.digest} {pipeline.digest} {code_version()}".encode()).hexdigest()[:32]

    def table(self, pipeline: Pipeline, tape: "Tape") -> FeatureTable:
        """Return the features of `tape`, memory-mapped from the store; they are computed and kept where they are missing.

        Raises:
            DataError: The tape has other assets than the pipeline was fitted on.
            IntegrityError: A stored table does not fit the pipeline.
        """
        key = self.key(pipeline, tape)
        place = self.folder / key
        if not place.exists():
            self._keep(pipeline.transform(tape), place)
        try:
            layout = Layout.from_json(json.loads((place / "layout.json").read_text()))
            values = np.load(place / "values.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise IntegrityError(f"feature store: {place} cannot be read ({error}); delete the folder") from None
        if layout != pipeline.layout or len(values) != tape.n_rows:
            raise IntegrityError(f"feature store: {place} does not fit its pipeline and tape; delete the folder")
        return FeatureTable(values, layout, tape.digest)

    def as_of(self, pipeline: Pipeline, tape: "Tape", at: "Instant") -> FeatureTable:
        """Return what was known at `at`: the rows whose bars were closed then. Every column of row t is available at its close.

        Since encoders are causal, this equals the features of the tape cut there.

        Raises:
            DataError: No row was closed at `at`.
        """
        return self.table(pipeline, tape).slice(0, tape.row_at(at) + 1)

    def _keep(self, table: FeatureTable, place: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.folder, prefix=".writing-") as draft:
            np.save(Path(draft) / "values.npy", table.values, allow_pickle=False)
            (Path(draft) / "layout.json").write_text(json.dumps(table.layout.to_json()))
            kept = Path(draft) / "kept"
            kept.mkdir()
            for name in ("values.npy", "layout.json"):
                os.replace(Path(draft) / name, kept / name)
            try:
                os.replace(kept, place)
            except OSError:
                if not place.exists():  # another process may have written the same table meanwhile
                    raise
