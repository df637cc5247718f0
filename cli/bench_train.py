"""`quantgym bench-train`: how fast training goes here, backend by backend."""

import time
from typing import Annotated, get_args

import typer

from ..market.errors import UnknownNameError

__all__ = ["EXAMPLE", "bench_train"]

EXAMPLE = "Example: quantgym bench-train portfolio_ppo --backends fast,stock"


def bench_train(
    job: Annotated[str, typer.Argument(help="A YAML file, or the name of a shipped job.")] = "leak_ppo",
    backends: Annotated[str | None, typer.Option(help="fast, stock, sb3, with commas between; by default the job's own.")] = None,
    iterations: Annotated[int, typer.Option(min=1, help="Iterations to time, after one that warms up.")] = 5,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Override a setting: training.threads=2; repeatable.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Time a few iterations of a job and print trained steps a second and where the time goes; nothing is saved."""
    from ..configs.job import AgentSettings
    from ..configs.load import load_job
    from ..training.rate import training_rate
    from .progress import progress_bar
    from .table import print_json, print_table

    loaded = load_job(job, settings or [])
    names = [loaded.agent.backend] if backends is None else [name.strip() for name in backends.split(",")]
    known = get_args(AgentSettings.model_fields["backend"].annotation)
    for name in names:
        if name not in known:
            raise UnknownNameError("backend", name, known, "--backends")
    rates = []
    with progress_bar(f"timing {loaded.name}") as step:
        for number, name in enumerate(names):
            step(number / len(names), name)
            rates.append(training_rate(loaded, name, iterations, time.perf_counter))
    if as_json:
        print_json({"job": loaded.name, "rates": {
            one.backend: {"steps_per_s": one.steps_per_s[0], "slowest": one.steps_per_s[1], "fastest": one.steps_per_s[2],
                          "iterations": one.iterations, **one.stages} for one in rates
        }})  # fmt: skip
        return
    stages = [name for name in dict.fromkeys(name for one in rates for name in one.stages) if name != "steps_per_s"]
    rows = []
    for one in rates:
        pace, slowest, fastest = (f"{value:,.0f}" for value in one.steps_per_s)
        spent = (f"{one.stages[name]:,.3g}" if name in one.stages else "" for name in stages)
        rows.append((one.backend, f"{pace} [{slowest}, {fastest}]", *spent))
    print_table(("backend", "steps/s [slowest, fastest]", *stages), rows)
