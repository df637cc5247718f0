"""`run.json`: what a run folder says about its run."""

import json
from pathlib import Path
from typing import Any, Literal, get_args

from ..market.errors import DataError, IntegrityError

__all__ = ["RECORD", "RUN_VERSION", "Status", "read_record"]

RECORD = "run.json"
RUN_VERSION = 1

Status = Literal["running", "done", "interrupted", "failed"]


def read_record(folder: Path) -> dict[str, Any]:
    """Return `run.json` of a run folder.

    Raises:
        DataError: It is no run folder.
        IntegrityError: The file is unreadable, of another version, or has no status that is known.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except OSError:
        raise DataError(f"{folder}: no run folder (it has no run.json); make one with quantgym train JOB") from None
    except ValueError as error:
        raise IntegrityError(f"{folder / RECORD}: unreadable ({error})") from None
    if not isinstance(record, dict):
        raise IntegrityError(f"{folder / RECORD}: must be a mapping, was {type(record).__name__}")
    if record.get("schema") != RUN_VERSION:
        raise IntegrityError(f"{folder}: run folder of version {record.get('schema')}, this program reads {RUN_VERSION}")
    status, known = record.get("status"), get_args(Status)
    if status not in known:
        raise IntegrityError(f"{folder / RECORD}: status must be one of {', '.join(known)}, was {status!r}")
    return record
