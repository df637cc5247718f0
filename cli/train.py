"""`quantgym train`: from a job to a run folder, or to several with different seeds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..market.errors import ConfigError, DataError, IntegrityError

if TYPE_CHECKING:
    from ..configs.job import Job
    from ..training.progress import Iteration
    from ..training.run_result import RunResult

__all__ = ["EXAMPLE", "INTERRUPTED", "entered", "report", "run_job", "train"]

EXAMPLE = "Example: quantgym train portfolio_ppo --set training.lr=1e-3 --run runs/first"
INTERRUPTED = 130
"""Exit code of a run that Ctrl-C ended, which shells expect of whatever SIGINT ended: a script's next command does not follow."""


def train(
    job: Annotated[str, typer.Argument(help="A YAML file, or the name of a shipped job.")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override a setting: training.lr=3e-4; repeatable.")] = None,
    run: Annotated[Path | None, typer.Option(help="Run folder to make; by default the next free runs/JOB-N.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Train so often, with the job's seed and those after it; a folder each.")] = 1,
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster, host:port: its nodes run the environments.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Check the job and its data, print the plan, train nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Train the agent of a job and write its run folder: bundle, TensorBoard events, metrics and log.

    Ctrl-C ends after the iteration that is under way, saves, and says how to go on; exit code 130.
    """
    from ..configs.load import load_job
    from .table import print_facts, print_json

    loaded = load_job(job, settings or [])
    if dry_run:
        from ..training.job import plan
        from .plan_table import plan_facts

        facts = plan(loaded, address)
        print_json(facts) if as_json else print_facts(plan_facts(facts))
    elif seeds > 1:
        from .seeds import train_seeds

        train_seeds(loaded, seeds, run, as_json, address)
    else:
        report(run_job(loaded, run, address=address) if run else run_in_next(loaded, Path("runs"), address), loaded, as_json)


def report(result: "RunResult", job: "Job", as_json: bool) -> None:
    """Print what a run left and what to do next; leave with 130 where it was interrupted."""
    from .table import print_facts, print_json

    if as_json:
        print_json(result.summary())
    else:
        following = [f"tensorboard --logdir {result.folder.parent}"]
        if job.data is not None:  # a world that draws its own paths has no rows to evaluate on
            following.insert(0, f"quantgym evaluate {result.folder}")
        if result.resume:
            following.insert(0, result.resume)
        print_facts({"run": result.folder, **result.facts(), "next": following})
    if result.status == "interrupted":
        raise typer.Exit(INTERRUPTED)


def run_job(job: "Job", folder: Path, parent: str | None = None, address: str | None = None) -> "RunResult":
    """Train `job` into `folder` behind a progress bar, and enter the run in the registry, also one that failed."""
    from ..training.job import train
    from .log import log_into
    from .progress import progress_bar

    def show(one: "Iteration") -> None:
        step(one.number / one.total, one.words())

    with entered(folder), progress_bar(f"training {job.name}", told=True) as step:
        return train(job, folder, log=log_into, told=stopping, progress=show, parent=parent, address=address)


@contextmanager
def entered(folder: Path) -> Iterator[None]:
    """Enter the run of `folder` in the registry when the block is over, unless it was refused there or ended at once by Ctrl-C."""
    try:
        yield
    except (ConfigError, DataError, IntegrityError):  # refused, with nothing changed
        raise
    except KeyboardInterrupt:  # who ends it at once does not wait for a registry
        raise
    except BaseException:
        _enter(folder)
        raise
    _enter(folder)


def _enter(folder: Path) -> None:
    if (folder / "run.json").exists():
        from ..training.registry.enter import enter

        enter(folder)


def stopping() -> None:
    """Say that Ctrl-C was heard."""
    typer.echo("ending after this iteration; Ctrl-C again ends at once", err=True)


def run_in_next(job: "Job", parent: Path, address: str | None = None) -> "RunResult":
    """Train `job` into the first free folder `parent/JOB-N`."""
    from ..training.run_folder import FolderTakenError

    while True:
        folder = next_folder(parent, job.name)
        try:
            return run_job(job, folder, address=address)
        except FolderTakenError:  # by a run that began at the same time
            if not folder.exists():
                raise


def next_folder(parent: Path, name: str) -> Path:
    """Return the first of `parent/name-1`, `parent/name-2`, ... that does not exist."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    return parent / f"{name}-{number}"
