"""Ctrl-C ends every command with one line and exit code 130."""

import sys
from types import SimpleNamespace

import pytest

from quantgym.cli import demo
from quantgym.cli.main import main
from quantgym.data import catalog


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["quantgym", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_an_interrupted_command_says_so(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(catalog, "tape_names", interrupted)
    assert run(monkeypatch, "data", "list") == 130
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[-1]) == ("", "error: interrupted")


def test_ctrl_c_in_a_training_of_the_demo_ends_the_demo(monkeypatch, capsys, tmp_path):
    # training itself saves what it has learned and returns
    trained = []

    def run_job(job, folder):
        trained.append(job.name)
        return SimpleNamespace(status="interrupted", summary=dict, facts=dict)

    monkeypatch.setattr(demo, "run_job", run_job)
    monkeypatch.setattr(demo, "judge_run", lambda *words, **more: pytest.fail("the demo went on"))
    assert run(monkeypatch, "demo", "--run", str(tmp_path / "demo")) == 130
    assert trained == ["portfolio_ppo"]
    assert capsys.readouterr().err.splitlines()[-1] == "error: interrupted"
