"""A finished run before its judges: the policy on rows it never saw, with the look recorded."""

import time
from collections.abc import Callable
from datetime import date

from ..data.catalog import open_tape
from ..data.tape import Tape
from ..evaluation.evaluate import evaluate
from ..evaluation.evaluation import Evaluation
from ..evaluation.opening import Opening, record_opening
from ..market.errors import DataError
from .finished_run import FinishedRun
from .preparation import evaluation_settings

__all__ = ["count_look", "examine"]

ELSEWHERE = "elsewhere"


def examine(
    run: FinishedRun,
    split: str = "test",
    *,
    tape_name: str | None = None,
    reason: str = "evaluate",
    clock: Callable[[], int] = time.time_ns,
    progress: Callable[[str, float], None] | None = None,
) -> Evaluation:
    """Evaluate the policy of a run and count the look at its split.

    Args:
        run: The run.
        split: `test` or `validation`.
        tape_name: Another tape of the same assets, on all its rows after the encoders' warm-up; None: the run's own.
        reason: Written beside the count.
        clock: ns UTC, stamped on the look.
        progress: Called with (what is being done, share done).

    Raises:
        ConfigError: The split has another name, or the tape other assets.
        DataError: The tape leaves no rows.
        IntegrityError: The tape has changed since training, or books do not balance.
    """
    tape = run.tape() if tape_name is None else open_tape(tape_name)
    candidate = run.candidate(tape)
    table = candidate.table()
    if tape_name is None:
        rows, place = run.rows(tape, split), split
        first, stop = rows.start, rows.stop
    else:
        first, stop, place = table.layout.warmup + candidate.observer.layout.window - 1, tape.n_rows, ELSEWHERE
        if stop - first < 2:
            raise DataError(
                f"tape {tape.name}: {stop} rows are too few; the policy needs {first} rows before its first decision and 2 more"
            )
    settings = evaluation_settings(run.job)
    opened = count_look(run, tape, place, (first, stop), reason, clock)
    return evaluate(
        candidate.policy,
        candidate.observer,
        tape,
        (first, stop),
        candidate.costs,
        candidate.cash,
        candidate.scheme,
        name=run.job.name,
        table=table,
        reward=candidate.reward,
        settings=settings,
        facts=_facts(run, tape, place, opened),
        progress=progress,
    )


def count_look(
    run: FinishedRun, tape: Tape, split: str, rows: tuple[int, int], reason: str, clock: Callable[[], int] = time.time_ns
) -> int:
    """Write down that rows [first, stop) of a split are looked at; return how often this split of this tape has been opened."""
    first, stop = rows
    return record_opening(
        run.folder,
        Opening(
            split=split, tape=tape.name, tape_digest=tape.digest, first_row=first, stop_row=stop, opened_at=clock(), reason=reason
        ),
    )


def _facts(run: FinishedRun, tape: Tape, split: str, opened: int) -> dict[str, object]:
    facts: dict[str, object] = {
        "split": split,
        "times_opened": opened,
        "bundle": run.bundle.digest,
        "job_digest": run.job.digest,
        "algorithm": run.job.agent.algorithm,
        "trained_steps": run.record.get("steps"),
    }
    if run.job.data is not None:
        first, last = run.job.data.train
        facts["trained"] = _period(first, last)
    return facts


def _period(first: date, last: date) -> str:
    return f"{first.isoformat()} to {last.isoformat()}"
