"""`quantgym demo`: the whole path on embedded real data, in one command."""

import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..market.errors import ConfigError
from .deploy import trade_run
from .evaluate import judge_run
from .table import print_json
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
    _make_room(run, replace)
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
    print_json(story.facts) if as_json else typer.echo("\n" + "\n".join(story.lines))
    if not parity:
        raise typer.Exit(1)


def _make_room(run: Path, replace: bool) -> None:
    if not run.exists():
        run.mkdir(parents=True)
    elif not replace:
        raise ConfigError(f"run folder {run} exists; delete it, choose another with --run, or let --replace delete an earlier demo")
    elif not (run / MARK).is_file():
        raise ConfigError(f"{run} holds no {MARK}, so no demo made it; --replace deletes nothing else")
    else:
        shutil.rmtree(run)
        run.mkdir()
    (run / MARK).write_text(json.dumps({"status": "running"}) + "\n", encoding="utf-8")


def _train(name: str, run: Path, story: Story) -> str:
    from ..configs.load import load_job

    result = run_job(load_job(name), run / name)
    story.facts[name] = result.summary()
    return str(result.facts().get("score", ""))


def _paper(folder: Path, story: Story) -> bool:
    done, parity = trade_run(folder, "paper", "test")
    assert parity is not None
    text = f"{done.session.n_decisions:,} decisions, {len(done.session.fills):,} fills: {parity.text}"
    story.facts["paper"] = {"folder": str(done.folder), "equal": parity.equal, "text": text}
    return parity.equal


def _page(run: Path, found: "dict[str, Evaluation]", story: Story, score: str) -> list[str]:
    """Return the table that ends the demo."""
    lines = []
    for name, one in found.items():
        lines += [f"{word:<9} {text}" for word, text in one.lines()]
        returns = ", ".join(f"{other.label} {other.metrics['total_return']:+.1%}" for other in one.baselines)
        lines.append(f"{'return':<9} {one.policy.metrics['total_return']:+.1%} net of costs; {returns}; "
                     f"without costs {one.twin.metrics['total_return']:+.1%}")
        lines += [f"{'report':<9} {story.facts[name]['report']}", ""]
    minutes, seconds = divmod(round(story.facts["seconds"]), 60)
    return [
        *lines,
        f"{'proof':<9} {PROOF}: score {score}",
        f"{'paper':<9} {story.facts['paper']['text']}",
        f"{'took':<9} {minutes} min {seconds:02d} s",
        "",
        f"{'open':<9} {story.facts[JUDGED[0]]['report']}",
        f"{'':<9} tensorboard --logdir {run.parent}",
        f"{'then':<9} quantgym train portfolio_ppo --set training.lr=1e-3",
    ]
