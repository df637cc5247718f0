"""One run in the registry, and what has become of its folder since."""

import fcntl
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...market.errors import QuantgymError
from ..run_record import read_record
from .lineage import run_key
from .stage import Promotion, Stage

__all__ = ["STATUSES", "Entry", "being_trained"]

STATUSES = ("running", "done", "interrupted", "failed", "killed", "missing", "half entered", "half deleted")
LOCK = "lock"
TRIALS = "trials"


@dataclass(frozen=True)
class Entry:
    """A run as it was last entered.

    Attributes:
        id: Of the run in MLflow, 32 hex digits.
        key: Identity of the run, which its folder knows too.
        name: Of its job; stages are held by name.
        folder: Where it stood, absolute.
        entered: Status that its folder had then.
        stage: Its stage.
        facts: Lineage: `job_digest`, `tape`, `tape_digest`, `bundle`, `parent`, `code.version`, `code.commit`, `code.dirty`,
            `started_at_ns`, `ended_at_ns`, `error`; what is unknown is left out.
        job: The job, plain data.
        versions: Of the libraries it was trained with.
        metrics: Last value of every figure, by TensorBoard tag.
        promotions: Its own ones, oldest first.
        mark: None, or what was begun and not ended: `half entered`, `half deleted`.
    """

    id: str
    key: str
    name: str
    folder: Path
    entered: str
    stage: Stage
    facts: dict[str, Any] = field(repr=False)
    job: dict[str, Any] = field(repr=False)
    versions: dict[str, str] = field(repr=False)
    metrics: dict[str, float] = field(repr=False)
    promotions: tuple[Promotion, ...] = ()
    mark: str | None = None

    @property
    def short(self) -> str:
        """First eight digits of the id."""
        return self.id[:8]

    @property
    def run(self) -> str:
        """Name of the folder; of a trial, whose folder is a number, `SEARCH/trials/0001`."""
        return "/".join(self.folder.parts[-3:]) if self.folder.parent.name == TRIALS else self.folder.name

    def plain(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        return {
            "id": self.id,
            "run": self.run,
            "name": self.name,
            "stage": self.stage,
            "status": self.status,
            "folder": str(self.folder),
            "lineage": {"key": self.key, **self.facts},
            "versions": self.versions,
            "metrics": self.metrics,
            "job": self.job,
            "promotions": [asdict(one) for one in self.promotions],
        }

    @property
    def bundle(self) -> Path:
        """Where its policy bundle stands."""
        return self.folder / "bundle"

    @property
    def folder_status(self) -> str | None:
        """Status that the folder tells now; None where the folder is gone, unreadable, or of another run."""
        try:
            record = read_record(self.folder)
        except QuantgymError:
            return None
        return str(record.get("status")) if run_key(record) == self.key else None

    @property
    def status(self) -> str:
        """One of `STATUSES`: what its folder tells now, unless it is gone (`missing`) or something here was not ended.

        A run that says `running` where nobody holds its lock was `killed`.
        """
        if self.mark is not None:
            return self.mark
        found = self.folder_status
        if found is None:
            return "missing"
        if found == "running" and (self.folder / LOCK).is_file() and not being_trained(self.folder):
            return "killed"
        return found


def being_trained(folder: Path) -> bool:
    """Return whether a process holds the lock of a run folder."""
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True
