"""Runs enter the registry."""

import json
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from quantgym.market.errors import ConfigError, DataError, IntegrityError, UnknownNameError
from quantgym.training.registry.enter import enter, import_run
from quantgym.training.registry.promotion import promote
from quantgym.training.registry.registry import Registry
from quantgym.training.registry.store import client_of, writing


def test_an_entered_run_is_read_back_with_its_lineage(registry, run_of, bundles):
    folder = run_of("one", seed=3, parent="study")
    assert enter(folder)
    (one,) = Registry().entries()
    assert (one.name, one.folder, one.stage, one.status, one.entered) == ("small", folder, "none", "done", "done")
    assert one.facts | {"entered_at_ns": 0} == {
        "job_digest": "d3", "tape": "walk", "tape_digest": "77", "bundle": bundles[0][1], "parent": "study",
        "started_at_ns": 1_700_000_000_000_000_003, "ended_at_ns": 1_700_000_060_000_000_000, "entered_at_ns": 0,
        "code.version": "0.1.0", "code.commit": "abc", "code.dirty": False,
    }  # fmt: skip
    assert one.job["seed"] == 3
    assert one.versions == {"quantgym": "0.1.0", "torch": "2.13.0"}
    assert one.metrics["validation/equity"] == pytest.approx(1.13)


def test_mlflow_reads_the_same(registry, run_of):
    identity = import_run(run_of("one", status="interrupted"))
    run = client_of(registry).get_run(identity)
    assert (run.info.run_name, run.info.status, run.info.start_time, run.info.end_time) == (
        "one", "KILLED", 1_700_000_000_000, 1_700_000_060_000,
    )  # fmt: skip
    assert run.data.metrics == Registry().entries()[0].metrics
    assert run.data.params == {
        "name": "small", "seed": "0", "data.tape": "walk", "encoders.0.kind": "price", "training.lr": "0.001",
    }  # fmt: skip


@pytest.mark.parametrize("tag", ["actions/buy 10 %", "actions/50 % of A:B", "refused/größer", "actions/:25:"])
def test_figures_of_any_name_are_entered_and_read_back(tag, registry, run_of):
    folder = run_of("one")
    (folder / "metrics.jsonl").write_text(json.dumps({"iteration": 1, "steps": 64, tag: 0.5}) + "\n")
    import_run(folder)
    assert Registry().find("one").metrics[tag] == 0.5


def test_settings_of_any_name_are_entered(registry, run_of):
    folder = run_of("one")
    (folder / "job.yaml").write_text(json.dumps({"name": "small", "env": {"options": {"share in %": 3}}}))
    import_run(folder)
    assert client_of(registry).get_run(Registry().find("one").id).data.params["env.options.share in :25:"] == "3"


def test_entering_again_renews_the_entry_and_makes_no_second_one(registry, run_of):
    folder = run_of("one", status="running", bundle=None, error="gone by then")
    first = import_run(folder)
    record = json.loads((folder / "run.json").read_text()) | {"status": "done", "steps": 256}
    del record["error"]
    (folder / "run.json").write_text(json.dumps(record))
    (one,) = Registry().entries()
    assert (one.entered, one.status, one.facts["error"]) == ("running", "done", "gone by then")
    assert import_run(folder) == first
    (one,) = Registry().entries()
    assert (one.entered, one.metrics["steps"], "error" in one.facts) == ("done", 256.0, False)


def test_a_job_longer_than_a_tag_comes_back_whole(registry, run_of):
    folder = run_of("one")
    (folder / "job.yaml").write_text(json.dumps({"name": "small", "note": "x" * 20_000}))
    import_run(folder)
    assert Registry().find("one").job["note"] == "x" * 20_000


def test_a_moved_folder_is_missing_until_it_is_imported_and_a_copy_is_refused(registry, run_of, tmp_path):
    folder = run_of("one")
    identity = import_run(folder)
    shutil.copytree(folder, tmp_path / "copy")
    with pytest.raises(ConfigError, match=r"copy is a copy of .*one, entered as"):
        import_run(tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy")
    folder.rename(tmp_path / "moved")
    assert Registry().find(identity).status == "missing"
    run_of("one", seed=9)  # another run in the same place
    assert Registry().find(identity).status == "missing"
    assert import_run(tmp_path / "moved") == identity
    assert (Registry().find(identity).folder, Registry().find(identity).status) == (tmp_path / "moved", "done")


def test_runs_are_found_by_folder_name_or_id_and_filtered(registry, run_of):
    ids = {name: import_run(run_of(name, seed=seed, job=job)) for seed, (name, job) in enumerate(["ax", "bx", "cy"])}
    reader = Registry()
    assert [one.folder.name for one in reader.entries()] == ["a", "b", "c"]
    assert [one.folder.name for one in reader.entries(name="x")] == ["a", "b"]
    assert reader.entries(status="failed") == reader.entries(stage="live") == []
    assert {reader.find(text).id for text in ("b", ids["b"], ids["b"][:8], registry.parent / "b")} == {ids["b"]}
    with pytest.raises(ConfigError, match=r"unknown run 'bb'; did you mean b\?"):
        reader.find("bb")
    for name, wrong, says in (("name", "xx", "unknown name"), ("stage", "liv", "mean live"), ("status", "don", "mean done")):
        with pytest.raises(UnknownNameError, match=says):
            reader.entries(**{name: wrong})


def test_a_name_that_two_runs_bear_is_refused(registry, run_of, tmp_path):
    import_run(run_of("a"))
    import_run(run_of("other/a", seed=1))
    with pytest.raises(ConfigError, match=r"'a' may be .* or .*; give the id"):
        Registry().find("a")


def test_a_folder_that_was_taken_again_is_the_run_that_stands_there(registry, run_of):
    folder = run_of("one", seed=1)
    gone = import_run(folder)
    promote("one", "live", "it was good")
    shutil.rmtree(folder)
    stands = import_run(run_of("one", seed=2))
    for said in ("one", folder):
        assert Registry().find(said).id == stands
    assert Registry().find(gone).status == "missing"
    Registry().refuse_deployed(folder)  # the run that is live stood there once; this one may be trained on


def test_a_run_that_says_running_and_is_locked_by_nobody_was_killed(registry, run_of):
    import fcntl

    folder = run_of("one", status="running", bundle=None)
    import_run(folder)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert Registry().find("one").status == "running"
    assert Registry().find("one").status == "killed"


def test_a_registry_that_does_not_exist_is_empty_and_is_not_made_by_reading(tmp_path):
    assert Registry(tmp_path / "none.db").entries() == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_registry_is_refused_untouched(tmp_path, run_of, capsys):
    path, folder = tmp_path / "thesis.db", run_of("one")
    path.write_text("years of work " * 100)
    with pytest.raises(IntegrityError, match=r"thesis\.db: no registry of runs"):
        Registry(path).entries()
    assert enter(folder, path) is False
    assert path.read_text() == "years of work " * 100
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("create table mine (x)")
    with pytest.raises(IntegrityError, match="no registry of runs"):
        import_run(folder, other)
    assert "quantgym runs import" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["50 % of it.db", "a%20b.db", "what?.db", "no #1.db", "größer.db"])
def test_a_registry_of_any_name_is_written_where_it_is_read(name, empty_registry, tmp_path, run_of):
    path = tmp_path / name
    with closing(sqlite3.connect(empty_registry)) as one, closing(sqlite3.connect(path)) as other:
        one.backup(other)
    identity = import_run(run_of("one"), path)
    assert [one.id for one in Registry(path).entries()] == [identity]
    assert not [other for other in tmp_path.iterdir() if other.is_file() and name not in other.name]


def test_a_folder_is_no_registry_and_says_which_file_may_be_one(tmp_path, run_of):
    for refused in (lambda: Registry(tmp_path).entries(), lambda: import_run(run_of("one"), tmp_path)):
        with pytest.raises(IntegrityError, match=r"is a folder, a registry is a file; say .*/registry\.db"):
            refused()


def test_a_registry_that_cannot_be_written_loses_nothing_but_the_entry(run_of, tmp_path, monkeypatch, capsys):
    folder = run_of("one")
    (tmp_path / "file").write_text("")
    assert enter(folder, tmp_path / "file" / "registry.db") is False  # its folder is a file
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    assert enter(folder, tmp_path / "new.db") is False
    said = capsys.readouterr().out
    assert "run not entered in the registry; nothing of it is lost" in said
    assert "pip install 'quantgym[registry]'" in said
    assert (folder / "bundle").is_dir()
    assert not (tmp_path / "new.db").exists()


def test_entering_is_a_warning_even_where_ctrl_c_hits_it(registry, run_of, monkeypatch):
    monkeypatch.setattr("quantgym.training.registry.enter.import_run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert enter(run_of("one")) is False


def test_a_new_registry_is_one_file_with_a_write_ahead_log(empty_registry):
    left = {path.name for path in empty_registry.parent.iterdir()} - {"registry.db-wal", "registry.db-shm"}
    assert left == {"registry.db", ".registry.db.lock"}
    with sqlite3.connect(empty_registry) as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)


def test_a_registry_that_mlflow_refuses_is_one_clear_error(registry, run_of, capfd):
    with sqlite3.connect(registry) as connection:
        connection.execute("update alembic_version set version_num = 'of-tomorrow'")
    with pytest.raises(IntegrityError, match=r"registry\.db: the registry cannot be written \("):
        import_run(run_of("one"))
    assert capfd.readouterr().err == ""


def test_a_registry_that_another_program_holds_is_said_to_be_held_and_not_to_be_broken(registry):
    from sqlalchemy.exc import OperationalError

    with pytest.raises(DataError, match=r"registry\.db: another program holds the registry; try again"), writing(registry):
        raise OperationalError("insert", None, sqlite3.OperationalError("database is locked"))


def test_a_switched_off_registry_takes_no_run_and_says_nothing(run_of, monkeypatch, capsys):
    monkeypatch.setenv("QUANTGYM_REGISTRY", "off")
    assert enter(run_of("one")) is False
    assert capsys.readouterr().out == ""
    assert os.environ["QUANTGYM_REGISTRY"] == "off"
