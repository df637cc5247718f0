"""A search from its plan to its winner."""

import logging
import os
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...market.errors import ConfigError, QuantgymError
from ..preparation import prepare
from ..ray_session import ray_session
from .feasibility import check_search
from .registration import register_best
from .search import Search
from .search_folder import SearchFolder
from .search_result import SearchResult

__all__ = ["plan", "resume", "tune"]

Progress = Callable[[float, str], None]

TUNE_ENVIRONMENT = {
    "MLFLOW_CONFIGURE_LOGGING": "false",  # Ray imports it where it is installed
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # paths of a job are relative to where the command runs
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_MAX_PENDING_TRIALS_PG": "1",
}


def plan(search: Search) -> dict[str, Any]:
    """Return what the search would do, checked against the data and the space. Nothing is written.

    Raises:
        ConfigError: A setting is wrong, or a value of the space makes a job that cannot run.
        DataError: The data are missing or too short.
    """
    prepared, settings, training = check_search(search), search.settings, search.base.training
    together = settings.scheduler.kind == "pbt"
    random = min(settings.sampler.startup, settings.trials) if settings.sampler.kind == "tpe" and not together else settings.trials
    judged = settings.scheduler.every if together else training.validate_every
    return {
        "search": settings.name,
        "job": f"{search.base.name}, {search.base.agent.algorithm} on {search.base.env.id}",
        "metric": f"{settings.metric}, {settings.mode}",
        "trials": f"{settings.trials}, {settings.concurrent} at a time, the first {random} at random",
        "iterations": f"at most {training.iterations} a trial, judged every {judged}",
        "stopping": _early(search),
        "observation": prepared.layout.size,
        "space": [f"{path}: {dimension.says()}" for path, dimension in search.space.items()],
        "processes": f"{settings.concurrent} x (1 trial + {training.runners} runners)",
    }


def _early(search: Search) -> str:
    """Return in words who ends early, or takes over from whom."""
    scheduler, iterations = search.settings.scheduler, search.base.training.iterations
    if scheduler.kind == "none":
        return "none"
    if scheduler.kind == "pbt":
        taken = f"the lowest {scheduler.quantile:g} take over from the highest, settings times or divided by {scheduler.factor:g}"
        return f"pbt: nobody stops; every {scheduler.every} iterations {taken}"
    rungs = [scheduler.grace]
    while rungs[-1] * scheduler.reduction < iterations:
        rungs.append(int(rungs[-1] * scheduler.reduction))
    return f"asha: 1 in {scheduler.reduction:g} goes on after {', '.join(map(str, rungs))}"


def tune(
    search: Search,
    folder: Path | str,
    *,
    address: str | None = None,
    progress: Progress | None = None,
    clock: Callable[[], int] = time.time_ns,
) -> SearchResult:
    """Run a search in a new folder.

    Everything is checked before `folder` is made. Ctrl-C ends the search after what is known is saved; trials that had begun are
    begun anew by `resume`.

    Args:
        search: The search.
        folder: Must not exist. See `SearchFolder` for what stands in it.
        address: Of a Ray cluster that runs the trials; None: this machine. Its nodes must see `folder` at the same path.
        progress: Called with (share done, text) after every report of a trial.
        clock: ns UTC, for `trials.jsonl`.

    Raises:
        ConfigError: A setting is wrong, a value of the space makes a job that cannot run, or the folder exists.
        DataError: The data are missing or too short.
        QuantgymError: Every trial failed.
    """
    place = SearchFolder(folder)
    place.check_free()
    check_search(search)
    place.create(search)
    return _run(search, place, address, progress, clock)


def resume(
    folder: Path | str,
    *,
    search: Search | None = None,
    trials: int | None = None,
    address: str | None = None,
    progress: Progress | None = None,
    clock: Callable[[], int] = time.time_ns,
) -> SearchResult:
    """Go on with a search that was interrupted or killed, or that shall have more trials.

    Trials that ended are not run again. Those that had begun are begun anew with the same settings. With one trial at a time and a
    learner that is a function of its seed the result is that of a search that was never interrupted.

    Args:
        folder: Of the search.
        search: If given, must be the one of the folder.
        trials: A new number of trials, not below those that have begun.
        address: See `tune`.
        progress: See `tune`.
        clock: See `tune`.

    Raises:
        DataError: It is no folder of a search.
        ConfigError: Another process works in it, it is another search, or the number of trials is too small.
        IntegrityError: The search was changed after it began.
        QuantgymError: Every trial failed.
    """
    place = SearchFolder(folder)
    begun = place.read(trials)
    if search is not None and search.digest != begun.digest:
        cure = "go on with it by leaving the file out, or choose another folder"
        raise ConfigError(f"{place.path}: holds another search than {search.where}; {cure}")
    return _run(begun, place, address, progress, clock)


def _run(
    search: Search, place: SearchFolder, address: str | None, progress: Progress | None, clock: Callable[[], int]
) -> SearchResult:
    with place.held():
        trials = place.trials()
        asked = search.settings.trials
        if len(trials.finished) < asked:
            place.save({"status": "running", "digest": search.digest})
            shutil.rmtree(place.scratch, ignore_errors=True)
            fit = _learn_together if search.settings.scheduler.kind == "pbt" else _fit
            try:
                fit(search, place, address, progress, clock)
            finally:
                shutil.rmtree(place.scratch, ignore_errors=True)
            trials = place.trials()
        status = "done" if len(trials.finished) >= asked else "interrupted"
        known = trials.finished if status == "done" else [*trials.finished, *trials.standing]
        return _conclude(SearchResult(place.path, search, tuple(known), status), place)


def _fit(search: Search, place: SearchFolder, address: str | None, progress: Progress | None, clock: Callable[[], int]) -> None:
    """Let Tune run what is left to run; returns early after Ctrl-C."""
    settings, processes = search.settings, 1 + search.base.training.runners
    with _quiet(), ray_session(max(2, settings.concurrent * processes), address=address):
        from ray import tune as ray_tune

        from .halving import scheduler_of
        from .trainable import TIME, VALUE, TrialActor
        from .tune_driver import Proposer, Recorder

        trials = place.trials()
        resources = ray_tune.PlacementGroupFactory([{"CPU": 1.0}] * processes)
        tuner = ray_tune.Tuner(
            ray_tune.with_resources(TrialActor, resources),
            tune_config=ray_tune.TuneConfig(
                search_alg=Proposer(search, place, trials, clock),
                scheduler=scheduler_of(search, trials.finished, VALUE, TIME),
                num_samples=settings.trials - len(trials.finished),
                max_concurrent_trials=settings.concurrent,
                reuse_actors=True,
                trial_name_creator=lambda trial: f"trial_{trial.config['trial']['number']:04d}",
                trial_dirname_creator=lambda trial: f"{trial.config['trial']['number']:04d}_{trial.trial_id}",
            ),
            run_config=ray_tune.RunConfig(
                name=settings.name,
                storage_path=str(place.scratch.resolve()),
                callbacks=[Recorder(search, trials, progress, clock)],
                checkpoint_config=ray_tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
                verbose=0,
            ),
        )
        tuner.fit()


def _learn_together(
    search: Search, place: SearchFolder, address: str | None, progress: Progress | None, clock: Callable[[], int]
) -> None:
    """Let the population learn what is left to learn; returns early after Ctrl-C."""
    concurrent, processes = search.settings.concurrent, 1 + search.base.training.runners
    remote = concurrent > 1 or address is not None
    with _quiet(), ray_session(max(2, (concurrent if remote else 1) * processes), address=address):
        from .population import Population

        Population(search, place, prepare(search.base), remote=remote, progress=progress, clock=clock).learn()


def _conclude(result: SearchResult, place: SearchFolder) -> SearchResult:
    best = result.best
    if best is not None:
        from .parallel_chart import write_parallel_coordinates

        run = place.mark_best(best.number)
        write_parallel_coordinates(result, place.path)
        if result.status == "done":
            result = SearchResult(result.folder, result.search, result.trials, result.status, register_best(run))
    elif result.status == "done":
        result = SearchResult(result.folder, result.search, result.trials, "failed")
    place.save(result.summary())
    if result.status == "failed":
        raise QuantgymError(
            f"{place.path}: every one of the {len(result.trials)} trials failed; the first: {result.trials[0].error}"
        )
    return result


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Tune from writing to the terminal and out of the folder of the search while the block runs."""
    before = {name: os.environ.get(name) for name in TUNE_ENVIRONMENT}
    levels = {name: logging.getLogger(name).level for name in ("ray", "ray.tune", "ray.rllib", "ray.tune.tune")}
    os.environ.update(TUNE_ENVIRONMENT)
    for name in levels:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
