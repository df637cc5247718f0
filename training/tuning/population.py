"""A population that learns side by side: generation after generation, each a function of the one before.

Ray Tune has population-based training too; ours is a loop of its own, because Tune's draws from Python's global generator and keeps
its state in snapshots of the moment, so that neither a second search nor one after a kill need be the same.
"""

import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ..interruption import Interruption
from ..preparation import Prepared
from .generation import at_once, in_turn
from .proposal import propose
from .search import Search
from .search_folder import SearchFolder
from .stint import Stint
from .succession import successions
from .trial_record import Judged, Takeover, TrialRecord, Trials, TrialStatus

__all__ = ["Population"]

Progress = Callable[[float, str], None]


class Population:
    """Learns what is left of a search with `scheduler.kind: pbt`; see docs/tuning.md.

    Args:
        search: The search.
        place: Its folder, held by this process.
        prepared: The job that all members start from.
        remote: Whether members learn in processes of Ray's, which must be up, `concurrent` at a time; else one by one in this one.
        progress: Called with (share done, text) after every member of every generation.
        clock: ns UTC, for the record.
    """

    def __init__(
        self, search: Search, place: SearchFolder, prepared: Prepared, *, remote: bool = False, progress: Progress | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:  # fmt: skip
        self._search, self._place, self._prepared, self._remote = search, place, prepared, remote
        self._progress, self._clock = progress, clock
        self._trials: Trials = place.trials()
        self._numbers = range(1, search.settings.trials + 1)
        self._generations = math.ceil(search.base.training.iterations / search.settings.scheduler.every)

    def learn(self) -> None:
        """Learn to the end, or until Ctrl-C; what a killed process left half done is done again."""
        for number in self._numbers[self._trials.begun :]:
            self._trials.begin(TrialRecord(number, propose(self._search, number, [])), self._clock())
        with Interruption() as interruption:
            for generation in range(1, self._generations + 1):
                self._forget(generation - 2)
                for member in self._judged(self._stints(generation), lambda: interruption.asked):
                    self._trials.judge(generation, member, self._clock())
                    self._tell(generation, member)
                judged = self._trials.judged.get(generation, {})
                if len(judged) < len(self._numbers):
                    return  # interrupted
                if all(one.record.error is not None for one in judged.values()):
                    break
        self._end()

    def _judged(self, stints: list[Stint], asked: Callable[[], bool]) -> Iterator[Judged]:
        if self._remote:
            return at_once(stints, self._prepared, self._search.settings.concurrent, asked)
        return in_turn(stints, self._prepared, asked)

    def _stints(self, generation: int) -> list[Stint]:
        """Return what is left to learn of a generation."""
        trials, settings = self._trials, self._search.settings
        done, before = trials.judged.get(generation, {}), trials.judged.get(generation - 1, {})
        following = successions(self._search, generation - 1, before)
        begun = {one.number: Judged(one, one.settings, {}) for one in trials.unfinished}
        stints = []
        for number in self._numbers:
            if number in done:
                continue
            own, source, succession = before.get(number) or begun[number], number, following.get(number)
            member, current = own.record, own.settings
            if succession is not None:
                source, current = succession.source, succession.settings
                taken = Takeover((generation - 1) * settings.scheduler.every, source, current, member.error)
                member = replace(member, error=None, lineage=(*member.lineage, taken))
            began = generation == 1
            stints.append(Stint(
                member=member, job=self._search.job_of(current), settings=current,
                until=min(generation * settings.scheduler.every, self._search.base.training.iterations),
                last=generation == self._generations,
                folder=self._place.trial(number).resolve(), sizes=None if began else own.sizes,
                source=None if began else self._checkpoint(generation - 1, source),
                source_job=None if began else self._search.job_of(before[source].settings),
                target=self._checkpoint(generation, number), scratch=self._place.scratch.resolve(),
                metric=settings.metric, maximise=settings.mode == "max", parent=str(self._place.path),
            ))  # fmt: skip
        return stints

    def _checkpoint(self, generation: int, number: int) -> Path:
        return self._place.generation(generation).resolve() / f"{number:04d}"

    def _forget(self, generation: int) -> None:
        """Delete the checkpoints of a generation whose successors have ended."""
        shutil.rmtree(self._place.generation(generation), ignore_errors=True)

    def _tell(self, generation: int, member: Judged) -> None:
        if self._progress is None:
            return
        count, done, record = len(self._numbers), len(self._trials.judged[generation]), member.record
        value = record.error if record.error is not None else f"{self._search.settings.metric} {record.checkpoints[-1].value:.4f}"
        share = ((generation - 1) * count + done) / (self._generations * count)
        self._progress(share, f"generation {generation} of {self._generations}, member {record.number} of {count}, {value}")

    def _end(self) -> None:
        """Write how every member ended: one whose last generation failed left what it had kept before."""
        for record in self._trials.unfinished:
            status: TrialStatus = "done" if record.error is None else "failed" if record.value is None else "stopped"
            self._trials.end(replace(record, status=status), self._clock())
        shutil.rmtree(self._place.generations, ignore_errors=True)
