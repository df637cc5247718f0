"""Killed at any moment, beside another writer: the registry stays readable, and what was begun can be ended."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from quantgym.training.registry.delete import delete_run
from quantgym.training.registry.enter import enter, import_run
from quantgym.training.registry.load_stage import load_stage
from quantgym.training.registry.promotion import promote
from quantgym.training.registry.registry import Registry

WRITES = ("create_experiment", "create_run", "log_batch", "set_tag", "set_terminated", "update_run", "delete_run",
          "create_registered_model", "create_model_version", "set_registered_model_tag", "set_registered_model_alias")  # fmt: skip


def killed_at(number, work):
    """Return `work`, killed with SIGKILL before the registry's write of this number; it ends by itself where there are fewer."""

    def die():
        from mlflow import MlflowClient

        left = [number]

        def counted(write):
            def call(*args, **kwargs):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return write(*args, **kwargs)

            return call

        for name in WRITES:
            setattr(MlflowClient, name, counted(getattr(MlflowClient, name)))
        work()

    return die


def sound(registry):
    with closing(sqlite3.connect(registry)) as connection:
        return connection.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_run_killed_while_it_is_entered_is_entered_later_once(empty_registry, registry, run_of, in_child):
    marks = set()
    for number in range(1, 8):
        folder = run_of(f"run{number}", seed=number, job=f"job{number}")
        ended = in_child(killed_at(number, lambda folder=folder: import_run(folder)))
        found = [one for one in Registry().entries() if one.name == f"job{number}"]
        marks |= {(one.status, ended[0]) for one in found}
        assert sound(registry)
        assert len(found) == (number > 2)  # experiment and run are made first
        assert enter(folder)
        (one,) = Registry().entries(name=f"job{number}")
        assert (one.status, one.metrics["steps"], one.job["seed"]) == ("done", 128.0, number)
    # killed before the mark that it is complete; the last one had no seventh write and ended by itself
    assert marks == {("half entered", -signal.SIGKILL), ("done", 0)}


def test_a_promotion_killed_anywhere_leaves_the_old_holder_or_the_new_one(registry, run_of, bundles, in_child):
    ids = [import_run(run_of(name, seed=seed, bundle=seed)) for seed, name in enumerate("ab")]
    promote("a", "live", "first")
    held = []
    for number in (1, 2, 2):
        ended = in_child(killed_at(number, lambda: promote("b", "live", "better")))
        assert ended == [-signal.SIGKILL]
        live = [one.id for one in Registry().entries(stage="live")]
        held += live
        assert load_stage("small").digest == bundles[ids.index(live[0])][1]
    # writes of a promotion: model version, promotion (from here on b is live), alias; the third attempt finds the version made
    assert held == [ids[0], ids[0], ids[1]]


def test_a_deletion_killed_anywhere_is_said_and_ended_by_the_same_call(registry, run_of, in_child, monkeypatch):
    for number, seen in ((1, "done"), (2, "half deleted")):
        folder = run_of(f"run{number}", seed=number)
        identity = import_run(folder)
        assert in_child(killed_at(number, lambda identity=identity: delete_run(identity))) == [-signal.SIGKILL]
        assert [one.status for one in Registry().entries()] == [seen]
        assert folder.exists() == (number == 1)
        delete_run(identity)
        assert Registry().entries() == []
    assert {path.name for path in Path(registry).parent.iterdir() if path.is_dir()} == set()


def test_a_folder_killed_half_removed_is_not_met_under_its_name(registry, run_of, in_child, monkeypatch):
    folder = run_of("one")
    identity = import_run(folder)

    def work():
        monkeypatch.setattr("shutil.rmtree", lambda path: os.kill(os.getpid(), signal.SIGKILL))
        delete_run(identity)

    assert in_child(work) == [-signal.SIGKILL]
    assert (folder.exists(), Registry().find(identity).status) == (False, "half deleted")
    delete_run(identity)
    assert [path for path in folder.parent.iterdir() if path.is_dir()] == []


def test_a_registry_killed_while_it_is_made_is_made_anew(tmp_path, run_of, in_child, monkeypatch):
    folder, path = run_of("one"), tmp_path / "new" / "registry.db"

    def work():
        monkeypatch.setattr(os, "fsync", lambda handle: os.kill(os.getpid(), signal.SIGKILL))
        import_run(folder, path)

    assert in_child(work) == [-signal.SIGKILL]
    assert Registry(path).entries() == []
    assert import_run(folder, path) == Registry(path).find("one").id
    assert not list(path.parent.glob("*.partial*"))


def test_two_processes_enter_and_promote_at_the_same_time(registry, run_of, in_child):
    folders = {half: [run_of(f"{half}{n}", seed=10 * ord(half) + n) for n in range(4)] for half in "ab"}

    def work(half):
        for folder in folders[half]:
            import_run(folder)
            promote(folder, "live", f"of {half}")
        import_run(folders["a"][0])  # both the same one

    assert in_child(lambda: work("a"), lambda: work("b")) == [0, 0]
    assert sound(registry)
    entries = Registry().entries()
    assert sorted(one.folder.name for one in entries) == ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"]
    history = Registry().promotions("small")
    assert [one.number for one in history] == list(range(1, 9))
    assert [one.id for one in entries if one.stage == "live"] == [history[-1].run]


def test_another_writer_is_waited_for_and_told_after_a_while(registry, run_of, monkeypatch):
    import fcntl

    from quantgym.market.errors import DataError

    monkeypatch.setattr("quantgym.training.registry.store.WAIT_S", 0.1)
    with (registry.parent / f".{registry.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DataError, match=r"another process has been writing to the registry for 0\.1 s"):
            import_run(run_of("one"))
