"""The folder of one search: what stands where, and who works in it."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from ...configs.job import Job
from ...configs.load import parse_yaml
from ...configs.strict import validate
from ...market.errors import ConfigError, DataError, IntegrityError
from .search import Search, SearchSettings, digest_of
from .trial_record import Trials

__all__ = ["SEARCH_VERSION", "SearchFolder"]

SEARCH_VERSION = 1


class SearchFolder:
    """`search.yaml`, `job.yaml`, `trials.jsonl`, `search.json`, `trials/0001/`, `best/`, the plot; see docs/tuning.md.

    Args:
        path: Where it stands or shall stand.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def trial(self, number: int) -> Path:
        """Return the run folder of a trial."""
        return self.path / "trials" / f"{number:04d}"

    @property
    def best(self) -> Path:
        """A relative link to the run folder of the best trial."""
        return self.path / "best"

    @property
    def scratch(self) -> Path:
        """Where Tune keeps what it insists on writing; gone when the search is over."""
        return self.path / ".tune"

    @property
    def generations(self) -> Path:
        """Checkpoints of a population by generation and member; gone when the search is done."""
        return self.path / "generations"

    def generation(self, number: int) -> Path:
        """Return where the checkpoints of a generation stand."""
        return self.generations / f"{number:04d}"

    def trials(self) -> Trials:
        """Return the record of the trials."""
        return Trials(self.path / "trials.jsonl")

    def check_free(self) -> None:
        """Raise ConfigError where the path exists."""
        if self.path.exists():
            cure = f"choose another name, or go on with a search there: quantgym tune --resume --run {self.path}"
            raise ConfigError(f"folder {self.path} exists; {cure}")

    def create(self, search: Search) -> None:
        """Make the folder with the search in it.

        Raises:
            ConfigError: The path exists.
            OSError: It cannot be written.
        """
        self.check_free()
        try:
            self.path.mkdir(parents=True)
        except FileExistsError:
            raise ConfigError(f"folder {self.path} exists; another search took the name") from None
        try:
            self._write("job.yaml", yaml.safe_dump(search.base.plain(), sort_keys=False, allow_unicode=True))
            self._write_search(search)
            self.save({"status": "running", "digest": search.digest})
        except OSError:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def read(self, trials: int | None = None) -> Search:
        """Return the search that was begun here.

        Args:
            trials: A new number of trials, not below the number that have begun; written down.

        Raises:
            DataError: It is no folder of a search.
            ConfigError: The number of trials is too small.
            IntegrityError: The search or the job was changed after it began, or is of another version.
        """
        try:
            texts = {name: (self.path / name).read_text(encoding="utf-8") for name in ("search.yaml", "job.yaml", "search.json")}
        except OSError:
            cure = f"begin one with quantgym tune SEARCH.yaml --run {self.path}"
            raise DataError(f"{self.path}: no folder of a search; {cure}") from None
        try:
            record = json.loads(texts["search.json"])
        except ValueError as error:
            record = error
        if not isinstance(record, dict):
            why = f"unreadable ({record})" if isinstance(record, ValueError) else f"must be a mapping, was {type(record).__name__}"
            raise IntegrityError(f"{self.path}/search.json: {why}; bring a copy of it back")
        if record.get("schema") != SEARCH_VERSION:
            raise IntegrityError(f"{self.path}: search of version {record.get('schema')}, this program reads {SEARCH_VERSION}")
        where = f"{self.path}/search.yaml"
        mapping = parse_yaml(texts["search.yaml"], where)
        base = parse_yaml(texts["job.yaml"], f"{self.path}/job.yaml")
        job = validate(Job, base, f"{self.path}/job.yaml")
        search = Search(validate(SearchSettings, mapping, where), job, where)
        written = digest_of({"search": mapping, "base": base})  # as they are, where a later version has settings more
        if record.get("digest") not in (written, search.digest):
            raise IntegrityError(
                f"{self.path}: search.yaml or job.yaml was changed after the search had begun; its trials would not be comparable, "
                "begin a new one"
            )
        if trials is not None and trials != search.settings.trials:
            begun = self.trials().begun
            if search.settings.scheduler.kind == "pbt":
                raise ConfigError(f"--trials must stay {search.settings.trials} in {self.path}, the members of its population, "
                                  f"was {trials}")
            if trials < begun:
                raise ConfigError(f"--trials must not be below the {begun} that have begun in {self.path}, was {trials}")
            search = Search(search.settings.model_copy(update={"trials": trials}), job, where)
            self._write_search(search)
            self.save({**record, "digest": search.digest})
        return search

    def save(self, record: Mapping[str, Any]) -> None:
        """Write `search.json`."""
        self._write("search.json", json.dumps({"schema": SEARCH_VERSION, **record}, indent=2, allow_nan=False) + "\n")

    def mark_best(self, number: int) -> Path:
        """Make `best` point at the run folder of a trial; return that folder."""
        partial = self.path / ".best.partial"
        partial.unlink(missing_ok=True)
        partial.symlink_to(self.trial(number).relative_to(self.path))
        partial.replace(self.best)
        return self.trial(number)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process while the block runs.

        Raises:
            ConfigError: Another process works in it.
        """
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ConfigError(f"another process searches in {self.path}; wait for it, or stop it first") from None
            yield

    def _write_search(self, search: Search) -> None:
        self._write("search.yaml", yaml.safe_dump(search.settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True))

    def _write(self, name: str, text: str) -> None:
        partial = self.path / f".{name}.partial"
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path / name)
