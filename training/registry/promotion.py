"""Promotion: a run goes to another stage, with a reason, once its bundle has been found sound."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...agents.bundle import load_bundle
from ...market.errors import ConfigError, DataError, IntegrityError
from .entry import Entry
from .registry import PROMOTION, Registry
from .stage import DEPLOYED, Promotion, Stage, check_stage, replay_promotions
from .store import writing

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["promote"]

ONE_LINE = 1_000


def promote(
    run: str | Path, stage: str, reason: str, registry: Path | str | None = None, *, clock: Callable[[], int] = time.time_ns
) -> Promotion:
    """Bring a run to a stage; whoever held `paper` or `live` of that name before is archived by the same stroke.

    The promotion is one row, so that a process killed at any moment leaves the old holder or the new one, never both.

    Args:
        run: See `Registry.find`.
        stage: `candidate`, `paper`, `live`: the bundle must load and its digest be the one that was entered. `archived`, `none`: it
            need not.
        reason: Why; kept in the history.
        registry: See `registry_path`.
        clock: ns UTC, for the history.

    Raises:
        UnknownNameError: No such stage.
        ConfigError: No such run, it is in that stage already, or no reason is given.
        DataError: The run has left no bundle, or its folder is missing.
        IntegrityError: The bundle is not the one that was entered, or does not load.
    """
    wanted, reader = check_stage(stage), Registry(registry)
    entry, why = reader.find(run), " ".join(reason.split())
    if not 0 < len(why) <= ONE_LINE:
        raise ConfigError(f"a promotion needs a reason of 1 to {ONE_LINE} characters, was {len(why)}; say it with --reason")
    digest = None if wanted in ("archived", "none") else sound_bundle(entry)
    with writing(reader.path) as client:
        entry = reader.find(entry.id)
        if entry.stage == wanted:
            raise ConfigError(f"{entry.short} ({entry.run}) is in stage {wanted} already")
        if digest is not None and digest != entry.facts.get("bundle"):
            raise IntegrityError(f"{entry.bundle}: was changed while it was checked; promote it again")
        if entry.mark is not None:
            raise DataError(f"{entry.short} is {entry.mark}; quantgym runs import {entry.folder} or quantgym runs delete ends that")
        history = reader.promotions(entry.name)
        number = 1 + max((one.number for one in history), default=0)
        made = Promotion(number, entry.id, wanted, entry.stage, clock(), why, digest)
        _describe(client, entry, digest)
        client.set_registered_model_tag(entry.name, f"{PROMOTION}{number:08d}", made.text())
        _mirror(client, entry.name, replay_promotions([*history, made]))
    return made


def sound_bundle(entry: Entry) -> str:
    """Return the digest of a run's bundle after it was loaded and its recorded decisions were replayed."""
    status = entry.status
    if status == "missing":
        raise DataError(f"{entry.folder}: the run folder is missing; where it was moved, quantgym runs import FOLDER says so")
    if status not in ("done", "interrupted") or not entry.bundle.is_dir():
        raise DataError(f"{entry.folder}: a run that is {status} has no bundle to promote")
    digest, entered = load_bundle(entry.bundle).digest, entry.facts.get("bundle")
    if digest != entered:
        was = "none" if entered is None else entered[:12]
        cure = f"where the run has gone on, quantgym runs import {entry.folder} enters the new one"
        raise IntegrityError(f"{entry.bundle}: is not the bundle that was entered (digest {digest[:12]}, was {was}); {cure}")
    return digest


def _describe(client: "MlflowClient", entry: Entry, digest: str | None) -> None:
    """See to it that MLflow knows a model of the name, and a version of it for the bundle."""
    if not client.search_registered_models(filter_string=f"name = '{entry.name}'"):
        client.create_registered_model(entry.name)
    if digest is not None and not any(one.tags.get("quantgym.bundle") == digest for one in _versions(client, entry.name, entry.id)):
        client.create_model_version(entry.name, entry.bundle.as_uri(), entry.id, tags={"quantgym.bundle": digest})


def _versions(client: "MlflowClient", name: str, run: str) -> list:  # type: ignore[type-arg]
    return [one for one in client.search_model_versions(f"run_id = '{run}'") if one.name == name]


def _mirror(client: "MlflowClient", name: str, stages: dict[str, Stage]) -> None:
    """Let MLflow's aliases say the same, for its own pages: `models:/NAME@live`. Nothing of ours reads them."""
    aliases = dict(client.get_registered_model(name).aliases)
    for stage in DEPLOYED:
        run = next((run for run, held in stages.items() if held == stage), None)
        versions = _versions(client, name, run) if run is not None else []
        if versions:
            client.set_registered_model_alias(name, stage, max(versions, key=lambda one: int(one.version)).version)
        elif stage in aliases:
            client.delete_registered_model_alias(name, stage)
