"""`quantgym train`: from a job to a run folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..configs.job import Job
    from ..training.run_result import RunResult

__all__ = ["EXAMPLE", "run_job", "train"]

EXAMPLE = "Example: quantgym train portfolio_ppo --set training.lr=1e-3 --run runs/first"


def train(
    job: Annotated[str, typer.Argument(help="A YAML file, or the name of a shipped job.")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override a setting: training.lr=3e-4; repeatable.")] = None,
    run: Annotated[Path | None, typer.Option(help="Run folder to make; by default the next free runs/JOB-N.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Check the job and its data, print the plan, train nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Train the agent of a job and write its run folder: bundle, TensorBoard events, metrics and log."""
    from ..configs.load import load_job
    from .table import print_facts, print_json

    loaded = load_job(job, settings or [])
    if dry_run:
        from ..training.job import plan

        facts = plan(loaded)
        print_json(facts) if as_json else print_facts(facts)
        return
    result = run_job(loaded, run) if run else _run_in_next(loaded, Path("runs"))
    if as_json:
        print_json(result.summary())
    else:
        following = [f"tensorboard --logdir {result.folder.parent}"]
        if loaded.data is not None:  # a world that draws its own paths has no rows to evaluate on
            following.insert(0, f"quantgym evaluate {result.folder}")
        print_facts({"run": result.folder, **result.facts(), "next": following})


def run_job(job: "Job", folder: Path) -> "RunResult":
    """Train `job` into `folder` behind a progress bar."""
    from ..training.job import train
    from .log import log_into
    from .progress import progress_bar

    with progress_bar(f"training {job.name}") as step:
        return train(
            job,
            folder,
            log=log_into,
            progress=lambda one: step(one.number / one.total, f"{one.steps:,} steps, {one.steps_per_s:,.0f} a second"),
        )


def _run_in_next(job: "Job", parent: Path) -> "RunResult":
    from ..training.run_folder import FolderTakenError

    while True:
        folder = next_folder(parent, job.name)
        try:
            return run_job(job, folder)
        except FolderTakenError:  # by a run that began at the same time
            if not folder.exists():
                raise


def next_folder(parent: Path, name: str) -> Path:
    """Return the first of `parent/name-1`, `parent/name-2`, ... that does not exist."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    return parent / f"{name}-{number}"
