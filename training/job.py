"""One job, from data to a bundle, and on from where it was stopped."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any

from ..configs.job import Job
from ..configs.load import load_job
from ..market.errors import ConfigError, IntegrityError
from .batch_size import check_batch_sizes
from .best import Judge
from .cluster import check_job, joined_cluster
from .device import torch_device
from .disk_full import DiskFullError, in_words, is_full
from .learner import learner_of
from .memory_need import check_memory
from .plan import facts_of, identity_of, resources_of, versions
from .preparation import Prepared, prepare
from .progress import Iteration
from .quiet_log import quiet_logger
from .registry.code_version import code_version
from .run import Run
from .run_folder import RunFolder
from .run_result import RunResult
from .warm_start import check_start

__all__ = ["plan", "resume", "train"]

Progress = Callable[[Iteration], None]
Log = Callable[[Path], AbstractContextManager[Any]]


def plan(job: Job, address: str | None = None) -> dict[str, Any]:
    """Return what training would do, checked against the data: rows, columns, network, steps, resources. Nothing is written.

    With an `address`, the cluster there is joined for its nodes and processors, and left.

    Raises:
        ConfigError: A setting is wrong.
        DataError: The data are missing or too short.
    """
    if address is not None:
        check_job(job)
    prepared = _prepared(job)
    facts = {**facts_of(prepared), "resources": resources_of(prepared)}
    if address is not None:
        with joined_cluster(address, job) as cluster:
            facts["cluster"] = cluster.plain(job.training.runners)
    return facts


def train(
    job: Job,
    folder: Path | str,
    *,
    progress: Progress | None = None,
    log: Log | None = None,
    clock: Callable[[], int] = time.time_ns,
    timer: Callable[[], float] = time.perf_counter,
    told: Callable[[], None] | None = None,
    parent: str | None = None,
    address: str | None = None,
) -> RunResult:
    """Train the agent of a job.

    Everything is checked before `folder` is made. The first Ctrl-C (or SIGTERM) ends training after the iteration that is under
    way, with a checkpoint; the second one at once. An error leaves a folder marked `failed` with the last good checkpoint, or none
    where nothing had been learned yet.

    Args:
        job: The job.
        folder: Run folder; must not exist. See `RunFolder` for what stands in it.
        progress: Called after every iteration.
        log: Opens the structured log of the run at a path, for as long as it trains.
        clock: ns UTC, for `run.json`.
        timer: Seconds from any origin, for `training.seconds` and the figures of speed.
        told: Called at the first Ctrl-C.
        parent: What the run is a part of, such as a study or the runs of several seeds; kept in `run.json`.
        address: `host:port` of a running Ray cluster, over whose nodes the environment runners are spread; None: this machine.

    Returns:
        What was learned and where it stands.

    Raises:
        ConfigError: A setting is wrong or the folder exists.
        DataError: The data are missing or too short.
        NotFiniteError: A loss or a weight became NaN or infinite.
        DiskFullError: There is no space left; what was saved before stands.
    """
    run = RunFolder(folder)
    if address is not None:
        check_job(job)
    prepared = _prepared(job)
    if address is not None:
        with joined_cluster(address, job):
            return _begin(run, prepared, progress, log, clock, timer, told, parent)
    return _begin(run, prepared, progress, log, clock, timer, told, parent)


def _begin(
    run: RunFolder, prepared: Prepared, progress: Progress | None, log: Log | None, clock: Callable[[], int],
    timer: Callable[[], float], told: Callable[[], None] | None, parent: str | None,
) -> RunResult:  # fmt: skip
    job = prepared.job
    begun = {"job": job.name, **identity_of(parent), "started_at_ns": clock(), "versions": versions()}
    try:
        run.create(job, {**begun, **facts_of(prepared)})
        with nullcontext() if log is None else log(run.path / "log.jsonl"):
            quiet_logger("quantgym.training", run=run.path.name).info(
                "training began", job=job.digest, algorithm=job.agent.algorithm, observation=prepared.layout.size
            )
            return Run(prepared, run, versions(), progress, clock, timer, told).go()
    except OSError as error:
        if is_full(error):  # before the run itself could say so
            run.discard()
            raise DiskFullError(f"{run.path}: {in_words(error)}; nothing is left; free some space and train again") from None
        raise
    finally:
        run.close()


def resume(
    folder: Path | str,
    *,
    progress: Progress | None = None,
    log: Log | None = None,
    clock: Callable[[], int] = time.time_ns,
    timer: Callable[[], float] = time.perf_counter,
    told: Callable[[], None] | None = None,
    address: str | None = None,
) -> RunResult:
    """Go on with a run that was interrupted, killed or failed, from its checkpoint, or from the beginning where none stood yet.

    With one environment runner the run ends as if it had never stopped, to the bit, but for figures of the wall clock. Metrics and
    events of iterations after the checkpoint are cut off, since they are done again. Arguments as those of `train`.

    Raises:
        ConfigError: The run is done, its backend cannot go on, or its job was changed.
        FolderInUseError: Another process trains there.
        DataError: It is no run folder.
        IntegrityError: The tape, the features or the checkpoint are not what they were.
    """
    run, joined = RunFolder.open(folder), ExitStack()
    try:
        job = _job_of(run)
        prepared = _prepared(job)
        _check_unchanged(run, prepared)
        if address is not None:
            joined.enter_context(joined_cluster(address, job))
        checkpoint = run.checkpoint()
        run.cut({} if checkpoint is None else checkpoint.progress["sizes"])
        if checkpoint is not None:
            run.check(checkpoint.progress, job.training.iterations)
        best = None if checkpoint is None else checkpoint.progress["best"]
        run.keep_best(None if best is None else best["iteration"])
        run.resumed({"resumed_at_ns": [*run.record.get("resumed_at_ns", []), clock()]})
        with nullcontext() if log is None else log(run.path / "log.jsonl"):
            logger = quiet_logger("quantgym.training", run=run.path.name)
            logger.info("training resumed", iterations=0 if checkpoint is None else checkpoint.progress["iteration"])
            if run.record.get("versions") != versions():
                logger.warning("other versions than the run began with", before=run.record.get("versions"), now=versions())
            return Run(prepared, run, versions(), progress, clock, timer, told).go(checkpoint)
    finally:
        joined.close()
        run.close()


def _prepared(job: Job) -> Prepared:
    check_batch_sizes(job.agent.algorithm, job.training)
    prepared = prepare(job)
    Judge.of(prepared)
    check_memory(prepared)
    torch_device(job.training)
    learner_of(prepared)  # refuses what its backend cannot do; nothing is up yet
    check_start(prepared)
    return prepared


def _job_of(run: RunFolder) -> Job:
    record = run.record
    if record["status"] == "done":
        raise ConfigError(f"{run.path}: training is done there (iteration {record.get('iterations')}); there is nothing to resume")
    if record.get("resumable") is False:
        raise ConfigError(f"{run.path}: its backend ({record.get('backend')}) leaves no checkpoints; train it again")
    if not (run.path / "job.yaml").is_file():
        raise IntegrityError(f"{run.path}: job.yaml is missing")
    job = load_job(run.path / "job.yaml")
    if job.digest != record.get("job_digest"):
        raise ConfigError(
            f"{run.path / 'job.yaml'}: was changed since the run began (digest {job.digest[:12]}, was "
            f"{str(record.get('job_digest'))[:12]}){_other_program(record)}; "
            f"another job is another run: quantgym train {run.path / 'job.yaml'}"
        )
    return job


def _other_program(record: Mapping[str, Any]) -> str:
    """Return that the settings of the program may be others, where it is not the one that the run began with."""
    began, now = record.get("code") or {}, code_version()
    differ = [f"{name} {str(began.get(name))[:12]}, now {str(now[name])[:12]}" for name in ("version", "commit")
              if began.get(name) != now.get(name) and now.get(name)]
    return f", or this program knows other settings than the one it began with ({'; '.join(differ)})" if differ else ""


def _check_unchanged(run: RunFolder, prepared: Prepared) -> None:
    """Raise IntegrityError where the run would go on with other data than it began with."""
    tape, table = prepared.tape, prepared.train.table
    if tape is None or table is None:
        return
    if tape.digest != run.record.get("tape_digest") or table.tape_digest not in ("", tape.digest):
        raise IntegrityError(
            f"{run.path}: tape {tape.name} has changed since the run began (digest {tape.digest[:12]}, was "
            f"{str(run.record.get('tape_digest'))[:12]}); a curve cannot go on with other data, train again"
        )
    if facts_of(prepared)["features_digest"] != run.record.get("features_digest"):
        raise IntegrityError(
            f"{run.path}: the encoders compute other features than when the run began (another version of a library?); train again"
        )
