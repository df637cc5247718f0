"""A second Ctrl-C ends at once: nothing half learned is saved, the folder is whole, and it is said how to go on."""

import json
import signal
import sys

import pytest

from quantgym.cli.main import main
from quantgym.training import run as run_module
from quantgym.training.job import resume, train

from .fake_learner import FakeLearner


@pytest.fixture(autouse=True)
def _fake(monkeypatch):
    monkeypatch.setattr(run_module, "learner_of", FakeLearner)
    monkeypatch.setenv("QUANTGYM_REGISTRY", "off")


def twice():
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


@pytest.fixture
def in_the_middle(monkeypatch):
    """`in_the_middle(name, number)`: two Ctrl-C within that method of iteration `number`, when half of it is done."""

    def put(name, number):
        owner = FakeLearner if name in ("iterate", "save") else run_module
        honest = getattr(owner, name)

        def interrupted(*arguments):
            done = honest(*arguments)
            learned = seen[-1] if owner is run_module else arguments[0]
            if learned.iteration == number:
                twice()
            return done

        monkeypatch.setattr(owner, name, interrupted)

    seen, iterate = [], FakeLearner.iterate
    monkeypatch.setattr(FakeLearner, "iterate", lambda self: (seen.append(self), iterate(self))[1])
    return put


@pytest.mark.parametrize(
    ("name", "every", "stands"), [("iterate", 1, 3), ("try_policy", 1, 3), ("save", 1, 3), ("iterate", 3, 3), ("try_policy", 3, 3)]
)
def test_the_second_ctrl_c_loses_the_iteration_under_way_alone(job_of, tmp_path, in_the_middle, monkeypatch, name, every, stands):
    job = job_of(training={"iterations": 6, "validate_every": 2, "checkpoint_every": every})
    whole = train(job, tmp_path / "whole")
    in_the_middle(name, 4)
    with pytest.raises(KeyboardInterrupt) as caught:
        train(job, tmp_path / "one", told=lambda: None)
    monkeypatch.undo()
    monkeypatch.setattr(run_module, "learner_of", FakeLearner)
    after = 4 if name == "save" else 3
    on = f"the checkpoint of iteration {stands} stands; go on: quantgym resume {tmp_path}/one"
    assert str(caught.value) == f"interrupted at once, after iteration {after}; {on}"
    record = json.loads((tmp_path / "one/run.json").read_text())
    assert (record["status"], not (tmp_path / "one/bundle").exists()) == ("failed", True)
    assert resume(tmp_path / "one").digest == whole.digest


def test_ctrl_c_twice_in_the_first_iteration_leaves_nothing_and_says_so(job_of, tmp_path, in_the_middle):
    in_the_middle("iterate", 1)
    with pytest.raises(KeyboardInterrupt, match="before the first iteration had ended; nothing is left"):
        train(job_of(), tmp_path / "one", told=lambda: None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "code", "last"), [(1, 130, "next"), (2, 130, "interrupted at once, after iteration 3; ")])
def test_the_last_line_of_the_command_is_how_to_go_on(tmp_path, monkeypatch, capsys, number, code, last):
    honest = FakeLearner.iterate

    def interrupted(self):
        if self.iteration == 3:
            for _ in range(number):
                signal.raise_signal(signal.SIGINT)
        return honest(self)

    monkeypatch.setattr(FakeLearner, "iterate", interrupted)
    small = ["training.num_envs=4", "training.rollout_bars=8", "training.minibatch=32"]
    words = [word for setting in small for word in ("--set", setting)]
    monkeypatch.setattr(sys, "argv", ["quantgym", "train", "leak_ppo", *words, "--run", str(tmp_path / "one")])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr()
    lines = [line for line in (said.out + said.err).splitlines() if "error" in line.lower()]
    assert (left.value.code, lines) == (code, [])
    assert f"quantgym resume {tmp_path}/one" in (said.out if number == 1 else said.err.splitlines()[-1])
    assert (said.out.splitlines()[-2] if number == 1 else said.err.splitlines()[-1]).startswith(last)
