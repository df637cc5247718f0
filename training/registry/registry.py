"""The registry read: plain SQL on MLflow's tables, so that a list takes no second and live needs no MLflow."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ...market.errors import ConfigError, DataError, IntegrityError, QuantgymError, UnknownNameError, did_you_mean
from ..run_record import read_record
from .entry import STATUSES, Entry
from .lineage import run_key
from .location import NAME, registry_path
from .metric_name import tag_of
from .stage import DEPLOYED, STAGES, Promotion, Stage, check_stage, replay_promotions

__all__ = ["COMPLETE", "CURE", "DELETING", "PREFIX", "PROMOTION", "TEXT", "Registry"]

PREFIX = "quantgym."
COMPLETE, DELETING = PREFIX + "complete", PREFIX + "deleting"
PROMOTION = PREFIX + "promotion."
TEXT = 8_000
"""Longest value of a tag that MLflow takes; longer ones go on under `NAME.1`, `NAME.2`."""
CURE = "bring a copy of it back, or move it away and enter the runs anew with quantgym runs import FOLDER (stages are lost)"
LEAST = 4
BUSY_MS = 20_000

RUNS = """
select runs.run_uuid, tags.key, tags.value from runs join tags on tags.run_uuid = runs.run_uuid
where runs.lifecycle_stage = 'active' and tags.key like 'quantgym.%'
"""
METRICS = "select run_uuid, key, value from latest_metrics where is_nan = 0"
PROMOTIONS = "select name, value, key from registered_model_tags where key like 'quantgym.promotion.%' order by key"


class Registry:
    """What the registry holds. Nothing is written, and a registry that does not exist is an empty one.

    Args:
        path: Its file, see `registry_path`; by default the one of the environment.

    Raises:
        ConfigError: The registry is switched off, or said to be on a network.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        found = registry_path(path)
        if found is None:
            raise ConfigError("the registry is switched off (off); give its file with --registry")
        self.path = found

    def entries(self, *, name: str | None = None, stage: str | None = None, status: str | None = None) -> list[Entry]:
        """Return the runs, oldest first.

        Args:
            name: Only those of this name.
            stage: Only those in this stage.
            status: Only those of this status, see `STATUSES`.

        Raises:
            UnknownNameError: No run has the name, or there is no such stage or status.
            IntegrityError: The file is no registry.
        """
        if stage is not None:
            check_stage(stage)
        if status is not None and status not in STATUSES:
            raise UnknownNameError("status", status, STATUSES)
        found = self._read()
        if name is not None and name not in {one.name for one in found}:
            raise UnknownNameError("name", name, {one.name for one in found}, str(self.path))
        return [one for one in found if name in (None, one.name) and stage in (None, one.stage) and status in (None, one.status)]

    def find(self, run: str | Path) -> Entry:
        """Return the run that `run` means: a folder, the folder's name, an id or its first digits (4 or more).

        Raises:
            ConfigError: There is none, or it may mean several.
        """
        text, entries = str(run), self.entries()
        folder = Path(run).resolve()
        for meant in (
            [one for one in entries if one.folder == folder],
            [one for one in entries if text in (one.id, one.key)],
            [one for one in entries if text in (one.run, one.folder.name)],
            [one for one in entries if len(text) >= LEAST and one.id.startswith(text)],
        ):
            if len(meant) > 1:  # a folder that was deleted by other means and taken again is the run that stands there
                meant = [one for one in meant if one.folder_status is not None] or meant
            if len(meant) > 1:
                raise ConfigError(f"{text!r} may be {' or '.join(f'{one.short} ({one.folder})' for one in meant)}; give the id")
            if meant:
                return meant[0]
        close = did_you_mean(text, {one.run for one in entries})
        raise ConfigError(f"unknown run {text!r}{close}; {self.path} holds {len(entries)} runs, quantgym runs list shows them")

    def held(self, name: str, stage: Stage) -> tuple[Entry, Promotion]:
        """Return the run of `name` that holds `stage`, with the promotion that brought it there.

        Raises:
            UnknownNameError: No run has the name.
            DataError: None of them holds the stage.
            ConfigError: Several hold it, as candidates may.
        """
        found = self.entries(name=name, stage=stage)
        if not found:
            cure = f"quantgym runs promote RUN {stage} brings one there"
            raise DataError(f"no run of {name} is in stage {stage} ({self.path}); {cure}")
        if len(found) > 1:
            several = ", ".join(one.short for one in found)
            raise ConfigError(f"{len(found)} runs of {name} are in stage {stage}: {several}; promote one to paper or live")
        return found[0], found[0].promotions[-1]

    def strangers(self) -> list[Path]:
        """Return the run folders beside the registry's file that are not in it, as those of runs that were killed; copies once."""
        known, found = {one.key for one in self.entries()}, []
        for path in sorted(self.path.parent.glob("*/run.json")):
            try:
                key = run_key(read_record(path.parent))
                if key not in known:  # of several copies the first
                    found.append(path.parent)
                    known.add(key)
            except QuantgymError:  # no run of ours
                continue
        return found

    def refuse_deployed(self, folder: Path | str) -> None:
        """Refuse to go on training in the folder of a run that is deployed: its bundle would be replaced.

        Raises:
            ConfigError: It is in stage paper or live.
        """
        place = Path(folder).resolve()
        for one in self.entries():
            if one.folder == place and one.stage in DEPLOYED and one.folder_status is not None:
                cure = "train a new run, or promote this one to archived"
                raise ConfigError(f"{place} is in stage {one.stage} of {one.name}, and training would replace its bundle; {cure}")

    def promotions(self, name: str) -> list[Promotion]:
        """Return the whole history of a name, oldest first."""
        with self._open() as connection:
            rows = connection.execute(PROMOTIONS).fetchall()
        return [Promotion.of(value, str(self.path)) for owner, value, _ in rows if owner == name]

    def _read(self) -> list[Entry]:
        with self._open() as connection:
            tags, metrics = connection.execute(RUNS).fetchall(), connection.execute(METRICS).fetchall()
            promoted = connection.execute(PROMOTIONS).fetchall()
        facts: dict[str, dict[str, str]] = {}
        for run, key, value in tags:
            facts.setdefault(run, {})[key.removeprefix(PREFIX)] = value
        figures: dict[str, dict[str, float]] = {}
        for run, key, value in metrics:
            figures.setdefault(run, {})[tag_of(key)] = value
        histories: dict[str, list[Promotion]] = {}
        for name, value, _ in promoted:
            histories.setdefault(name, []).append(Promotion.of(value, str(self.path)))
        stages = {name: replay_promotions(history) for name, history in histories.items()}
        entries = []
        for run, one in facts.items():
            name = one.get("name", "")
            steps = tuple(step for step in histories.get(name, ()) if step.run == run)
            entries.append(_entry(run, one, figures.get(run, {}), stages.get(name, {}).get(run, STAGES[0]), steps, self.path))
        return sorted(entries, key=lambda one: (one.facts.get("started_at_ns", 0), one.id))

    def check(self) -> None:
        """Check that what stands at the path is a registry, or nothing.

        Raises:
            IntegrityError: It is something else.
        """
        with self._open() as connection:
            connection.execute(f"{RUNS} limit 0")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if self.path.is_dir():
            raise IntegrityError(f"{self.path}: is a folder, a registry is a file; say {self.path / NAME}")
        if not self.path.is_file():
            with closing(sqlite3.connect(":memory:")) as connection:
                connection.executescript(EMPTY)
                yield connection
            return
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=BUSY_MS / 1000.0)) as connection:
                connection.execute("begin")
                yield connection
        except sqlite3.DatabaseError as error:
            raise IntegrityError(f"{self.path}: no registry of runs that this program can read ({error}); {CURE}") from None


EMPTY = """
create table runs (run_uuid, lifecycle_stage, start_time); create table tags (run_uuid, key, value);
create table latest_metrics (run_uuid, key, value, is_nan); create table registered_model_tags (name, key, value);
"""


def _entry(
    run: str, facts: dict[str, str], metrics: dict[str, float], stage: Stage, promotions: tuple[Promotion, ...], where: Path
) -> Entry:
    mark = None if facts.pop("complete", "") == "1" else "half entered"
    if facts.pop("deleting", ""):
        mark = "half deleted"
    pieces = {name: _joined(facts, name) for name in ("job", "versions")}
    try:
        parsed = {name: json.loads(text) if text else {} for name, text in pieces.items()}
    except ValueError as error:
        if mark is None:
            cure = "quantgym runs import FOLDER writes it anew"
            raise IntegrityError(f"{where}: run {run} has an unreadable entry ({error}); {cure}") from None
        parsed = {"job": {}, "versions": {}}
    own = ("id", "name", "folder", "status")
    plain = {name: _plain(name, value) for name, value in facts.items() if name not in own and name.split(".")[0] not in pieces}
    return Entry(
        id=run,
        key=facts.get("id", ""),
        name=facts.get("name", ""),
        folder=Path(facts.get("folder", "")),
        entered=facts.get("status", ""),
        stage=stage,
        facts=plain,
        metrics=metrics,
        promotions=promotions,
        mark=mark,
        **parsed,
    )


def _joined(facts: dict[str, str], name: str) -> str:
    text, number = facts.get(name, ""), 1
    while f"{name}.{number}" in facts:
        text += facts[f"{name}.{number}"]
        number += 1
    return text


def _plain(name: str, value: str) -> Any:
    if name.startswith("code.") or name.endswith("_ns"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
