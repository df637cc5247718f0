"""The folder of a run, and the events in it."""

import errno
import json
import os

import pytest
import yaml

from quantgym.configs.job import Job
from quantgym.configs.strict import validate
from quantgym.market.errors import ConfigError
from quantgym.training.run_folder import RunFolder


def read(folder):
    return json.loads((folder / "run.json").read_text())


def test_a_run_says_running_until_it_is_done(tmp_path, job_of):
    run = RunFolder(tmp_path / "runs" / "one")
    assert not run.path.exists()
    run.create(job_of(), {"steps": 5})
    assert read(run.path) == {"schema": 1, "status": "running", "steps": 5}
    run.log({"iteration": 1})
    run.log({"iteration": 2})
    run.finish("done", {"steps": 7})
    assert read(run.path) == {"schema": 1, "status": "done", "steps": 7}
    lines = (run.path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["iteration"] for line in lines] == [1, 2]
    assert sorted(path.name for path in run.path.iterdir()) == ["job.yaml", "lock", "metrics.jsonl", "run.json", "tensorboard"]


def test_a_run_that_is_done_keeps_no_checkpoint_and_one_that_was_interrupted_does(tmp_path, job_of):
    run = RunFolder(tmp_path / "one")
    run.create(job_of(), {})
    for name in ("checkpoint", "best", "replay"):
        (run.path / name).mkdir()
    for status, left in (("interrupted", 3), ("failed", 3), ("done", 0)):
        run.finish(status, {})
        assert sum((run.path / name).exists() for name in ("checkpoint", "best", "replay")) == left


def test_the_job_in_the_folder_is_the_job_with_all_defaults(tmp_path, job_of):
    run = RunFolder(tmp_path / "one")
    run.create(job_of(), {})
    assert validate(Job, yaml.safe_load((run.path / "job.yaml").read_text()), "job.yaml") == job_of()


def test_a_folder_that_exists_is_refused_before_and_at_creation(tmp_path, job_of):
    first, second = RunFolder(tmp_path / "one"), RunFolder(tmp_path / "one")
    first.create(job_of(), {})
    with pytest.raises(ConfigError, match="another run took the name"):
        second.create(job_of(), {})
    with pytest.raises(ConfigError, match=r"run folder .*one exists; choose another name"):
        RunFolder(tmp_path / "one")


@pytest.mark.parametrize("nth", [1, 2])
def test_a_folder_that_cannot_be_written_is_not_left_half_made(tmp_path, job_of, monkeypatch, nth):
    calls = []

    def full(handle):
        calls.append(handle)
        if len(calls) == nth:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        RunFolder(tmp_path / "one").create(job_of(), {})
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_cannot_be_replaced_stays_as_it_was(tmp_path, job_of, monkeypatch):
    run = RunFolder(tmp_path / "one")
    run.create(job_of(), {})

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        run.finish("done", {})
    assert read(run.path)["status"] == "running"
    assert sorted(path.name for path in run.path.iterdir()) == ["job.yaml", "lock", "run.json", "tensorboard"]
