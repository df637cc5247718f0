"""One run under way: iterate, validate, judge, save, until it has ended."""

import math
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..agents.bundle import save_bundle
from ..agents.network_policy import NetworkPolicy
from ..configs.job import TrainingSettings
from ..market.errors import ConfigError, IntegrityError
from .best import Best, Judge
from .board.board import Board
from .checkpoint import Checkpoint
from .disk_full import DiskFullError, in_words, is_full
from .interruption import Interruption
from .learner import Learner, NotFiniteError, learner_of
from .preparation import Prepared
from .progress import Iteration
from .quiet_log import quiet_logger
from .run_folder import RunFolder, Status
from .run_result import RunResult
from .trial import Trial, try_policy
from .validation import Showing, show_baselines

__all__ = ["DiskFullError", "Run"]


@dataclass
class Run:
    """A prepared job in its folder, from its first iteration or from a checkpoint to its end.

    Attributes:
        prepared: What is trained.
        folder: Where; held by this process.
        versions: Of the libraries, written into bundles.
        progress: Called after every iteration.
        clock: ns UTC.
        timer: Seconds from any origin.
        told: Called once where the run is asked to end, while it finishes its iteration.
    """

    prepared: Prepared
    folder: RunFolder
    versions: dict[str, str]
    progress: Callable[[Iteration], None] | None
    clock: Callable[[], int]
    timer: Callable[[], float]
    told: Callable[[], None] | None = None
    iterations: list[Iteration] = field(default_factory=list, init=False)
    best: Best | None = field(default=None, init=False)
    latest: Trial | None = field(default=None, init=False)  # of the last iteration; None where it was not validated
    stale: int = field(default=0, init=False)  # validations since the best
    saved: int | None = field(default=0, init=False)  # iteration of the checkpoint; None where the learner cannot save
    shown: float | None = field(default=None, init=False)  # return of the latest validation

    def go(self, checkpoint: Checkpoint | None = None) -> RunResult:
        """Train to the end and return what was learned; see `quantgym.training.job.train`."""
        self.judge = Judge.of(self.prepared)
        self.logger = quiet_logger("quantgym.training", run=self.folder.path.name)
        self._began = self.timer()
        self._since: tuple[int, float] | None = None  # end of the first iteration of this process
        if checkpoint is not None:
            self._restore(checkpoint)
        try:
            self.baselines: Mapping[str, Showing] = show_baselines(self.prepared.validation)
            with Board(self.folder.tensorboard, self.prepared.job, self.iterations) as board, learner_of(self.prepared) as learner:
                if checkpoint is not None:
                    self._load(learner, checkpoint)
                    board.cut(learner.steps)
                stopped = self._learn(learner, board)
                policy = learner.policy()
                board.finish(self._left(policy))
            return self._finish(policy, stopped)
        except BaseException as error:
            told = self._explained(error)
            if self.iterations:
                with suppress(OSError):
                    self.folder.finish("failed", {"error": f"{type(told).__name__}: {told}", "ended_at_ns": self.clock()})
            else:
                self.folder.discard()
            if told is error:
                raise
            raise told from error

    def _restore(self, checkpoint: Checkpoint) -> None:
        state = checkpoint.progress
        self._began -= state["seconds"]
        self.iterations = self.folder.iterations(self.prepared.job.training.iterations)
        self.best = None if state["best"] is None else Best(**state["best"])
        self.stale, self.saved = state["stale"], state["iteration"]
        self.shown = state["validation"]

    def _load(self, learner: Learner, checkpoint: Checkpoint) -> None:
        learner.load(checkpoint.path)
        if learner.iteration != len(self.iterations):
            found = f"the learner is at iteration {learner.iteration}"
            raise IntegrityError(f"{checkpoint.path}: {found}, the run at {len(self.iterations)}; train anew")

    def _learn(self, learner: Learner, board: Board) -> str:
        """Iterate until there is a reason to stop, and return it: `iterations`, `seconds`, `patience` or `interrupted`."""
        settings, between = self.prepared.job.training, True
        with Interruption(self.told) as interruption:
            try:
                while not (stopped := self._over(interruption)):
                    between = False
                    self._record(learner, board, learner.iterate())
                    if len(self.iterations) % settings.checkpoint_every == 0:
                        self._save(learner)
                    between = True
                    if self.progress is not None:
                        self.progress(self.iterations[-1])
            except KeyboardInterrupt:
                if not self.iterations or not between:  # what was learned since the last iteration is of none
                    raise
                stopped = "interrupted"
        if stopped == "interrupted":
            self.logger.warning("training interrupted", iterations=len(self.iterations))
            self._save(learner)
        return stopped

    def _over(self, interruption: Interruption) -> str:
        settings, done = self.prepared.job.training, len(self.iterations)
        if done >= settings.iterations:
            return "iterations"
        if done and settings.seconds is not None and self.iterations[-1].seconds >= settings.seconds:
            return "seconds"
        if settings.patience is not None and self.stale >= settings.patience:
            return "patience"
        return "interrupted" if done and interruption.asked else ""

    @property
    def seconds(self) -> float:
        """Seconds of training, those of earlier processes included."""
        return self.timer() - self._began

    def _record(self, learner: Learner, board: Board, figures: dict[str, float]) -> None:
        settings, number, spent = self.prepared.job.training, len(self.iterations) + 1, self.seconds
        self.latest = None
        out_of_time = settings.seconds is not None and spent >= settings.seconds
        if number % settings.validate_every == 0 or number == settings.iterations or out_of_time:
            figures = figures | self._validate(learner, number, figures)
        self._since = self._since or (number, spent)
        one = Iteration(number, settings.iterations, learner.steps, spent, figures, self.shown, self._since)
        board.iteration(one, getattr(learner, "distributions", dict)())
        if self.latest is not None:
            board.validation(self.latest.showing, self.baselines, learner.steps)
        self.folder.log(one.plain())
        self.iterations.append(one)

    def _validate(self, learner: Learner, number: int, figures: dict[str, float]) -> dict[str, float]:
        policy = learner.policy()
        trial = try_policy(self.prepared, policy, self.baselines)
        value = self.judge.value(figures | trial.figures)
        self.latest, self.shown = trial, trial.figures["validation/equity"] - 1.0
        self.stale += not math.isnan(value)
        if self.judge.prefers(value, self.best):
            digest, self.stale = "", 0
            if self.prepared.job.training.keep == "best":
                digest = self._bundle(self.folder.best(number), policy, trial, number, learner.steps)
            self.best = Best(number, value, digest, trial.figures)
        return trial.figures

    def _bundle(self, place: Path, policy: NetworkPolicy, trial: Trial, iteration: int, steps: int) -> str:
        prepared = self.prepared
        context = {**prepared.context, "versions": self.versions, "iterations": iteration, "steps": steps}
        return save_bundle(place, policy, prepared.layout, prepared.pipeline, trial.vectors(prepared), context)

    def _save(self, learner: Learner) -> None:
        """Write the checkpoint of the iteration that has just ended, where there is none yet."""
        number = len(self.iterations)
        if self.saved is None or self.saved == number:
            return
        best = None if self.best is None else self.best.plain()
        state = {"iteration": number, "steps": learner.steps, "seconds": self.seconds, "stale": self.stale, "best": best,
                 "validation": self.shown, "sizes": self.folder.sizes()}
        try:
            Checkpoint.write(self.folder.path, state, learner.save)
        except ConfigError as error:
            self.logger.warning("no checkpoints", why=str(error))
            self.folder.note({"resumable": False})
            self.saved = None
            return
        self.saved = number
        self.folder.keep_best(None if self.best is None else self.best.iteration)

    def _left(self, policy: NetworkPolicy) -> dict[str, float]:
        """Return what validation says of the policy that the run leaves."""
        if self.best is not None and self.best.digest:
            return self.best.figures
        if self.latest is None:
            self.latest = try_policy(self.prepared, policy, self.baselines)
        return self.latest.figures

    def _finish(self, policy: NetworkPolicy, stopped: str) -> RunResult:
        status: Status = "interrupted" if stopped == "interrupted" else "done"
        last, best = self.iterations[-1], self.best
        if best is not None and best.digest:
            self.folder.publish(best.iteration)
            digest, figures, chosen = best.digest, best.figures, best.iteration
            why = f"{self.judge.words()} of {'all validations' if status == 'done' else 'the validations so far'}"
        else:
            trial = self.latest or try_policy(self.prepared, policy, self.baselines)
            digest = self._bundle(self.folder.bundle, policy, trial, last.number, last.steps)
            figures, chosen, why = trial.figures, last.number, "the last one"
        record: dict[str, Any] = {
            "iterations": last.number, "steps": last.steps, "seconds": round(self.seconds, 2), "stopped": stopped,
            "chosen": {"iteration": chosen, "why": why}, "bundle": digest, "validation": figures,
        }  # fmt: skip
        self.folder.finish(status, {**record, "ended_at_ns": self.clock()})
        self.logger.info("training ended", status=status, **record)
        resume = self._command if status == "interrupted" and self.saved is not None else ""
        return RunResult(
            self.folder.path, self.folder.bundle, digest, status, tuple(self.iterations), last.steps, self.seconds, figures,
            stopped=stopped, chosen=chosen, why=why, resume=resume,
        )  # fmt: skip

    @property
    def _command(self) -> str:
        return f"quantgym resume {shlex.quote(str(self.folder.path))}"

    @property
    def _on(self) -> str:
        """The command that goes on, or begins anew where there is nothing to go on with."""
        return f"quantgym train {shlex.quote(str(self.folder.path / 'job.yaml'))}" if self.saved is None else self._command

    @property
    def _standing(self) -> str:
        return f"the checkpoint of iteration {self.saved} stands" if self.saved else "no checkpoint stands"

    def _explained(self, error: BaseException) -> BaseException:
        """Return the error with what still stands and what to do about it."""
        if not self.iterations:
            if isinstance(error, KeyboardInterrupt):
                return KeyboardInterrupt("interrupted before the first iteration had ended; nothing is left")
            if isinstance(error, OSError) and is_full(error):
                said = f"{in_words(error)} before the first iteration had ended"
                return DiskFullError(f"{self.folder.path}: {said}; nothing is left; free some space and train again")
            return error
        if isinstance(error, KeyboardInterrupt):
            after = f"after iteration {len(self.iterations)}"
            return KeyboardInterrupt(f"interrupted at once, {after}; {self._standing}; go on: {self._on}")
        stands = self._standing
        if isinstance(error, NotFiniteError):
            job = shlex.quote(str(self.folder.path / "job.yaml"))
            cure = f"quantgym train {job} --set {_halved(self.prepared.job.training)}"
            return type(error)(f"{error}; {stands}; begin anew: {cure}")
        if isinstance(error, OSError) and is_full(error):
            what = f"{self.folder.path}: {in_words(error)} at iteration {len(self.iterations)}"
            return DiskFullError(f"{what}; {stands}; free some space, then: {self._on}")
        return error


def _halved(training: TrainingSettings) -> str:
    """Return the setting of half the learning rate, for a shell: the schedule's, where there is one, since it goes before `lr`."""
    knots = training.schedules.get("lr")
    if knots is None:
        return f"training.lr={training.lr / 2.0:g}"
    return shlex.quote(f"training.schedules.lr={[[share, value / 2.0] for share, value in knots]}")
