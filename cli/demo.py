"""`quantgym demo`: the whole path on embedded real data, in one command."""

import fcntl
import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from ..market.errors import ConfigError
from .deploy import trade_run
from .evaluate import judge_run
from .table import print_json, table_lines
from .train import run_job

if TYPE_CHECKING:
    from ..evaluation.evaluation import Evaluation

__all__ = ["EXAMPLE", "demo"]

EXAMPLE = "Example: quantgym demo --run runs/demo"
JUDGED = ("portfolio_ppo", "trading_dqn")
PROOF = "leak_ppo"
MARK = "demo.json"


@dataclass
class Story:
    """What the demo found, in the order of its last page."""

    lines: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def demo(
    run: Annotated[Path, typer.Option(help="Folder to make.")] = Path("runs/demo"),
    replace: Annotated[bool, typer.Option(help="Delete what an earlier demo left there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the table.")] = False,
) -> None:
    """Train, evaluate, report and paper-trade on embedded real data: PPO on five stocks, DQN on EURUSD, a proof that PPO learns."""
    began = time.perf_counter()
    lock = _make_room(run, replace)
    story = Story()
    found = {}
    for name in JUDGED:
        _train(name, run, story)
        found[name], page = judge_run(run / name, "test", reason="demo")
        story.facts[name] |= {"report": str(page), "lines": dict(found[name].lines())}
    parity = _paper(run / JUDGED[0], story)
    score = _train(PROOF, run, story)
    story.facts["seconds"] = round(time.perf_counter() - began, 1)
    story.lines = _page(run, found, story, score)
    (run / "summary.txt").write_text("\n".join(story.lines) + "\n", encoding="utf-8")
    (run / MARK).write_text(json.dumps(story.facts, indent=2) + "\n", encoding="utf-8")
    lock.close()
    print_json(story.facts) if as_json else typer.echo("\n" + "\n".join(story.lines))
    if not parity:
        raise typer.Exit(1)


def _make_room(run: Path, replace: bool) -> TextIO:
    """Make the folder; return the lock that keeps other demos out of it for as long as it is open, or this process lives."""
    if run.exists() and not replace:
        raise ConfigError(f"run folder {run} exists; delete it, choose another with --run, or let --replace delete an earlier demo")
    if run.exists() and not (run / MARK).is_file():
        raise ConfigError(f"{run} holds no {MARK}, so no demo made it; --replace deletes nothing else")
    run.parent.mkdir(parents=True, exist_ok=True)
    lock = (run.parent / f".{run.name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise ConfigError(f"another demo is running in {run}; wait for it, or choose another folder with --run") from None
    if run.exists():
        shutil.rmtree(run)
    run.mkdir()
    (run / MARK).write_text(json.dumps({"status": "running"}) + "\n", encoding="utf-8")
    return lock


def _train(name: str, run: Path, story: Story) -> str:
    from ..configs.load import load_job

    result = run_job(load_job(name), run / name)
    if result.status == "interrupted":  # Ctrl-C saves what a run has learned, and ends the demo
        raise KeyboardInterrupt
    story.facts[name] = result.summary()
    return str(result.facts().get("score", ""))


def _paper(folder: Path, story: Story) -> bool:
    done, parity = trade_run(folder, "paper", "test")
    assert parity is not None
    story.facts["paper"] = {"folder": str(done.folder), "equal": parity.equal, "text": parity.text}
    return parity.equal


def _page(run: Path, found: "dict[str, Evaluation]", story: Story, score: str) -> list[str]:
    """Return the table that ends the demo."""
    from ..evaluation.evaluation import spell

    rows: list[tuple[str, ...]] = []
    for name, one in found.items():
        rows.append((name, _percent(one.policy.metrics["total_return"]), spell(one.boot.sharpe[0]), "", ""))
        for other, verdict in zip(one.baselines, one.verdicts, strict=True):
            earned, sharpe = _percent(other.metrics["total_return"]), f"{other.metrics['sharpe']:.2f}"
            rows.append((f"  {other.label}", earned, sharpe, spell(verdict.difference), str(verdict.outcome)))
        free = one.twin.metrics
        rows.append((f"  {one.twin.label}", _percent(free["total_return"]), f"{free['sharpe']:.2f}", "", ""))
    header = ("out of sample, net of costs", "return", "sharpe a year [95 %]", "policy less baseline", "the policy is")
    minutes, seconds = divmod(round(story.facts["seconds"]), 60)
    tested = [f"{name}: {str(one.facts['tested']).removeprefix('tested ')}" for name, one in found.items()]
    return [
        *table_lines(header, rows),
        "",
        *(f"{'tested' if number == 0 else '':<7} {line}" for number, line in enumerate(tested)),
        f"{'proof':<7} {PROOF} scores {score}",
        f"{'paper':<7} {JUDGED[0]}: {story.facts['paper']['text']}",
        f"{'took':<7} {minutes} min {seconds:02d} s",
        f"{'open':<7} {story.facts[JUDGED[0]]['report']}",
        f"{'':<7} tensorboard --logdir {run.parent}",
        f"{'next':<7} quantgym train portfolio_ppo --set training.lr=1e-3",
    ]


def _percent(share: float) -> str:
    return f"{share * 100.0:+.1f} %"
