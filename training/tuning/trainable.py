"""The trial as Ray Tune runs it: an actor whose steps are iterations, used again by the next trial."""

from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.trainable import trainable

from ...configs.job import Job
from ...configs.strict import validate
from .trial_record import TrialRecord
from .trial_run import TrialRun

__all__ = ["TIME", "VALUE", "TrialActor"]

VALUE, TIME = "value", "iterations"
"""What Tune's scheduler looks at in a report."""


class TrialActor(tune.Trainable):  # type: ignore[misc]
    """Learns one trial; an error of the trial is a report of it, so that the actor lives on.

    Its configuration holds `trial` (a `TrialRecord` as JSON data), `job`, `folder`, `metric`, `maximise` and `parent`.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Note what to learn. Nothing is touched before the first step: Tune may have two actors up for a trial, and steps one."""
        trainable.DEFAULT_STORAGE_PATH = self.logdir  # RLlib's own algorithm would make ~/ray_results
        self._trial, self._asked = TrialRecord.of(config["trial"]), config
        self._run: TrialRun | None = None
        self._error: str | None = None

    def step(self) -> dict[str, Any]:
        """Bring up the trial where it is not up yet, and learn until the metric has been measured once more."""
        try:
            if self._run is None:
                self._begin()
            assert self._run is not None
            record = self._run.iterate()
        except Exception as error:
            self._failed(error)
            record = self._trial if self._run is None else self._run.record
        plain = record.plain()
        if self._error is not None:
            return {TIME: 0, VALUE: 0.0, "trial": plain | {"status": "failed", "error": self._error}, "done": True}
        return {TIME: record.iterations, VALUE: record.checkpoints[-1].value, "trial": plain, "done": record.status == "done"}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """End this trial and begin the next one in the same process."""
        self.cleanup()
        self.setup(new_config)
        return True

    def cleanup(self) -> None:
        """Let go of learner and environments."""
        if self._run is not None:
            self._run.__exit__(None, None, None)
            self._run = None

    def _begin(self) -> None:
        config = self._asked
        self._run = TrialRun(
            self._trial, validate(Job, config["job"], "job"), Path(config["folder"]), config["metric"],
            maximise=config["maximise"], parent=config["parent"],
        )  # fmt: skip
        self._run.__enter__()

    def _failed(self, error: Exception) -> None:
        self._error = f"{type(error).__name__}: {error}"
        if self._run is not None:
            self._run.fail(self._error)
