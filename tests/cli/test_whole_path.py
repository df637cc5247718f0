"""Train, evaluate and paper-trade by the commands, on the job with regime, graph forecast, six actions and differential Sharpe."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent / "quantgym"
KERNELS = Path(os.environ.get("QUANTGYM_CACHE") or Path.home() / ".cache/quantgym")
SHORT = ["training.iterations=2", "training.rollout_bars=16", "training.learning_starts=64", "training.validate_every=2",
         "encoders.1.steps=20", "evaluation.resamples=500", "seed=2"]  # fmt: skip; a seed whose short training ends in trades


def quantgym(folder, *words):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "QUANTGYM_CACHE": str(KERNELS)}
    environment |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    return subprocess.run([str(BIN), *words], capture_output=True, text=True, cwd=folder, env=environment, check=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("path")
    settings = [word for setting in SHORT for word in ("--set", setting)]
    done = quantgym(folder, "train", "trading_dqn_seed", "--run", "runs/seed", "--json", *settings)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "done"
    return folder


def test_the_observation_is_regime_forecast_balance_and_drawdown_and_the_reward_differential_sharpe(run):
    manifest = json.loads((run / "runs/seed/bundle/manifest.json").read_text())
    columns = [column["name"] for part in ("market_global", "market_asset", "private") for column in manifest["layout"][part]]
    for wanted in ("bull", "bear", "forecast", "cash_fraction", "drawdown"):
        assert any(wanted in column for column in columns), columns
    assert (manifest["env"]["reward"], manifest["policy"]["scheme"]) == ("differential_sharpe", "six_actions")


def test_what_training_logs_is_json_lines_with_the_runs_name(run):
    lines = [json.loads(line) for line in (run / "runs/seed/log.jsonl").read_text().splitlines()]
    assert {line["run"] for line in lines} == {"seed"}
    assert list((run / "runs/seed/tensorboard").glob("events.out.tfevents.*"))


def test_the_run_stands_in_the_registry_with_its_figures_and_lineage(run):
    done = quantgym(run, "runs", "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (entry,) = json.loads(done.stdout)["runs"]
    assert (entry["run"], entry["name"], entry["status"], entry["stage"]) == ("seed", "trading_dqn_seed", "done", "none")
    record = json.loads((run / "runs/seed/run.json").read_text())
    for name in ("bundle", "job_digest", "tape_digest"):
        assert entry["lineage"][name] == record[name]
    assert entry["lineage"]["code.version"] == record["code"]["version"]
    assert entry["metrics"]["actions/buy 10 %"] >= 0.0
    assert {name: entry["metrics"][name] for name in record["validation"]} == pytest.approx(record["validation"])


def test_it_is_evaluated_with_a_report_and_the_look_is_counted(run):
    for look in (1, 2):
        done = quantgym(run, "evaluate", "runs/seed", "--split", "validation", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["facts"]["times_opened"] == look
    assert {path.suffix for path in (run / "runs/seed/report/validation").iterdir()} == {".html", ".png", ".json"}


def test_it_is_paper_traded_and_equals_the_backtest(run):
    done = quantgym(run, "deploy", "runs/seed", "--split", "validation", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["against backtest"].startswith("equal byte for byte")
    assert found["fills"] > 0
    lines = [json.loads(line) for line in (run / "runs/seed/paper-validation/log.jsonl").read_text().splitlines()]
    sent = [line for line in lines if line["event"] == "order_sent"]
    assert {line["deployment"] for line in sent} == {found["deployment"]}
    assert all(isinstance(line["decision"], int) and len(line["order"]) == 32 for line in sent)
    assert len({line["order"] for line in sent}) == len(sent) > 0
    again = quantgym(run, "deploy", "runs/seed", "--split", "validation", "--json")
    assert json.loads(again.stdout)["fills"] == found["fills"]
    looks = [json.loads(line)["reason"] for line in (run / "runs/seed/openings.jsonl").read_text().splitlines()]
    assert looks[-2:] == ["deploy", "deploy"]


def test_a_run_that_was_not_finished_is_not_evaluated(run):
    record = run / "runs/seed/run.json"
    kept = record.read_text()
    try:
        record.write_text(kept.replace('"done"', '"running"'))
        done = quantgym(run, "evaluate", "runs/seed")
    finally:
        record.write_text(kept)
    assert (done.returncode, done.stdout) == (1, "")
    assert "training has not ended there (status running)" in done.stderr
