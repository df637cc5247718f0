"""`quantgym evaluate`: a run's policy on rows it never saw, against its baselines, with a report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..evaluation.evaluation import Evaluation

__all__ = ["EXAMPLE", "evaluate", "judge_run"]

EXAMPLE = "Example: quantgym evaluate runs/portfolio_ppo-1 --split test"


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    split: Annotated[str, typer.Option(help="test, or validation.")] = "test",
    tape: Annotated[str | None, typer.Option(help="Evaluate on all rows of another tape with the same assets.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Evaluate a run's policy with intervals, baselines and costs, and write its report; the look at the split is counted."""
    from .table import print_facts

    found, report = judge_run(run, split, tape)
    if as_json:
        typer.echo(report.with_suffix(".json").read_text(encoding="utf-8"))
    else:
        print_facts(dict(found.lines()) | {"wrote": str(report)})


def judge_run(folder: Path, split: str, tape: str | None = None, reason: str = "evaluate") -> "tuple[Evaluation, Path]":
    """Evaluate the run in `folder` behind a progress bar; return what was found and the page of its report."""
    from ..evaluation.report import write_report
    from ..training.examination import examine
    from ..training.finished_run import FinishedRun
    from .progress import progress_bar

    run = FinishedRun.read(folder)
    with progress_bar(f"evaluating {run.job.name}") as step:
        found = examine(run, split, tape_name=tape, reason=reason, progress=lambda what, share: step(share, what))
    place = folder / "report" / (split if tape is None else f"tape-{tape.replace(':', '-').replace('/', '-')}")
    return found, write_report(found, place).html
