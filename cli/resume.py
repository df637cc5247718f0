"""`quantgym resume`: on with a run that was interrupted, killed or failed."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["EXAMPLE", "resume"]

EXAMPLE = "Example: quantgym resume runs/portfolio_ppo-1"


def resume(
    run: Annotated[Path, typer.Argument(help="A run folder that is not done.")],
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster, host:port: its nodes run the environments.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Go on from a run's last checkpoint; with one environment runner it ends as if it had never stopped, to the bit."""
    from ..configs.load import load_job
    from ..training.job import resume as resume_run
    from .log import log_into
    from .progress import progress_bar
    from .train import entered, report, stopping

    refuse_deployed(run)
    with entered(run), progress_bar(f"resuming {run.name}", told=True) as step:
        result = resume_run(
            run, log=log_into, told=stopping, progress=lambda one: step(one.number / one.total, one.words()), address=address
        )
    report(result, load_job(run / "job.yaml"), as_json)


def refuse_deployed(run: Path) -> None:
    """Refuse a run whose bundle is in stage paper or live; see `Registry.refuse_deployed`."""
    from ..training.registry.location import registry_path
    from ..training.registry.registry import Registry

    path = registry_path()
    if path is not None and path.is_file():
        Registry(path).refuse_deployed(run)
