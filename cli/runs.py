"""`quantgym runs`: list, show, compare, promote, delete and import what has been trained."""

from pathlib import Path
from typing import Annotated

import typer

from ..market.errors import ConfigError, QuantgymError

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="List, show, compare, promote, delete and import the runs in the registry.",
    epilog="Example: quantgym runs compare portfolio_ppo-1 portfolio_ppo-2",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")]
RegistryFile = Annotated[
    str | None, typer.Option("--registry", help="The registry's SQLite file; by default QUANTGYM_REGISTRY, else runs/registry.db.")
]
Run = Annotated[str, typer.Argument(help="A run folder or its name, or the first digits of the run's id.")]


@app.command("list", epilog="Example: quantgym runs list --name portfolio_ppo --stage live")
def list_runs(
    name: Annotated[str | None, typer.Option(help="Only runs of the job of this name.")] = None,
    stage: Annotated[str | None, typer.Option(help="Only runs in it: none, candidate, paper, live or archived.")] = None,
    status: Annotated[str | None, typer.Option(help="Only runs with it: done, running, interrupted, failed, ...")] = None,
    as_json: AsJson = False,
    registry: RegistryFile = None,
) -> None:
    """List the runs, the latest last."""
    from ..training.registry.registry import Registry
    from .runs_table import LIST, cures, list_row, unknown_runs
    from .table import print_json, print_table

    reader = Registry(registry)
    found = reader.entries(name=name, stage=stage, status=status)
    if as_json:
        print_json({"registry": str(reader.path), "runs": [one.plain() for one in found]})
    elif found:
        print_table(LIST, [list_row(one) for one in found])
    else:
        kind = " of that kind" if name or stage or status else "; quantgym train enters every run"
        typer.echo(f"no runs in {reader.path}{kind}")
    for line in (*cures(found), *unknown_runs(reader.strangers())):
        typer.echo(line, err=True)


@app.command("show", epilog="Example: quantgym runs show portfolio_ppo-1 --job")
def show_run(
    run: Run,
    job: Annotated[bool, typer.Option("--job", help="Print the job instead, as YAML that trains it again.")] = False,
    as_json: AsJson = False,
    registry: RegistryFile = None,
) -> None:
    """Show where a run comes from, what it reached, and the stages it went through."""
    from ..training.registry.registry import Registry
    from .runs_table import show_facts
    from .table import print_facts, print_json

    reader = Registry(registry)
    found = reader.find(run)
    if as_json:
        print_json(found.plain())
    elif job:
        import yaml

        typer.echo(yaml.safe_dump(found.job, sort_keys=False, allow_unicode=True).rstrip())
    else:
        print_facts(show_facts(found, reader.entries()))


@app.command("compare", epilog="Example: quantgym runs compare portfolio_ppo-1 portfolio_ppo-2")
def compare_runs(
    runs: Annotated[list[str], typer.Argument(help="Two runs or more: folders, names or ids.")],
    everything: Annotated[bool, typer.Option("--all", help="Every figure, not those of validation alone.")] = False,
    as_json: AsJson = False,
    registry: RegistryFile = None,
) -> None:
    """Lay runs side by side: settings that differ, lineage that differs, figures."""
    from ..training.registry.comparison import compare
    from ..training.registry.registry import Registry
    from .runs_table import comparison_tables
    from .table import print_json, print_table

    reader = Registry(registry)
    found = [reader.find(run) for run in runs]
    if len({one.id for one in found}) < max(2, len(found)):
        raise ConfigError(f"runs compare needs two or more different runs, was {' '.join(runs)}")
    done = compare(found)
    if as_json:
        sides = {"settings": done.settings, "lineage": done.lineage, "metrics": done.metrics}
        print_json({"runs": [{"id": one.id, "folder": str(one.folder)} for one in found], "same_market": done.same_market, **sides})
        return
    for number, (header, rows) in enumerate(comparison_tables(done, everything)):
        if number:
            typer.echo("")
        print_table(header, rows)
    if not done.same_market:
        typer.echo("not trained and validated on the same market: their figures say nothing about which is better", err=True)


@app.command("promote", epilog='Example: quantgym runs promote portfolio_ppo-1 paper --reason "beats buy and hold on validation"')
def promote_run(
    run: Run,
    stage: Annotated[str, typer.Argument(help="candidate, paper, live, archived or none.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the history.")],
    as_json: AsJson = False,
    registry: RegistryFile = None,
) -> None:
    """Bring a run to a stage once its bundle has been found sound; who held paper or live of that name before is archived."""
    from dataclasses import asdict

    from ..training.registry.promotion import promote
    from ..training.registry.registry import Registry
    from .runs_table import promotion_facts
    from .table import print_facts, print_json

    reader = Registry(registry)
    before = reader.entries()
    made = promote(run, stage, reason, registry)
    print_json(asdict(made)) if as_json else print_facts(promotion_facts(made, before, reader.entries()))


@app.command("delete", epilog="Example: quantgym runs delete portfolio_ppo-1 --yes")
def delete(
    run: Run,
    yes: Annotated[bool, typer.Option("--yes", help="Delete it; without this it is only said what would go.")] = False,
    as_json: AsJson = False,
    registry: RegistryFile = None,
) -> None:
    """Delete a run, folder and entry; what is in stage paper or live is refused."""
    from ..training.registry.delete import delete_run
    from ..training.registry.registry import Registry
    from .table import print_facts, print_json

    found = Registry(registry).find(run)
    if not yes:
        raise ConfigError(f"this would delete {found.folder} and the entry {found.short}, for good; say --yes to do it")
    gone = delete_run(found.id, registry)
    kept = gone.folder.exists()
    facts = {"deleted": gone.short, "folder": f"{gone.folder}: left alone, it holds something else" if kept else str(gone.folder)}
    print_json(facts) if as_json else print_facts(facts)


@app.command("import", epilog="Example: quantgym runs import runs")
def import_runs(
    folders: Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold some.")],
    as_json: AsJson = False,
    registry: RegistryFile = None,
) -> None:
    """Enter runs that are not in the registry, or that were moved or went on since; exit 1 where one of them is refused."""
    from ..training.registry.enter import CopiedRunError, import_run
    from .table import print_json, print_table

    entered, refused, copies = {}, {}, []
    for folder in folders:
        inner = [] if (folder / "run.json").is_file() else sorted(path.parent for path in folder.rglob("run.json"))
        for one in inner or [folder]:
            try:
                entered[str(one)] = import_run(one, registry)
            except CopiedRunError as error:
                copies.append(str(error))
                if not inner:  # asked for by name
                    refused[str(one)] = copies.pop()
            except QuantgymError as error:
                refused[str(one)] = str(error)
    if as_json:
        print_json({"entered": entered, "refused": refused, "copies": copies})
    elif entered:
        print_table(("entered", "id"), [(folder, run[:8]) for folder, run in entered.items()])
    for line in copies:
        typer.echo(f"left out: {line}", err=True)
    for why in refused.values():
        typer.echo(f"error: {why}", err=True)
    raise typer.Exit(1 if refused else 0)
