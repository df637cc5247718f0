"""What is known of every trial of a search: one line when it begins, one when it ends, never changed."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...market.errors import IntegrityError

__all__ = ["Checkpoint", "Judged", "Takeover", "TrialRecord", "TrialStatus", "Trials"]

TrialStatus = Literal["running", "done", "stopped", "failed"]


@dataclass(frozen=True)
class Checkpoint:
    """A policy that was judged on the validation rows.

    Attributes:
        iteration: After which iteration.
        value: The search's metric.
        sharpe: Sharpe ratio of one bar on the validation rows, not annualised.
    """

    iteration: int
    value: float
    sharpe: float


@dataclass(frozen=True)
class Takeover:
    """A member of a population went on from the checkpoint of another one.

    Attributes:
        iteration: After which iteration.
        source: Number of the other one.
        settings: With which it goes on: those of the other one, changed.
        why: The error of a member that could not go on by itself; None: it was among the poorer.
    """

    iteration: int
    source: int
    settings: dict[str, Any]
    why: str | None = None


@dataclass(frozen=True)
class TrialRecord:
    """One trial.

    Attributes:
        number: 1, 2, 3, ... in the order in which they were proposed.
        settings: Value by path; of a member of a population those of the policy that was kept.
        status: `done`: learned to its end; `stopped`: ended early as one of the poorer; `failed`: an error, see `error`; `running`.
        iterations: That were learned.
        steps: Environment steps.
        seconds: Wall time of the trial, its preparation included.
        value: The metric of the policy that was kept; None where there is none.
        sharpe: Its Sharpe ratio of one bar on the validation rows, not annualised; 0 where its equity never moved.
        skewness: Of the returns of its bars; None where its equity never moved.
        kurtosis: Of the same, 3 for a normal distribution.
        bars: How many there were.
        checkpoints: Every policy that was judged, in order.
        bundle: Digest of the policy that was kept.
        error: What ended a failed one.
        lineage: Of a member of a population, what it took over from whom.
    """

    number: int
    settings: dict[str, Any]
    status: TrialStatus = "running"
    iterations: int = 0
    steps: int = 0
    seconds: float = 0.0
    value: float | None = None
    sharpe: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    bars: int = 0
    checkpoints: tuple[Checkpoint, ...] = field(default=(), repr=False)
    bundle: str | None = None
    error: str | None = None
    lineage: tuple[Takeover, ...] = field(default=(), repr=False)

    def plain(self) -> dict[str, Any]:
        """Return it as JSON data."""
        plain = asdict(self)
        plain["checkpoints"] = [[one.iteration, one.value, one.sharpe] for one in self.checkpoints]
        return plain

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "TrialRecord":
        """Return the trial that `plain` made a mapping of."""
        lineage = tuple(Takeover(**one) for one in plain.get("lineage", ()))
        return cls(**{**plain, "checkpoints": tuple(Checkpoint(*one) for one in plain["checkpoints"]), "lineage": lineage})


@dataclass(frozen=True)
class Judged:
    """A member of a population at the end of a generation.

    Attributes:
        record: The member as far as it has come; with an error where it could not finish the generation.
        settings: With which it learned in it.
        sizes: Of the files of its run folder that only grow, see `RunFolder.sizes`.
    """

    record: TrialRecord
    settings: dict[str, Any]
    sizes: dict[str, int]


class Trials:
    """`trials.jsonl`: a line `{"event": "began" | "judged" | "ended", "at_ns": ..., ...}` for each beginning and each end.

    `judged` is written for each member of a population at the end of each generation.

    A trial that began and never ended was killed. A last line without its end was torn by a kill and is cut off.

    Args:
        path: The file; made by the first line.

    Raises:
        IntegrityError: A line is no record of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._by_number: dict[int, TrialRecord] = {}
        self.finished: list[TrialRecord] = []
        """Those that ended, in the order in which they did."""
        self.judged: dict[int, dict[int, Judged]] = {}
        """Members of a population by generation (1, 2, ...) and number."""
        if path.exists():
            self._read()

    @property
    def unfinished(self) -> list[TrialRecord]:
        """Those that began and did not end, by number."""
        return [one for _, one in sorted(self._by_number.items()) if one.status == "running"]

    @property
    def standing(self) -> list[TrialRecord]:
        """Members of a population that have been judged and did not end, by number."""
        return [one for one in self.unfinished if one.checkpoints]

    @property
    def begun(self) -> int:
        """How many have ever begun."""
        return len(self._by_number)

    def begin(self, trial: TrialRecord, at_ns: int) -> None:
        """Write that a trial begins, or begins anew."""
        self._by_number[trial.number] = trial
        self._append({"event": "began", "at_ns": at_ns, "number": trial.number, "settings": trial.settings})

    def judge(self, generation: int, member: Judged, at_ns: int) -> None:
        """Write how a member of a population stands at the end of a generation."""
        line = {"generation": generation, "current": member.settings, "sizes": member.sizes}
        self._append({"event": "judged", "at_ns": at_ns, **line, **member.record.plain()})
        self._note(generation, member)

    def end(self, trial: TrialRecord, at_ns: int) -> None:
        """Write how a trial ended."""
        self._append({"event": "ended", "at_ns": at_ns, **trial.plain()})
        self._by_number[trial.number] = trial
        self.finished.append(trial)

    def _note(self, generation: int, member: Judged) -> None:
        self._by_number[member.record.number] = member.record
        self.judged.setdefault(generation, {})[member.record.number] = member

    def _append(self, line: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self) -> None:
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self.path, len(whole))
        for number, text in enumerate(whole.decode("utf-8").splitlines(), 1):
            try:
                line = json.loads(text)
                event = line.pop("event")
                del line["at_ns"]
                told = {name: line.pop(name) for name in ("generation", "current", "sizes")} if event == "judged" else {}
                trial = TrialRecord(**line) if event == "began" else TrialRecord.of(line)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                cure = "restore the file as it was"
                raise IntegrityError(f"{self.path}:{number}: is no record of a trial ({error}); {cure}") from None
            self._by_number[trial.number] = trial
            if event == "judged":
                self._note(told["generation"], Judged(trial, told["current"], told["sizes"]))
            if event == "ended":
                self.finished.append(trial)
