"""`quantgym data`: list, show, check and import tapes."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="List, show, check and import tapes.", epilog="Example: quantgym data show sample:us-tech"
)  # fmt: skip

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")]
Symbol = Annotated[str | None, typer.Option(help="Name of the asset where the file does not say it.")]
Timeframe = Annotated[str | None, typer.Option(help="Length of a bar, such as 1h; by default the most common step.")]
Calendar = Annotated[str | None, typer.Option(help="24/7, 24/5 or XNYS; by default guessed from weekends.")]
Timezone = Annotated[str, typer.Option(help="Zone of times that do not name one.")]
TimeFormat = Annotated[str | None, typer.Option(help="Format of times written as text, such as %d/%m/%Y.")]


@app.command("list", epilog="Example: quantgym data list")
def list_tapes(as_json: AsJson = False) -> None:
    """List the sample tapes and the tapes saved on this machine."""
    from ..data.catalog import tape_names, tapes_folder
    from ..data.sample import SAMPLES
    from .table import print_json, print_table

    rows = [(name, "sample" if name in SAMPLES else "saved") for name in tape_names()]
    if as_json:
        print_json({"folder": str(tapes_folder()), "tapes": dict(rows)})
    else:
        print_table(("tape", "kind"), rows)


@app.command("show", epilog="Example: quantgym data show sample:us-tech")
def show_tape(
    tape: Annotated[str, typer.Argument(help="Name of a tape, or its folder.")],
    verify: Annotated[bool, typer.Option(help="Check a saved tape against its digest and the contract.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a tape holds and what is known about its faults."""
    from ..data.catalog import open_tape
    from ..data.describe import describe
    from .table import print_facts, print_json

    facts = describe(open_tape(tape, verify=verify))
    print_json(facts) if as_json else print_facts(facts)


@app.command("check", epilog="Example: quantgym data check prices.csv")
def check_file(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file of bars.")],
    symbol: Symbol = None,
    timeframe: Timeframe = None,
    calendar: Calendar = None,
    timezone: Timezone = "UTC",
    time_format: TimeFormat = None,
    as_json: AsJson = False,
) -> None:
    """List every fault of a file of bars; exit 1 where one of them would be refused by an import."""
    from ..data.importer import inspect_file
    from ..data.sanity import summary
    from .table import print_json

    faults = inspect_file(file, symbol=symbol, timeframe=timeframe, calendar=calendar, timezone=timezone, time_format=time_format)
    breaking = sum(fault.count for fault in faults if fault.kind.breaking)
    if as_json:
        print_json({"file": str(file), "breaking": breaking, "faults": [str(fault) for fault in faults]})
    else:
        for line in summary(faults) or ["no faults"]:
            typer.echo(line)
    raise typer.Exit(1 if breaking else 0)


@app.command("import", epilog="Example: quantgym data import prices.csv --name mine --policy mask")
def import_tape(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file of bars: long or wide, one or many symbols.")],
    name: Annotated[str | None, typer.Option(help="Name of the tape; by default the file's.")] = None,
    symbol: Symbol = None,
    timeframe: Timeframe = None,
    policy: Annotated[str, typer.Option(help="Faults: refuse, mask (a bad bar is no bar) or drop (its row goes).")] = "refuse",
    calendar: Calendar = None,
    timezone: Timezone = "UTC",
    time_format: TimeFormat = None,
    stamp: Annotated[str, typer.Option(help="Whether a bar is stamped with its open or its close.")] = "open",
    currency: Annotated[str, typer.Option(help="Quote and account currency.")] = "USD",
    lot: Annotated[float | None, typer.Option(help="Quantity step; by default 1, or 1e-6 where volumes are fractions.")] = None,
    tick: Annotated[float | None, typer.Option(help="Price step; by default the decimals that the closes use.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a saved tape of the same name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a tape of a file of bars and save it under a name."""
    from ..data.catalog import save_tape
    from ..data.describe import describe
    from ..data.importer import import_file
    from .table import print_facts, print_json

    tape = import_file(
        file, name, symbol=symbol, timeframe=timeframe, policy=policy, calendar=calendar, timezone=timezone,  # type: ignore[arg-type]
        time_format=time_format, stamp=stamp, currency=currency, lot=lot, tick=tick,  # type: ignore[arg-type]
    )  # fmt: skip
    folder = save_tape(tape, overwrite=overwrite)
    facts = describe(tape) | {"saved": str(folder)}
    print_json(facts) if as_json else print_facts(facts)
