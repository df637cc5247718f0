"""`quantgym train --seeds N`: one run for each seed, and a table with mean and interval."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..market.errors import ConfigError, QuantgymError

if TYPE_CHECKING:
    from ..configs.job import Job
    from ..training.run_result import RunResult

__all__ = ["train_seeds"]

COLUMNS = {"equity": "return", "equity_buy_and_hold": "buy and hold", "equity_equal_weight": "equal weight", "score": "score"}


@dataclass(frozen=True)
class SeedRun:
    """What became of one seed.

    Attributes:
        seed: The seed.
        folder: Its run folder.
        result: What was learned; None where it failed.
        error: Why it failed.
    """

    seed: int
    folder: Path
    result: "RunResult | None"
    error: str = ""


def train_seeds(job: "Job", count: int, run: Path | None, as_json: bool, address: str | None = None) -> None:
    """Train `job` with `count` seeds from its own on, one after the other, and print what they say together.

    A seed whose training breaks is told and left out; Ctrl-C ends the one under way and those after it.
    """
    from .table import print_json

    folders = _folders(job, count, run)
    done: list[SeedRun] = []
    for seed, folder in folders.items():
        try:
            done.append(_one(job, seed, folder, str(folder).removesuffix(f"-seed{seed}"), address))
        except KeyboardInterrupt:  # a second Ctrl-C; what it says of its run is the last line
            _say_left([path for path in folders.values() if (path / "job.yaml").is_file()], list(folders.items())[len(done) + 1 :])
            raise
        if done[-1].result is not None and done[-1].result.status == "interrupted":
            break
    print_json(_document(done)) if as_json else _print(done)
    _leave(job, done, list(folders.items())[len(done) :])


def _folders(job: "Job", count: int, run: Path | None) -> dict[int, Path]:
    """Return the run folder of each seed; none of them exists."""
    seeds = range(job.seed, job.seed + count)
    if run is not None:
        folders = {seed: run.with_name(f"{run.name}-seed{seed}") for seed in seeds}
        for folder in folders.values():
            if folder.exists():
                raise ConfigError(f"run folder {folder} exists; choose another name with --run, or delete it to run again")
        return folders
    number = 1
    while any(Path("runs").glob(f"{job.name}-{number}-seed*")) or Path(f"runs/{job.name}-{number}").exists():
        number += 1
    return {seed: Path(f"runs/{job.name}-{number}-seed{seed}") for seed in seeds}


def _one(job: "Job", seed: int, folder: Path, parent: str, address: str | None) -> SeedRun:
    from .train import run_job

    try:
        return SeedRun(seed, folder, run_job(job.model_copy(update={"seed": seed}), folder, parent, address))
    except (ConfigError, OSError):
        raise  # would stop every other seed as well
    except QuantgymError as error:
        typer.echo(f"error: seed {seed}: {error}", err=True)
        return SeedRun(seed, folder, None, str(error))


def _figures(done: list[SeedRun]) -> dict[str, list[float]]:
    """Return the figures of the table by name, one value a seed; equities as returns."""
    shown = [one.result.validation for one in done if one.result is not None]
    names = [name for name in COLUMNS if shown and all(f"validation/{name}" in figures for figures in shown)]
    return {name: [figures[f"validation/{name}"] - name.startswith("equity") for figures in shown] for name in names}


def _document(done: list[SeedRun]) -> dict[str, Any]:
    from ..training.seed_spread import SeedSpread

    runs = [{"seed": one.seed, **(one.result.summary() if one.result else _failed(one))} for one in done]
    spreads = {COLUMNS[name].replace(" ", "_"): SeedSpread.of(values).plain() for name, values in _figures(done).items()}
    return {"runs": runs, "validation": spreads}


def _failed(one: SeedRun) -> dict[str, Any]:
    return {"folder": str(one.folder), "status": "failed", "error": one.error}


def _print(done: list[SeedRun]) -> None:
    from ..training.seed_spread import SeedSpread
    from .table import print_table

    figures = _figures(done)
    header = ("seed", "run", "iterations", *(COLUMNS[name] for name in figures))
    rows: list[tuple[object, ...]] = []
    number = 0
    for one in done:
        if one.result is None:
            rows.append((one.seed, one.folder, "failed", *("" for _ in figures)))
            continue
        spelt = (_spell(name, values[number]) for name, values in figures.items())
        rows.append((one.seed, one.folder, len(one.result.iterations), *spelt))
        number += 1
    if number > 1:
        spreads = (SeedSpread.of(values).words(name != "score") for name, values in figures.items())
        rows.append(("mean", "[95 %]", "", *spreads))
    print_table(header, rows)


def _spell(name: str, value: float) -> str:
    return f"{value:.3f}" if name == "score" else f"{value:+.2%}"


def _leave(job: "Job", done: list[SeedRun], left: list[tuple[int, Path]]) -> None:
    """Say how to go on, and leave with 130 after Ctrl-C, 1 where a seed failed."""
    from .train import INTERRUPTED

    last = done[-1].result
    if last is not None and last.status == "interrupted":
        if last.resume:
            typer.echo(f"next   {last.resume}", err=True)
        _say_left([done[-1].folder], left)
        raise typer.Exit(INTERRUPTED)
    if any(one.result is None for one in done):
        raise typer.Exit(1)


def _say_left(begun: list[Path], left: list[tuple[int, Path]]) -> None:
    """Say how to train the seeds that were not begun, with the job of one that was; nothing where there is none."""
    for seed, folder in left if begun else ():
        typer.echo(f"next   quantgym train {begun[-1] / 'job.yaml'} --set seed={seed} --run {folder}", err=True)
