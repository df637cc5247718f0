"""One trial: a job that is learned iteration by iteration, whose best policy stands in its run folder after each."""

import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ...configs.job import Job
from ..board.board import Board
from ..learner import Learner, learner_of
from ..plan import facts_of, identity_of, versions
from ..preparation import prepare
from ..progress import Iteration
from ..run_folder import RunFolder
from .judgement import Judgement, judge, metric_of
from .kept_policy import keep_policy, kept_record
from .trial_record import Checkpoint, TrialRecord, TrialStatus

__all__ = ["TrialRun"]


class TrialRun:
    """Learns inside a `with` block.

    The run folder is one that `quantgym evaluate` can read from the first judged policy on; its status is `interrupted` until the
    trial has learned to its end.

    Args:
        trial: Number and settings.
        job: The job of these settings.
        folder: Run folder of the trial; what a killed one left there is removed.
        metric: Tag of the figure that the search goes by.
        maximise: Whether more of it is better.
        parent: The search that the trial is a part of; kept in `run.json`.
        clock: ns UTC, for `run.json`.

    Attributes:
        record: The trial as far as it has come.
    """

    def __init__(
        self, trial: TrialRecord, job: Job, folder: Path, metric: str, *, maximise: bool, parent: str | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:  # fmt: skip
        self.record, self.job, self.folder, self._parent, self._clock = trial, job, folder, parent, clock
        self._metric, self._sign = metric, 1.0 if maximise else -1.0
        self._stack = ExitStack()
        self._learner: Learner
        self._kept: Judgement | None = None

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._run = RunFolder(self.folder)
        self._prepared = prepare(self.job)
        facts = {"trial": self.record.number, "settings": self.record.settings, **facts_of(self._prepared)}
        begun = {"job": self.job.name, **identity_of(self._parent)}
        self._run.create(self.job, {**begun, "started_at_ns": self._clock(), "versions": versions(), **facts})
        with ExitStack() as stack:
            self._board = stack.enter_context(Board(self._run.tensorboard, self.job, varied=tuple(self.record.settings)))
            self._learner = stack.enter_context(learner_of(self._prepared))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()
        self._run.close()

    def fail(self, error: str) -> None:
        """Mark the run folder, where it stands already."""
        if self.folder.is_dir():
            self._run.finish("failed", {"error": error, "ended_at_ns": self._clock()})

    @property
    def over(self) -> bool:
        """Whether it has learned to its end: all iterations, the seconds of the job, or its patience."""
        training, checkpoints = self.job.training, self.record.checkpoints
        if self._learner.iteration >= training.iterations or (training.seconds is not None and self._seconds >= training.seconds):
            return True
        if training.patience is None or not checkpoints:
            return False
        best = max(range(len(checkpoints)), key=lambda place: self._sign * checkpoints[place].value)
        return len(checkpoints) - 1 - best >= training.patience

    def iterate(self) -> TrialRecord:
        """Learn until the metric has been measured once more, which is one iteration where the job validates after each."""
        total, every = self.job.training.iterations, self.job.training.validate_every
        while True:
            figures = self._learner.iterate()
            number = self._learner.iteration
            judged = number % every == 0 or number >= total or self.over
            if judged:
                judgement = self._judge(number)
                figures = figures | judgement.figures
            one = Iteration(number, total, self._learner.steps, self._seconds, figures)
            self._board.iteration(one, getattr(self._learner, "distributions", dict)())
            if judged:
                self._board.validation(judgement.showing, {}, one.steps)
                if self._kept is judgement:  # Tune may kill the process of a trial that it stops
                    self._board.reached({self._metric: judgement.figures[self._metric], **judgement.figures})
            self._run.log(one.plain())
            if judged:
                break
        status: TrialStatus = "done" if self.over else "running"
        self.record = replace(self.record, status=status, iterations=number, steps=one.steps, seconds=round(one.seconds, 3))
        assert self._kept is not None
        last: dict[str, Any] = {"iterations": number, "steps": one.steps, "seconds": self.record.seconds}
        last["bundle"] = self.record.bundle
        last |= {"validation": self._kept.figures, "ended_at_ns": self._clock()}
        self._run.finish("done" if status == "done" else "interrupted", last)
        return self.record

    @property
    def _seconds(self) -> float:
        return time.perf_counter() - self._began

    def _judge(self, number: int) -> Judgement:
        policy = self._learner.policy()
        judgement = judge(self._prepared, policy)
        value = metric_of(judgement, self._metric)
        before = self.record
        checkpoints = (*before.checkpoints, Checkpoint(number, value, judgement.sharpe))
        self.record = replace(before, checkpoints=checkpoints)
        keeps_best = self.job.training.keep == "best"
        if before.value is None or not keeps_best or self._sign * value > self._sign * before.value:
            digest = keep_policy(self._run, self._prepared, policy, judgement, number, self._learner.steps)
            self._kept = judgement
            self.record = kept_record(self.record, judgement, value, digest)
        return judgement
