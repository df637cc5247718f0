"""Every command: help with an example, one clear error for bad input, results on stdout, exit codes 0, 1 and 2."""

import fcntl
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent / "quantgym"
COMMANDS: list[tuple[str, ...]] = [
    (name,) for name in ("train", "resume", "tune", "bench-train", "evaluate", "deploy", "demo", "data", "runs")
]
COMMANDS += [("data", name) for name in ("list", "show", "check", "import")]
COMMANDS += [("runs", name) for name in ("list", "show", "compare", "promote", "delete", "import")]
KERNELS = Path(os.environ.get("QUANTGYM_CACHE") or Path.home() / ".cache/quantgym")
HEADER = "time,symbol,open,high,low,close,volume\n"


def quantgym(*words, cwd=None):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd or "/tmp"), "COLUMNS": "132", "QUANTGYM_CACHE": str(KERNELS)}
    return subprocess.run([str(BIN), *map(str, words)], capture_output=True, text=True, cwd=cwd, env=environment, check=False)


@pytest.fixture
def bars(tmp_path):
    file = tmp_path / "bars.csv"
    lines = [f"2024-01-{day:02d}T00:00:00Z,XYZ,10,12,9,{10 + day % 2},100" for day in range(1, 29)]
    file.write_text(HEADER + "\n".join(lines) + "\n")
    return file


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command):
    done = quantgym(*command, "--help")
    assert done.returncode == 0
    assert re.search(rf"Example: quantgym {command[0]}", done.stdout)


def test_help_and_version_answer_at_once():
    quantgym("--help")
    began = time.perf_counter()
    assert quantgym("--help").returncode == 0
    assert time.perf_counter() - began < 0.5
    assert quantgym("--version").stdout == "quantgym 0.1.0\n"


def test_no_command_and_an_unknown_command_are_wrong_usage():
    assert quantgym().returncode == 2
    done = quantgym("trian")
    assert done.returncode == 2
    assert "trian" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("train", "portfolio_pp"), 2, "unknown job 'portfolio_pp'; did you mean portfolio_ppo?"),
        (("train", "nowhere.yaml"), 2, "nowhere.yaml: no such job file"),
        (("train", "portfolio_ppo", "--set", "training.lrr=1"), 2, "unknown setting training.lrr; did you mean training.lr?"),
        (("train", "portfolio_ppo", "--set", "data.tape=sample:us-tec"), 2, "did you mean sample:us-tech?"),
        (("train", "portfolio_ppo", "--set", "encoders.0.lagz=[1]"), 2, "lagz"),
        (("train", "portfolio_ppo", "--set", "encoders.0.kind=prise"), 2, "did you mean price?"),
        (("train", "portfolio_ppo", "--set", "env.id=quantgym/Portfolo-v0"), 2, "did you mean quantgym/Portfolio-v0?"),
        (("train", "portfolio_ppo", "--set", "env.id=CartPole-v1"), 2, "env.id CartPole-v1 is no batch over the simulator"),
        (("train", "portfolio_ppo", "--set", "env.reward=log_retrun"), 2, "did you mean log_return?"),
        (("train", "portfolio_ppo", "--set", "agent.algorithm=DQN"), 2, "needs discrete actions"),
        (("train", "portfolio_ppo", "--set", "data.train=[2000-03-01, 2000-03-20]"), 1, "error: "),
        (("tune",), 2, "name a search"),
        (("tune", "leak_serch"), 2, "unknown search 'leak_serch'; did you mean leak_search?"),
        (("tune", "nowhere.yaml"), 2, "nowhere.yaml: no such search file"),
        (("tune", "--resume"), 2, "--resume needs --run DIR"),
        (("tune", "--resume", "--run", "nowhere"), 1, "nowhere: no folder of a search"),
        (("evaluate", "no-run"), 1, "no-run: no run folder"),
        (("deploy", "no-run"), 1, "no-run: no run folder"),
        (("deploy", "no-run", "--broker", "papr"), 2, "unknown broker 'papr'; did you mean paper?"),
        (("data", "show", "sample:nothing"), 2, "unknown tape 'sample:nothing'"),
        (("data", "import", "absent.csv"), 1, "absent.csv"),
        (("--log-level", "loud", "data", "list"), 2, "--log-level must be one of"),
    ],
)
def test_bad_input_is_one_clear_error_and_leaves_nothing(words, code, says, tmp_path):
    done = quantgym(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file() and ".cache" not in path.parts] == []


def test_a_run_folder_that_exists_is_refused_untouched(tmp_path):
    (tmp_path / "runs/mine").mkdir(parents=True)
    (tmp_path / "runs/mine/note.txt").write_text("mine")
    done = quantgym("train", "portfolio_ppo", "--run", "runs/mine", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "run folder runs/mine exists" in done.stderr
    assert (tmp_path / "runs/mine/note.txt").read_text() == "mine"


def test_the_demo_deletes_only_what_a_demo_made(tmp_path):
    (tmp_path / "runs/demo").mkdir(parents=True)
    (tmp_path / "runs/demo/thesis.txt").write_text("years of work")
    for words, says in ((("demo",), "run folder runs/demo exists"), (("demo", "--replace"), "no demo made it")):
        done = quantgym(*words, cwd=tmp_path)
        assert done.returncode == 2
        assert says in done.stderr
    assert (tmp_path / "runs/demo/thesis.txt").read_text() == "years of work"


def test_a_file_is_checked_imported_shown_and_listed(bars, tmp_path):
    assert quantgym("data", "check", bars, cwd=tmp_path).stdout == "no faults\n"
    done = quantgym("data", "import", bars, "--name", "mine", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["assets"] == "1: XYZ"
    assert "mine" in quantgym("data", "list", cwd=tmp_path).stdout
    shown = quantgym("data", "show", "mine", "--verify", cwd=tmp_path)
    assert "28 from 2024-01-01" in shown.stdout
    again = quantgym("data", "import", bars, "--name", "mine", cwd=tmp_path)
    assert again.returncode == 1
    assert "exists" in again.stderr


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2024-01-02T00:00:00Z,XYZ,10,12,9,nan,100", "missing price"),
        ("2024-01-02T00:00:00Z,XYZ,10,9,12,11,100", "low <= open"),
        ("2024-01-01T00:00:00Z,XYZ,10,12,9,11,100", "duplicated times"),
        ("2023-12-31T00:00:00Z,XYZ,10,12,9,11,100", "out of order"),
        ("2024-01-02T00:00:00Z,XYZ,-10,12,-11,11,100", "not positive"),
    ],
)
def test_dirty_bars_are_refused_with_their_place_and_nothing_is_saved(line, says, bars, tmp_path):
    rows = bars.read_text().splitlines()
    bars.write_text("\n".join([rows[0], rows[1], line, *rows[3:]]) + "\n")
    done = quantgym("data", "import", bars, "--name", "dirty", cwd=tmp_path)
    assert done.returncode == 1
    assert says in done.stderr
    assert "2024-01-0" in done.stderr or "2023-12-31" in done.stderr
    assert not (tmp_path / ".quantgym/tapes/dirty").exists()
    assert quantgym("data", "check", bars, cwd=tmp_path).returncode == 1


def test_a_demo_does_not_delete_the_folder_of_one_that_is_still_running(tmp_path):
    folder = tmp_path / "runs/demo"
    folder.mkdir(parents=True)
    (folder / "demo.json").write_text('{"status": "running"}')
    with (tmp_path / "runs/.demo.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as the running one does
        done = quantgym("demo", "--replace", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "another demo is running in runs/demo" in done.stderr
    assert (folder / "demo.json").exists()
