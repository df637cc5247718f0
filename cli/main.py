"""The command `quantgym`: its subcommands, its log and its exit codes."""

import sys
from typing import Annotated

import typer

from ..market.errors import ConfigError, QuantgymError
from . import bench_train, data, demo, deploy, evaluate, resume, runs, train, tune

__all__ = ["app", "main"]

app = typer.Typer(
    name="quantgym",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Train trading agents on a market simulator that can be trusted, prove what they learned, run them against a broker.",
    epilog="Begin with: quantgym demo",
)
app.add_typer(data.app, name="data")
app.add_typer(runs.app, name="runs")
app.command("train", epilog=train.EXAMPLE)(train.train)
app.command("resume", epilog=resume.EXAMPLE)(resume.resume)
app.command("bench-train", epilog=bench_train.EXAMPLE)(bench_train.bench_train)
app.command("tune", epilog=tune.EXAMPLE)(tune.tune)
app.command("evaluate", epilog=evaluate.EXAMPLE)(evaluate.evaluate)
app.command("deploy", epilog=deploy.EXAMPLE)(deploy.deploy)
app.command("demo", epilog=demo.EXAMPLE)(demo.demo)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"quantgym {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error; JSON lines on stderr.")] = "warning",
    log_file: Annotated[str | None, typer.Option(help="Write the log there instead of stderr.")] = None,
) -> None:
    from .log import configure

    configure(log_level, log_file)


def main() -> None:
    """Run the command line: exit 0 done, 1 failed, 2 wrong usage, 130 interrupted. One clear error, no traceback."""
    try:
        app()
    except ConfigError as error:
        _say(error, 2)
    except QuantgymError as error:
        _say(error, 1)
    except OSError as error:
        _say(f"{error.filename}: {str(error.strerror).lower()}" if error.filename and error.strerror else error, 1)
    except KeyboardInterrupt as error:
        _interrupted(error)
    except SystemExit as end:
        cause = getattr(end.__context__, "__cause__", None)
        if isinstance(cause, KeyboardInterrupt):  # typer answers Ctrl-C with a bare exit
            _interrupted(cause)
        raise  # also the 130 of a command that has saved and said how to go on


def _interrupted(error: KeyboardInterrupt) -> None:
    if not error.args:
        _say("interrupted", 130)
    typer.echo(str(error), err=True)
    sys.exit(130)


def _say(error: object, code: int) -> None:
    typer.echo("\n".join(f"error: {line}" for line in str(error).splitlines()), err=True)
    sys.exit(code)
