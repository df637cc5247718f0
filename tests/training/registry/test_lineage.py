"""A run folder read for the registry."""

import json

import pytest

from quantgym.market.errors import DataError, IntegrityError
from quantgym.training.registry.lineage import Lineage, flat_settings, run_key


def test_figures_are_the_last_ones_and_the_final_validation_goes_over_them(run_of):
    lineage = Lineage.read(run_of("one", seed=2))
    # train/reward of the second line 0.5; 1.0 of its validation gives way to the final one, 1.12
    assert lineage.metrics == {"train/reward": 0.5, "validation/equity": 1.12, "iterations": 2.0, "steps": 128.0, "seconds": 1.5}


def test_a_line_that_a_killed_process_left_half_written_is_no_line(run_of):
    folder = run_of("one", validation={"validation/equity": float("nan")})
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"iteration": 3, "train/rew')
    assert Lineage.read(folder).metrics["train/reward"] == 0.5
    assert "validation/equity" not in Lineage.read(folder).metrics  # not finite


def test_facts_say_where_the_run_comes_from(run_of, bundles):
    facts = Lineage.read(run_of("one", parent="study")).facts()
    expected = {"tape_digest": "77", "job_digest": "d0", "bundle": bundles[0][1], "parent": "study", "status": "done"}
    assert {name: facts[name] for name in expected} == expected
    assert (facts["code.version"], facts["code.commit"], facts["code.dirty"]) == ('"0.1.0"', '"abc"', "false")
    assert json.loads(facts["versions"]) == {"quantgym": "0.1.0", "torch": "2.13.0"}
    assert json.loads(facts["job"])["training"] == {"lr": 0.001}


def test_settings_are_flat_by_dotted_name_and_lists_of_numbers_stay_whole():
    job = {"a": {"b": [1, 2], "c": {}}, "e": [{"kind": "x"}, {"kind": "y"}], "f": []}
    assert flat_settings(job) == {"a.b": [1, 2], "a.c": {}, "e.0.kind": "x", "e.1.kind": "y", "f": []}


def test_a_run_is_known_by_its_id_and_an_older_one_by_what_was_fixed_when_it_began():
    assert run_key({"id": "abc", "job": "x"}) == "abc"
    old = {"job": "x", "job_digest": "d", "started_at_ns": 5}
    assert run_key(old) == run_key(old | {"status": "done", "bundle": "b"})
    assert run_key(old) != run_key(old | {"started_at_ns": 6})


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("run.json", "{", "unreadable"),
        ("run.json", '{"schema": 9}', "run folder of version 9, this program reads 1"),
        ("run.json", "[]", "run"),
        ("job.yaml", "a: [", "job.yaml: unreadable"),
        ("job.yaml", "5", "is no job"),
    ],
)
def test_a_folder_that_was_tampered_with_is_refused(run_of, name, text, says):
    folder = run_of("one")
    (folder / name).write_text(text)
    with pytest.raises(IntegrityError, match=says):
        Lineage.read(folder)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(DataError, match="no run folder"):
        Lineage.read(tmp_path)
