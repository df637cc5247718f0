"""`quantgym tune`: from a search to its best policy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..training.tuning.search import Search
    from ..training.tuning.search_result import SearchResult

__all__ = ["EXAMPLE", "tune"]

EXAMPLE = "Example: quantgym tune leak_search --trials 8 --run runs/search"
SHOWN = 20


def tune(
    search: Annotated[str | None, typer.Argument(help="A YAML file, or the name of a shipped search.")] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Number of trials, instead of what the search says.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder to make; by default the next free runs/SEARCH-N.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search in the folder of --run.")] = False,
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster, host:port; its nodes see the same folder.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Check the search and its data, print the plan, start nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Search the settings of a job: every trial is a job run, poor ones are ended early, the best bundle is kept."""
    from ..market.errors import ConfigError
    from ..training.tuning.search import load_search
    from .table import print_facts, print_json

    if resume and run is None:
        raise ConfigError("--resume needs --run DIR, the folder of the search")
    if search is None and not resume:
        raise ConfigError("name a search (a YAML file or a shipped one), or go on with one: quantgym tune --resume --run DIR")
    loaded = None if search is None else load_search(search, trials)
    if dry_run:
        from ..training.tuning.search_folder import SearchFolder
        from ..training.tuning.tune import plan

        facts = plan(loaded if loaded is not None else SearchFolder(run or Path()).read())
        print_json(facts) if as_json else print_facts(facts)
        return
    result = _run(loaded, run, resume, trials, address)
    print_json({"folder": str(result.folder), **result.summary()}) if as_json else _print(result)
    if result.status == "interrupted":
        raise typer.Exit(130)


def _run(search: "Search | None", run: Path | None, resume: bool, trials: int | None, address: str | None) -> "SearchResult":
    from ..training.tuning import tune
    from .progress import progress_bar
    from .train import next_folder

    if resume and run is not None:
        with progress_bar(f"searching on in {run}") as step:
            return tune.resume(run, search=search, trials=trials, address=address, progress=step)
    if search is None:
        raise AssertionError("checked by the command")
    folder = run or next_folder(Path("runs"), search.settings.name)
    with progress_bar(f"searching {search.settings.name}") as step:
        return tune.tune(search, folder, address=address, progress=step)


def _print(result: "SearchResult") -> None:
    from .table import print_facts, print_table

    header, rows = result.table(SHOWN)
    print_table(header, rows)
    typer.echo("")
    header, rows = result.takeovers()
    if rows:
        print_table(header, rows[-SHOWN:])
        typer.echo("")
    ended, asked = len(result.trials), result.search.settings.trials
    deflation, together = result.deflation(), result.search.settings.scheduler.kind == "pbt"
    facts: dict[str, object] = {"search": result.folder}
    if result.status == "interrupted":
        facts["status"] = f"interrupted after {ended} of {asked} trials; what is known is saved"
        if together:
            least = min((one.iterations for one in result.trials), default=0)
            facts["status"] = f"interrupted; every member has learned {least} iterations or more; what is known is saved"
        facts["next"] = f"quantgym tune --resume --run {result.folder}"
    else:
        stopped = sum(one.status == "stopped" for one in result.trials)
        facts["status"] = f"{ended} trials, {stopped} stopped early, {len(result.failed)} failed"
        if together:
            taken = sum(len(one.lineage) for one in result.trials)
            facts["status"] = f"{ended} members, who took over from each other {taken} times, {len(result.failed)} failed"
    if together and deflation["checkpoint_sharpe_variance"] is not None:
        spread = f"variance {deflation['checkpoint_sharpe_variance']:.3g} of their Sharpe ratios a bar"
        facts["deflate by"] = f"{deflation['checkpoints']} policies that were judged, {spread}"
    elif deflation["sharpe_variance"] is not None:
        spread = f"variance {deflation['sharpe_variance']:.3g} of their Sharpe ratios a bar"
        facts["deflate by"] = f"{deflation['trials']} trials, {spread}"
    if result.best is not None:
        facts["best"] = f"trial {result.best.number}, {result.folder / 'best/bundle'}"
        facts["plot"] = result.folder / "parallel_coordinates.svg"
    if result.registered is not None:
        facts["registered"] = result.registered
    print_facts(facts)
