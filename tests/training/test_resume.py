"""A run that was stopped, at any moment and in any way, ends as one that never was."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

import quantgym
from quantgym.agents.bundle import load_bundle
from quantgym.market.errors import ConfigError, DataError, IntegrityError
from quantgym.training import run as run_module
from quantgym.training.job import resume, train
from quantgym.training.run_lock import FolderInUseError, RunLock

from .fake_learner import FakeLearner

LONG = {"iterations": 12, "validate_every": 3}


@pytest.fixture(autouse=True)
def _fake(monkeypatch):
    monkeypatch.setattr(run_module, "learner_of", FakeLearner)


@pytest.fixture(scope="module")
def whole(job_of, tmp_path_factory):
    """The run that was never stopped."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "learner_of", FakeLearner)
        return train(job_of("PPO", training=LONG), folder)


def stop_at(number):
    def stop(one):
        if one.number == number:
            raise KeyboardInterrupt

    return stop


def curve(folder):
    """Return the lines of metrics without figures of the wall clock."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{tag: value for tag, value in line.items() if tag != "seconds" and not tag.startswith("speed/")} for line in lines]


def events(folder):
    """Return the steps that all event files together hold."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    steps = []
    for file in (folder / "tensorboard").iterdir():
        found = EventAccumulator(str(file))
        found.Reload()
        steps += [event.step for event in found.Scalars("learn/total_loss")] if found.Tags()["scalars"] else []
    return sorted(steps)


def assert_same(folder, whole):
    assert curve(folder) == curve(whole.folder)
    assert json.loads((folder / "run.json").read_text())["bundle"] == whole.digest == load_bundle(folder / "bundle").digest


@pytest.mark.parametrize("number", [1, 5, 6, 11])
def test_an_interrupted_run_ends_as_one_that_never_stopped(job_of, tmp_path, whole, number):
    folder = tmp_path / "one"
    stopped = train(job_of("PPO", training=LONG), folder, progress=stop_at(number))
    assert (stopped.status, stopped.resume) == ("interrupted", f"quantgym resume {folder}")
    result = resume(folder)
    assert [one.number for one in result.iterations] == list(range(1, 13))
    assert_same(folder, whole)
    assert events(folder) == [64 * number for number in range(1, 13)]
    assert not (folder / "checkpoint").exists()  # it is done


def test_work_after_the_last_checkpoint_is_cut_off_and_done_again(job_of, tmp_path, whole):
    folder = tmp_path / "one"
    job = job_of("PPO", training=LONG | {"checkpoint_every": 4})

    def dies(one):
        if one.number == 7:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        train(job, folder, progress=dies)
    assert len(curve(folder)) == 7  # and the checkpoint is of iteration 4
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"iteration": 8, "ste')
    resume(folder)
    assert curve(folder) == curve(whole.folder)
    assert events(folder) == [64 * number for number in range(1, 13)]


def test_a_run_that_was_stopped_before_any_checkpoint_begins_again(job_of, tmp_path, whole):
    folder = tmp_path / "one"
    job = job_of("PPO", training=LONG | {"checkpoint_every": 50})

    def dies(one):
        if one.number == 3:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        train(job, folder, progress=dies)
    resume(folder)
    assert curve(folder) == curve(whole.folder)


def test_schedules_and_stages_go_on_where_they_were(job_of, tmp_path):
    changes = {"schedules": {"lr": [[0.0, 1e-3], [1.0, 0.0]]},
               "stages": [{"start": 0.0, "friction": 0.0}, {"start": 0.5, "env": {"episode_bars": 5}}]}  # fmt: skip
    job = job_of("PPO", training=LONG | changes)
    straight = train(job, tmp_path / "straight")
    # iteration 7 begins after 6 of 12: half of 1e-3
    assert straight.iterations[6].figures["learn/learning_rate"] == pytest.approx(5e-4)
    train(job, tmp_path / "halted", progress=stop_at(6))
    assert_same(resume(tmp_path / "halted").folder, straight)


@pytest.fixture(scope="module")
def nursery():
    """A process that trains in children of its own, which can be killed."""
    script = Path(__file__).parent / "fake_run.py"
    environment = {**os.environ, "PYTHONPATH": str(Path(quantgym.__file__).parents[1])}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(script)], stdin=pipe, stdout=pipe, text=True, env=environment) as process:
        assert json.loads(process.stdout.readline()) == {"ready": True}
        yield process
        process.stdin.close()


def child(nursery, *words):
    """Begin a child; return its process id."""
    nursery.stdin.write(" ".join(map(str, words)) + "\n")
    nursery.stdin.flush()
    return json.loads(nursery.stdout.readline())["pid"]


def ends(nursery):
    """Return what a child said, if anything, and the signal that ended it."""
    said: dict[str, object] = {}
    while "signal" not in said:
        said |= json.loads(nursery.stdout.readline())
    return said


def test_a_process_killed_at_random_moments_is_resumed_to_the_same_bits(job_of, tmp_path, whole, nursery):
    job, folder, draw = tmp_path / "job.yaml", tmp_path / "one", random.Random(3)
    job.write_text(yaml.safe_dump(job_of("PPO", training=LONG).plain()))
    killed, writing = 0, 0
    for attempt in range(40):
        pid = child(nursery, *(("train", job, folder) if not (folder / "run.json").exists() else ("resume", folder)))
        wait_for_a_line(pid, folder, count(folder))
        if attempt % 2:  # in a checkpoint
            wait_while(pid, lambda: not (folder / "checkpoint.partial").exists())
        else:  # in an iteration, in a validation, in a checkpoint
            time.sleep(draw.uniform(0.0, 0.03))
        if attempt < 6:
            os.kill(pid, signal.SIGKILL)
        said = ends(nursery)
        killed += said["signal"] == signal.SIGKILL
        writing += (folder / "checkpoint.partial").exists()
        if said.get("status") == "done":
            break
    assert (killed >= 3, writing >= 1) == (True, True)
    assert_same(folder, whole)


def wait_for_a_line(pid, folder, lines):
    wait_while(pid, lambda: count(folder) <= lines)


def wait_while(pid, true):
    deadline = time.monotonic() + 20.0
    while true() and alive(pid) and time.monotonic() < deadline:
        time.sleep(0.0005)


def count(folder):
    path = folder / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def alive(pid):
    return Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_the_first_signal_ends_after_the_iteration_with_a_checkpoint(job_of, tmp_path, nursery):
    job, folder = tmp_path / "job.yaml", tmp_path / "one"
    job.write_text(yaml.safe_dump(job_of("PPO", training={"iterations": 5_000, "validate_every": 5_000}).plain()))
    pid = child(nursery, "train", job, folder)
    while count(folder) < 2:
        time.sleep(0.005)
    with pytest.raises(FolderInUseError, match=f"in use by process {pid}; wait for it, or stop it"):
        resume(folder)
    os.kill(pid, signal.SIGINT)
    said = ends(nursery)
    assert (said["status"], said["resume"]) == ("interrupted", f"quantgym resume {folder}")
    assert json.loads((folder / "checkpoint/progress.json").read_text())["progress"]["iteration"] == count(folder)
    RunLock(folder).release()  # the lock went with the process


@pytest.fixture
def halted(job_of, tmp_path):
    return train(job_of("PPO", training=LONG), tmp_path / "one", progress=stop_at(4)).folder


def test_a_done_run_and_a_folder_that_is_no_run_are_refused(whole, tmp_path):
    with pytest.raises(ConfigError, match=r"training is done there \(iteration 12\); there is nothing to resume"):
        resume(whole.folder)
    with pytest.raises(DataError, match="no run folder"):
        resume(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_job_is_refused_and_the_run_stays_as_it_was(halted):
    before = (halted / "metrics.jsonl").read_bytes()
    job = yaml.safe_load((halted / "job.yaml").read_text())
    job["training"]["lr"] = 0.5
    (halted / "job.yaml").write_text(yaml.safe_dump(job))
    with pytest.raises(ConfigError, match=r"job\.yaml: was changed since the run began .* another job is another run"):
        resume(halted)
    assert (halted / "metrics.jsonl").read_bytes() == before
    assert json.loads((halted / "run.json").read_text())["status"] == "interrupted"
    (halted / "job.yaml").unlink()
    with pytest.raises(IntegrityError, match=r"job\.yaml is missing"):
        resume(halted)


def test_a_job_that_another_program_reads_otherwise_is_refused_with_both_programs(halted):
    # a later version may have settings more, and so another digest of the same file
    record = json.loads((halted / "run.json").read_text())
    record |= {"job_digest": "12" * 32, "code": {"version": "0.0.9", "commit": None, "dirty": None}}
    (halted / "run.json").write_text(json.dumps(record))
    says = r"changed since the run began .*, or this program knows other settings than the one it began with \(version 0\.0\.9, now"
    with pytest.raises(ConfigError, match=says):
        resume(halted)


def test_another_tape_or_other_features_are_refused(halted):
    record = json.loads((halted / "run.json").read_text())
    for key, says in (("tape_digest", "tape .* has changed since the run began"), ("features_digest", "other features")):
        (halted / "run.json").write_text(json.dumps(record | {key: "0" * 64}))
        with pytest.raises(IntegrityError, match=says):
            resume(halted)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda folder: (folder / "checkpoint/weights.npz").write_bytes(b"x"), r"weights\.npz: was changed"),
        (lambda folder: (folder / "checkpoint/weights.npz").unlink(), r"weights\.npz: missing"),
        (lambda folder: (folder / "checkpoint/progress.json").write_text("{"), r"progress\.json: unreadable"),
        (lambda folder: swap(folder / "checkpoint/progress.json", b'"sizes"', b'"sixes"'), r"progress\.json: was changed"),
        (lambda folder: (folder / "metrics.jsonl").write_text(""), r"metrics\.jsonl: has 0 bytes"),
        (lambda folder: swap(folder / "metrics.jsonl", b"iteration", b"iter\xfftion"), r"metrics\.jsonl: line 1 is unreadable"),
        (lambda folder: swap(folder / "metrics.jsonl", b"\n", b" "), r"metrics\.jsonl: line 1 is unreadable"),
        (lambda folder: shutil.rmtree(folder / "best"), r"best/3.*it is the best bundle so far"),
        (lambda folder: swap(folder / "best/3/manifest.json", b'"seed": 5', b'"seed": 6'), r"best/3.*it is the best bundle so far"),
    ],
)
def test_a_checkpoint_that_was_changed_is_refused_and_the_run_stays_as_it_was(halted, harm, says):
    harm(halted)
    with pytest.raises(IntegrityError, match=says):
        resume(halted)
    assert json.loads((halted / "run.json").read_text())["status"] == "interrupted"
    assert (halted / "bundle/manifest.json").is_file()


@pytest.mark.parametrize("status", [None, "finished"])
def test_a_record_without_a_status_that_is_known_is_refused(halted, status):
    record = json.loads((halted / "run.json").read_text())
    (halted / "run.json").write_text(json.dumps(record | {"status": status}))
    with pytest.raises(IntegrityError, match=rf"run\.json: status must be one of running, done, .*, was {status!r}"):
        resume(halted)


def swap(file, old, new):
    assert old in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(old, new, 1))


@pytest.mark.parametrize("moment", ["while writing", "between the renames", "before the old one is deleted"])
def test_a_checkpoint_always_stands_whole(halted, whole, moment):
    if moment == "while writing":
        (halted / "checkpoint.partial").mkdir()
        (halted / "checkpoint.partial/state.json").write_text("{")
    elif moment == "between the renames":
        shutil.copytree(halted / "checkpoint", halted / "checkpoint.partial")
        (halted / "checkpoint").rename(halted / "checkpoint.previous")
    else:
        shutil.copytree(halted / "checkpoint", halted / "checkpoint.previous")
    resume(halted)
    assert_same(halted, whole)
    assert not any(path.name.startswith("checkpoint") for path in halted.iterdir())


def test_a_policy_of_the_work_that_was_lost_is_never_kept(job_of, tmp_path, whole):
    folder = tmp_path / "one"
    train(job_of("PPO", training=LONG), folder, progress=stop_at(4))
    shutil.copytree(folder / "best/3", folder / "best/6")  # of an iteration after the checkpoint
    resume(folder)
    assert_same(folder, whole)


def test_weights_at_the_end_are_those_of_the_run_that_never_stopped(job_of, tmp_path):
    job = job_of("PPO", training=LONG | {"keep": "last"})
    straight = train(job, tmp_path / "straight")
    train(job, tmp_path / "halted", progress=stop_at(8))
    one, other = (load_bundle(run.bundle).policy.network.state_dict() for run in (straight, resume(tmp_path / "halted")))
    assert all(np.array_equal(one[name].numpy(), other[name].numpy()) for name in one)
