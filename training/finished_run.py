"""A run folder read back: its job, its bundle, and the same tape and split again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..agents.bundle import Bundle, load_bundle
from ..configs.job import Job
from ..configs.load import load_job
from ..configs.strict import validate
from ..data.catalog import open_tape
from ..data.split import RowRange, Split, split_tape
from ..data.tape import Tape
from ..evaluation.candidate import Candidate
from ..market.errors import ConfigError, DataError, IntegrityError
from .run_record import read_record

__all__ = ["FinishedRun"]


@dataclass(frozen=True)
class FinishedRun:
    """A run that left a bundle.

    Attributes:
        folder: The run folder.
        job: What was trained.
        record: `run.json`.
        bundle: The policy.
    """

    folder: Path
    job: Job
    record: dict[str, Any]
    bundle: Bundle

    @classmethod
    def read(cls, folder: Path | str) -> "FinishedRun":
        """Read a run folder.

        Raises:
            DataError: It is no run folder, or training has not ended there.
            IntegrityError: Its version is not ours, or the bundle or the job was changed.
        """
        folder = Path(folder)
        record = read_record(folder)
        if record.get("status") not in ("done", "interrupted"):
            raise DataError(f"{folder}: training has not ended there (status {record.get('status')}); quantgym resume {folder}")
        if not (folder / "job.yaml").is_file():
            raise IntegrityError(f"{folder}: job.yaml is missing")
        job, bundle = load_job(folder / "job.yaml"), load_bundle(folder / "bundle")
        trained = validate(Job, bundle.context.get("job", {}), f"{bundle.path / 'manifest.json'}: job")
        if job != trained:
            raise IntegrityError(
                f"{folder / 'job.yaml'}: is not the job of the bundle ({_first_difference(job, trained)}); "
                "another split would show what it learned from as if it had never seen it"
            )
        return cls(folder, job, record, bundle)

    def tape(self) -> Tape:
        """Return the tape of training.

        Raises:
            ConfigError: The run's world draws its own paths.
            IntegrityError: The tape's content is not what it was.
        """
        if self.job.data is None:
            raise ConfigError(f"{self.folder}: trained on a world that draws its own paths; there is no tape to evaluate on")
        tape = open_tape(self.job.data.tape)
        trained = self.bundle.context["tape"]["digest"]
        if tape.digest != trained:
            raise IntegrityError(
                f"{self.folder}: tape {tape.name} has changed since training (digest {tape.digest[:12]}, was {trained[:12]}); "
                "evaluate with --tape to use it all the same"
            )
        return tape

    def rows(self, tape: Tape, split: str) -> RowRange:
        """Return the rows of `split` (`validation` or `test`).

        Raises:
            ConfigError: The split has another name.
        """
        if split not in ("validation", "test"):
            raise ConfigError(f"--split must be validation or test, was {split!r}; the policy was trained on the rest")
        found: RowRange = getattr(self.split(tape), split)
        return found

    def split(self, tape: Tape) -> Split:
        """Return the split of the run's job on `tape`."""
        data = self.job.data
        if data is None:
            raise ConfigError(f"{self.folder}: the job has no data section")
        return split_tape(
            tape, train=data.train, validation=data.validation, test=data.test,
            purge_bars=data.purge_bars, embargo_bars=data.embargo_bars, window=self.job.env.window,
        )  # fmt: skip

    def candidate(self, tape: Tape) -> Candidate:
        """Return the policy, ready to run on `tape`."""
        return Candidate.of(self.bundle, tape)


def _first_difference(job: Job, trained: Job) -> str:
    mine, theirs = job.plain(), trained.plain()
    section = next(name for name in mine if mine[name] != theirs[name])
    if isinstance(mine[section], dict) and isinstance(theirs[section], dict):
        key = next(name for name in mine[section] if mine[section][name] != theirs[section].get(name))
        return f"{section}.{key} is {mine[section][key]}, was {theirs[section][key]}"
    return f"{section} is {mine[section]}, was {theirs[section]}"
