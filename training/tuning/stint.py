"""What one member of a population learns in one generation: from a checkpoint to a checkpoint, with the same result each time."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from ...configs.job import Job
from ...market.errors import ConfigError
from ..board.board import Board
from ..checkpoint import Checkpoint as Saved
from ..inheritance import Heir
from ..learner import Learner, NotFiniteError, learner_of
from ..plan import facts_of, identity_of, versions
from ..preparation import Prepared
from ..progress import Iteration
from ..run_folder import RunFolder
from .judgement import Judgement, judge, metric_of
from .kept_policy import keep_policy, kept_record
from .trial_record import Checkpoint, Judged, TrialRecord

__all__ = ["InterruptedStintError", "Stint"]


class InterruptedStintError(Exception):
    """Ctrl-C between two iterations; the stint is learned anew by who goes on."""


@dataclass(frozen=True)
class Stint:
    """Plain data, so that it may be learned in any process that sees the folders.

    Attributes:
        member: As it stood before; an error of its last generation is forgotten by now.
        job: Of its settings in this generation.
        settings: These settings, by path.
        until: Iterations after it.
        last: Whether it is the last generation.
        folder: Run folder of the member.
        sizes: Of its growing files before; None: the member begins, and what stands there is removed.
        source: Folder with the checkpoint to go on from; None: the member begins.
        source_job: Whose checkpoint that is.
        target: Folder in which the checkpoint is left.
        scratch: Where RLlib may write what nobody reads.
        metric: Tag of the figure that the search goes by.
        maximise: Whether more of it is better.
        parent: The search, for `run.json`.
    """

    member: TrialRecord
    job: Job
    settings: dict[str, Any]
    until: int
    last: bool
    folder: Path
    sizes: dict[str, int] | None
    source: Path | None
    source_job: Job | None
    target: Path
    scratch: Path
    metric: str
    maximise: bool
    parent: str

    def learn(
        self, base: Prepared, asked: Callable[[], bool] = lambda: False, clock: Callable[[], int] = time.time_ns
    ) -> Judged:
        """Learn, judge, and leave run folder and checkpoint.

        Where a loss, a weight or the metric is not finite the record says so under `error`, and there is no checkpoint.

        Args:
            base: The job that all members start from, prepared; settings of a population change nothing else of it.
            asked: Whether to end after this iteration.
            clock: ns UTC, for `run.json`.

        Raises:
            InterruptedStintError: `asked` said so.
            IntegrityError: The run folder or the checkpoint to go on from is not what was left.
        """
        prepared = replace(base, job=self.job)
        run = self._opened(prepared, clock)
        try:
            earlier = run.iterations(self.job.training.iterations)
            with _storage(self.scratch), Board(run.tensorboard, self.job, earlier, tuple(self.settings)) as board:
                record = self._learned(prepared, run, board, asked)
            last: dict[str, Any] = {name: getattr(record, name) for name in ("iterations", "steps", "seconds", "bundle", "error")}
            last |= {"ended_at_ns": clock()}
            run.finish("failed" if record.value is None else "done" if self.last else "interrupted", last)
            return Judged(record, self.settings, run.sizes())
        finally:
            run.close()

    def _opened(self, prepared: Prepared, clock: Callable[[], int]) -> RunFolder:
        if self.sizes is not None:
            run = RunFolder.open(self.folder)
            run.cut(self.sizes)
            return run
        shutil.rmtree(self.folder, ignore_errors=True)
        run = RunFolder(self.folder)
        facts = {"trial": self.member.number, "settings": self.settings, **facts_of(prepared)}
        begun = {"job": self.job.name, **identity_of(self.parent)}
        run.create(self.job, {**begun, "started_at_ns": clock(), "versions": versions(), **facts})
        return run

    def _learned(self, prepared: Prepared, run: RunFolder, board: Board, asked: Callable[[], bool]) -> TrialRecord:
        began, record = time.perf_counter(), self.member
        with learner_of(prepared) as learner:
            self._go_on(learner, board)
            try:
                while True:
                    if asked():
                        raise InterruptedStintError
                    figures = learner.iterate()
                    seconds = self.member.seconds + time.perf_counter() - began
                    judgement = self._judged(prepared, learner) if learner.iteration == self.until else None
                    figures = figures if judgement is None else figures | judgement.figures
                    one = Iteration(learner.iteration, self.job.training.iterations, learner.steps, seconds, figures)
                    board.iteration(one, getattr(learner, "distributions", dict)())
                    run.log(one.plain())
                    if judgement is not None:
                        break
            except NotFiniteError as error:
                seconds = self.member.seconds + time.perf_counter() - began
                return replace(record, seconds=round(seconds, 3), error=f"{type(error).__name__}: {error}")
            record = replace(record, iterations=one.number, steps=one.steps, seconds=round(one.seconds, 3))
            record = self._kept(record, prepared, run, board, judgement, learner)
            self.target.mkdir(parents=True, exist_ok=True)
            Saved.write(self.target, {"member": record.number, "iteration": one.number, "job": self.job.digest}, learner.save)
        return record

    def _go_on(self, learner: Learner, board: Board) -> None:
        if self.source is None or self.source_job is None:
            return
        saved = Saved.newest(self.source)
        if saved is None:
            raise ConfigError(f"{self.source}: the checkpoint to go on from is gone; begin the search anew")
        if self.source_job.digest == self.job.digest:
            learner.load(saved.path)
        else:
            cast(Heir, learner).take_over(saved.path, self.source_job)
        board.cut(learner.steps)

    def _judged(self, prepared: Prepared, learner: Learner) -> Judgement:
        judgement = judge(prepared, learner.policy())
        try:
            metric_of(judgement, self.metric)
        except ConfigError as error:
            raise NotFiniteError(str(error)) from None
        return judgement

    def _kept(
        self, record: TrialRecord, prepared: Prepared, run: RunFolder, board: Board, judgement: Judgement, learner: Learner
    ) -> TrialRecord:
        """Return the record with the policy that was judged, and leave its bundle where it is the one to keep."""
        value, sign = metric_of(judgement, self.metric), 1.0 if self.maximise else -1.0
        record = replace(record, checkpoints=(*record.checkpoints, Checkpoint(record.iterations, value, judgement.sharpe)))
        board.validation(judgement.showing, {}, record.steps)
        if self.job.training.keep == "best" and record.value is not None and sign * value <= sign * record.value:
            return record
        digest = keep_policy(run, prepared, learner.policy(), judgement, record.iterations, record.steps)
        facts = {"settings": self.settings, "job_digest": self.job.digest, "validation": judgement.figures}
        run.change_job(self.job, facts)
        board.reached({self.metric: value, **judgement.figures})
        return replace(kept_record(record, judgement, value, digest), settings=self.settings)


@contextmanager
def _storage(scratch: Path) -> Iterator[None]:
    """Have RLlib's own algorithm write its logs there, not to ~/ray_results, while the block runs."""
    from ray.tune.trainable import trainable

    before, trainable.DEFAULT_STORAGE_PATH = trainable.DEFAULT_STORAGE_PATH, str(scratch)
    try:
        yield
    finally:
        trainable.DEFAULT_STORAGE_PATH = before
