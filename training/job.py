"""One job, from data to a bundle."""

import math
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import yaml

from ..agents.bundle import save_bundle
from ..agents.policy import Policy, sample_observation
from ..agents.recorded_vectors import N_VECTORS
from ..configs.job import Job
from ..evaluation.known_answer import known_answer_score, worlds_with_known_answers
from ..market.errors import ConfigError
from .batch_size import check_batch_sizes
from .learner import learner_of
from .preparation import Prepared, prepare
from .progress import Iteration
from .run_folder import RunFolder, Status
from .run_result import RunResult
from .tensorboard import TensorBoardLog
from .validation import Showing, show, show_baselines

__all__ = ["plan", "train"]

LIBRARIES = ("quantgym", "numpy", "numba", "gymnasium", "torch", "ray")


def plan(job: Job) -> dict[str, Any]:
    """Return what training would do, checked against the data: rows, columns, network, steps. Nothing is written.

    Raises:
        ConfigError: A setting is wrong.
        DataError: The data are missing or too short.
    """
    check_batch_sizes(job.agent.algorithm, job.training)
    return _facts(prepare(job))


def train(
    job: Job,
    folder: Path | str,
    *,
    progress: Callable[[Iteration], None] | None = None,
    log: Callable[[Path], AbstractContextManager[Any]] | None = None,
    clock: Callable[[], int] = time.time_ns,
) -> RunResult:
    """Train the agent of a job.

    Everything is checked before `folder` is made. Ctrl-C ends training after what has been learned is saved; an error leaves a
    folder marked `failed`, or none where nothing had been learned yet.

    Args:
        job: The job.
        folder: Run folder; must not exist. See `RunFolder` for what stands in it.
        progress: Called after every iteration.
        log: Opens the structured log of the run at a path, for as long as it trains.
        clock: ns UTC, for `run.json`.

    Returns:
        What was learned and where it stands.

    Raises:
        ConfigError: A setting is wrong or the folder exists.
        DataError: The data are missing or too short.
    """
    run = RunFolder(folder)
    check_batch_sizes(job.agent.algorithm, job.training)
    prepared = prepare(job)
    run.create(job, {"job": job.name, "started_at_ns": clock(), "versions": _versions(), **_facts(prepared)})
    with nullcontext() if log is None else log(run.path / "log.jsonl"):
        return _train(prepared, run, progress, clock)


def _train(prepared: Prepared, run: RunFolder, progress: Callable[[Iteration], None] | None, clock: Callable[[], int]) -> RunResult:
    job, began = prepared.job, time.perf_counter()
    logger = structlog.get_logger("quantgym.training").bind(run=run.path.name)
    logger.info("training began", job=job.digest, algorithm=job.agent.algorithm, observation=prepared.layout.size)
    iterations: list[Iteration] = []
    status: Status = "done"
    try:
        baselines = show_baselines(prepared.validation)
        text = yaml.safe_dump(job.plain(), sort_keys=False)
        with TensorBoardLog(run.tensorboard, text) as board, learner_of(prepared) as learner:
            try:
                while len(iterations) < job.training.iterations and not (iterations and _out_of_time(job, began)):
                    figures = learner.iterate()
                    number = len(iterations) + 1
                    if number % job.training.validate_every == 0 or number == job.training.iterations:
                        policy = learner.policy()
                        showing = show(prepared.validation, policy, job.seed)
                        figures |= _validation(showing, baselines, prepared, policy)
                    one = Iteration(number, job.training.iterations, learner.steps, time.perf_counter() - began, figures)
                    iterations.append(one)
                    board.log(figures, learner.steps)
                    run.log(one.plain())
                    if progress is not None:
                        progress(one)
            except KeyboardInterrupt:
                if not iterations:
                    raise
                status = "interrupted"
                logger.warning("training interrupted", iterations=len(iterations))
            policy, steps = learner.policy(), learner.steps
        showing = show(prepared.validation, policy, job.seed)
        validation = _validation(showing, baselines, prepared, policy)
        context = {**prepared.context, "versions": _versions(), "iterations": len(iterations), "steps": steps}
        digest = save_bundle(run.bundle, policy, prepared.layout, prepared.pipeline, _vectors(showing, prepared), context)
    except BaseException as error:
        if iterations:
            run.finish("failed", {"error": f"{type(error).__name__}: {error}", "ended_at_ns": clock()})
        else:
            run.discard()
        raise
    seconds = time.perf_counter() - began
    last = {"iterations": len(iterations), "steps": steps, "seconds": round(seconds, 2), "bundle": digest, "validation": validation}
    run.finish(status, {**last, "ended_at_ns": clock()})
    logger.info("training ended", status=status, **last)
    return RunResult(run.path, run.bundle, digest, status, tuple(iterations), steps, seconds, validation)


def _out_of_time(job: Job, began: float) -> bool:
    return job.training.seconds is not None and time.perf_counter() - began >= job.training.seconds


def _validation(showing: Showing, baselines: Mapping[str, Showing], prepared: Prepared, policy: Policy) -> dict[str, float]:
    figures = {"validation/equity": float(showing.equity[-1])}
    for name in ("drawdown", "exposure", "turnover", "reward"):
        figures[f"validation/{name}"] = showing.figures.get(f"train/{name}", 0.0)
    figures["validation/costs_bp"] = sum(value for name, value in showing.figures.items() if name.startswith("costs/"))
    if prepared.tape is None and prepared.job.env.id in worlds_with_known_answers():
        figures |= _score(prepared, policy)
    return figures | {f"validation/equity_{name}": float(one.equity[-1]) for name, one in baselines.items()}


def _score(prepared: Prepared, policy: Policy) -> dict[str, float]:
    """Return the score on a world with a known answer; nothing where its options have none, or the episodes cannot bound it."""
    try:
        known = known_answer_score(prepared.job.env.id, policy, prepared.validation.settings)
    except ConfigError as error:
        structlog.get_logger(__name__).warning("no score", why=str(error))
        return {}
    if not (math.isfinite(known.low) and math.isfinite(known.high)):
        return {}
    return {"validation/score": known.value, "validation/score_low": known.low, "validation/score_high": known.high}


def _vectors(showing: Showing, prepared: Prepared) -> np.ndarray:
    """Return 64 observations of the validation, evenly spread; random ones fill up where there are fewer."""
    seen = showing.observations
    if len(seen) < N_VECTORS:
        seen = np.concatenate([seen, sample_observation(prepared.layout, N_VECTORS, prepared.job.seed).flat()])[:N_VECTORS]
    return np.ascontiguousarray(seen[np.linspace(0, len(seen) - 1, N_VECTORS).astype(np.int64)], np.float32)


def _facts(prepared: Prepared) -> dict[str, Any]:
    job, tape, split = prepared.job, prepared.tape, prepared.split
    facts: dict[str, Any] = {"algorithm": job.agent.algorithm, "env": job.env.id, "action": prepared.scheme}
    if tape is not None and split is not None:
        facts |= {
            "tape": tape.name,
            "tape_digest": tape.digest,
            "rows": {"train": list(split.train), "validation": list(split.validation), "test": list(split.test)},
        }
    steps = job.training.iterations * job.training.num_envs * job.training.rollout_bars
    facts |= {"observation": prepared.layout.size, "network": prepared.network.plain(), "steps": steps}
    return facts | {"job_digest": job.digest}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in LIBRARIES}}
