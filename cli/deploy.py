"""`quantgym deploy`: a run's policy against a broker."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..live.deploy import Deployment
    from ..live.parity import ParityReport

__all__ = ["EXAMPLE", "deploy", "trade_run"]

EXAMPLE = "Example: quantgym deploy runs/portfolio_ppo-1 --broker paper --dry-run"


def deploy(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    broker: Annotated[str, typer.Option(help="paper: the local paper broker, which replays the run's tape.")] = "paper",
    split: Annotated[str, typer.Option(help="Rows that the paper broker replays: test, or validation.")] = "test",
    folder: Annotated[Path | None, typer.Option(help="Its folder; by default RUN/paper-SPLIT. Again: goes on.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Check everything and take one decision; keep nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Trade a run's policy; on paper, show that it equals the backtest. Stop it with a file HALT in its folder."""
    from .table import print_facts, print_json

    done, parity = trade_run(run, broker, split, folder, dry_run)
    document = {
        "deployment": done.id,
        "folder": str(done.folder),
        "preflight": [f"{check.name}: {check.detail}" for check in done.preflight.checks],
        "decisions": done.session.n_decisions,
        "fills": len(done.session.fills),
        "equity": round(float(done.session.equity[-1]), 2),
        "refused by guard": len(done.refusals),
        "halted": done.halted or "no",
        "against backtest": "not compared: a rehearsal keeps nothing" if parity is None else parity.text,
    }
    print_json(document) if as_json else print_facts(document)
    if parity is not None and not parity.equal and not done.halted:
        raise typer.Exit(1)


def trade_run(
    run_folder: Path, broker: str, split: str, folder: Path | None = None, dry_run: bool = False
) -> "tuple[Deployment, ParityReport | None]":
    """Deploy the run in `run_folder` behind a progress bar; return it, and how it compares with the backtest of its rows.

    What it earned is a look at the split, and counted as one.
    """
    from ..live.deploy import deploy
    from ..live.parity import compare_sessions
    from ..live.preflight import DeploySettings, check_broker
    from ..training.examination import count_look
    from ..training.finished_run import FinishedRun
    from .log import log_into
    from .progress import progress_bar

    check_broker(broker)
    run = FinishedRun.read(run_folder)
    tape = run.tape()
    rows = run.rows(tape, split)
    settings = DeploySettings(rows=(rows.start, rows.stop), broker=broker)
    place = folder or run_folder / f"{broker}-{split}"
    with progress_bar(f"{broker} {run.job.name}") as step:
        done = deploy(
            run.bundle.path, tape, place, settings, dry_run=dry_run, log_into=log_into,
            progress=lambda made, total: step(made / total, f"{made:,} of {total:,} decisions"),
        )  # fmt: skip
    if dry_run:
        return done, None
    count_look(run, tape, split, (rows.start, rows.stop), "deploy")
    with progress_bar("backtest of the same rows"):
        return done, compare_sessions(done.session, run.candidate(tape).backtest((rows.start, rows.stop)))
