"""How often a split was opened: the record of a run that keeps its test honest."""

import errno
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ..market.errors import ConfigError, DataError, IntegrityError

__all__ = ["FILE", "Opening", "openings", "record_opening"]

FILE = "openings.jsonl"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One look at a split.

    Attributes:
        split: `validation` or `test`.
        tape: Name of the tape.
        tape_digest: Its content digest.
        first_row: First tape row that was shown.
        stop_row: First tape row that was not.
        opened_at: When, int64 ns UTC, by the clock that was passed in.
        reason: What it was opened for: `evaluate`, `demo`, `deploy`.
    """

    split: str
    tape: str
    tape_digest: str
    first_row: int
    stop_row: int
    opened_at: int
    reason: str = "evaluate"


def record_opening(folder: Path | str, opening: Opening) -> int:
    """Add one line to the record of a run and return how often this split of this tape has been opened, this time included.

    The line is appended by one write and synced before the function returns, so two processes never mix their lines and a crash
    leaves the line or nothing.

    Raises:
        DataError: The run folder does not exist.
        ConfigError: The split has no name.
        IntegrityError: The record holds a line that cannot be read.
        OSError: The line cannot be written.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"run folder {folder} does not exist; an opening is recorded where the run is")
    if not opening.split:
        raise ConfigError("split must have a name, was empty")
    line = json.dumps({"schema": SCHEMA, **asdict(opening)}, sort_keys=True) + "\n"
    handle = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        written = os.write(handle, line.encode())
        if written < len(line):  # a full disk takes a part; half a line would make the whole record unreadable
            os.ftruncate(handle, os.fstat(handle).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder / FILE))
        os.fsync(handle)
    finally:
        os.close(handle)
    return sum(one.split == opening.split and one.tape_digest == opening.tape_digest for one in openings(folder))


def openings(folder: Path | str) -> tuple[Opening, ...]:
    """Return every opening that a run has recorded, in order of time; none where there is no record.

    Raises:
        IntegrityError: A line cannot be read, or was written by a later version.
    """
    path = Path(folder) / FILE
    found = []
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], start=1):
        try:
            fields = json.loads(line)
            schema = fields.pop("schema")
            if schema != SCHEMA:
                raise IntegrityError(
                    f"{path}, line {number}: schema {schema} is not {SCHEMA}; read it with the version that wrote it"
                )
            found.append(Opening(**fields))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise IntegrityError(f"{path}, line {number}: is no opening ({error}); the record was damaged or edited") from error
    return tuple(found)
