"""What Ray Tune asks of us while trials run: what to try next, and where to write down how it went."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from .proposal import propose
from .search import Search
from .search_folder import SearchFolder
from .trainable import VALUE
from .trial_record import TrialRecord, Trials

__all__ = ["Proposer", "Recorder"]

Progress = Callable[[float, str], None]


class Proposer(Searcher):  # type: ignore[misc]
    """Hands out trials: those that were killed first, with the settings they had, then new ones.

    Ray's own `OptunaSearch` keeps its study in memory and a pickle; ours is made of the records each time, see `propose`.
    """

    def __init__(self, search: Search, folder: SearchFolder, trials: Trials, clock: Callable[[], int] = time.time_ns) -> None:
        super().__init__(metric=VALUE, mode=search.settings.mode)
        self._search, self._folder, self._trials, self._clock = search, folder, trials, clock
        self._killed = trials.unfinished

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """Return the configuration of the next trial's actor."""
        if self._killed:
            trial = self._killed.pop(0)
        elif self._trials.begun < self._search.settings.trials:
            number = self._trials.begun + 1
            settings = propose(self._search, number, self._trials.finished, self._trials.unfinished)
            trial = TrialRecord(number, settings)
        else:
            return str(Searcher.FINISHED)
        self._trials.begin(trial, self._clock())
        return {
            "trial": trial.plain(),
            "job": self._search.job_of(trial.settings).plain(),
            "folder": str(self._folder.trial(trial.number).resolve()),
            "metric": self._search.settings.metric,
            "parent": str(self._folder.path),
            "maximise": self._search.settings.mode == "max",
        }

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing: the recorder writes what the next proposal reads."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the record is all there is."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, see `save`."""


class Recorder(Callback):  # type: ignore[misc]
    """Writes every end of a trial to the record, and tells how far the search has come."""

    def __init__(
        self, search: Search, trials: Trials, progress: Progress | None = None, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._search, self._trials, self._progress, self._clock = search, trials, progress, clock

    def on_trial_result(self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any) -> None:
        """Tell the progress."""
        record = TrialRecord.of(result["trial"])
        if self._progress is not None:
            ended, asked = len(self._trials.finished), self._search.settings.trials
            share = record.iterations / trial.config["job"]["training"]["iterations"]
            value = "" if record.value is None else f", {self._search.settings.metric} {record.value:.4f}"
            text = f"trial {record.number} of {asked}, iteration {record.iterations}{value}"
            self._progress((ended + min(share, 1.0)) / asked, text)

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Write the end of a trial; one that had more to learn was stopped."""
        record = TrialRecord.of(trial.last_result["trial"])
        self._trials.end(replace(record, status="stopped") if record.status == "running" else record, self._clock())

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Write that the process of a trial was lost."""
        last = trial.last_result.get("trial") if trial.last_result else None
        record = TrialRecord.of(last or trial.config["trial"])
        why = str(trial.get_error() or "").strip().splitlines()
        error = f"the process of the trial was lost ({why[0] if why else 'no reason given'}); see whether memory ran out"
        self._trials.end(replace(record, status="failed", error=error), self._clock())
