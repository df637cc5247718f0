"""`quantgym train`: from a job to a run folder."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["EXAMPLE", "train"]

EXAMPLE = "Example: quantgym train portfolio_ppo --set training.lr=1e-3 --run runs/first"


def train(
    job: Annotated[str, typer.Argument(help="A YAML file, or the name of a shipped job.")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override a setting, such as training.lr=3e-4; may be repeated.")] = None,
    run: Annotated[Path | None, typer.Option(help="Run folder to make; by default the next free runs/JOB-N.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Check the job and its data, print the plan, train nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Train the agent of a job and write its run folder: bundle, TensorBoard events, metrics and log."""
    from ..configs.load import load_job
    from ..training.job import plan, train
    from ..training.run_folder import next_run_folder
    from .log import log_into
    from .progress import progress_bar
    from .table import print_facts, print_json

    loaded = load_job(job, settings or [])
    if dry_run:
        facts = plan(loaded)
        print_json(facts) if as_json else print_facts(facts)
        return
    folder = run or next_run_folder(Path("runs"), loaded.name)
    with progress_bar(f"training {loaded.name}") as progress:
        result = train(loaded, folder, progress=progress, log=log_into)
    if as_json:
        print_json(result.summary())
        return
    print_facts(result.facts() | {"next": [f"quantgym evaluate {folder}", "tensorboard --logdir runs"]})
