"""A run read back: what was changed since training is refused in one line."""

import json
import shutil

import pytest
import yaml

from quantgym.data.synthetic import gbm_tape
from quantgym.evaluation.opening import openings
from quantgym.market.errors import DataError, IntegrityError
from quantgym.training.examination import count_look, examine
from quantgym.training.finished_run import FinishedRun
from quantgym.training.job import train


@pytest.fixture(scope="module")
def original(job_of, tmp_path_factory, ray):
    folder = tmp_path_factory.mktemp("runs") / "one"
    train(job_of("PPO", training={"iterations": 1}), folder)
    return folder


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original, tmp_path / "one")


def test_a_finished_run_is_read_back_whole(folder, job_of):
    run = FinishedRun.read(folder)
    assert run.job == job_of("PPO", training={"iterations": 1})
    assert run.bundle.digest == run.record["bundle"]


@pytest.mark.parametrize("text", ["[]", "null", "5", '"done"'])
def test_a_record_that_is_no_mapping_is_refused(folder, text):
    (folder / "run.json").write_text(text)
    with pytest.raises(IntegrityError, match=r"run\.json: must be a mapping"):
        FinishedRun.read(folder)


def test_a_split_moved_onto_the_rows_of_training_is_refused(folder):
    # the test would begin where the policy learned, and be reported as out of sample
    job = yaml.safe_load((folder / "job.yaml").read_text())
    job["data"] |= {
        "train": ["2000-01-01", "2000-03-31"],
        "validation": ["2000-04-01", "2000-06-30"],
        "test": ["2000-07-01", "2001-02-20"],
    }
    (folder / "job.yaml").write_text(yaml.safe_dump(job))
    with pytest.raises(
        IntegrityError, match=r"job\.yaml: is not the job of the bundle \(data\.train is \['2000-01-01', '2000-03-31'\], was"
    ):
        FinishedRun.read(folder)
    (folder / "job.yaml").unlink()
    with pytest.raises(IntegrityError, match=r"job\.yaml is missing"):
        FinishedRun.read(folder)


def test_a_tape_too_short_for_the_policy_is_refused_before_the_look_is_counted(folder, tmp_path):
    gbm_tape(2, 6, 2).save(tmp_path / "tiny")
    with pytest.raises(DataError, match="6 rows are too few; the policy needs 20 rows before its first decision and 2 more"):
        examine(FinishedRun.read(folder), tape_name=str(tmp_path / "tiny"))
    assert openings(folder) == ()


def test_a_look_is_counted_for_each_split(folder):
    run = FinishedRun.read(folder)
    tape = run.tape()
    rows = run.rows(tape, "test")
    looks = [count_look(run, tape, split, (rows.start, rows.stop), "deploy", lambda: 5) for split in ("test", "validation", "test")]
    assert looks == [1, 1, 2]
    assert {(one.reason, one.opened_at) for one in openings(folder)} == {("deploy", 5)}
    assert json.loads((folder / "run.json").read_text())["status"] == "done"
