"""Runs deleted: folder and entry, and nothing else."""

import fcntl
import shutil

import pytest

from quantgym.market.errors import ConfigError
from quantgym.training.registry.delete import delete_run
from quantgym.training.registry.enter import import_run
from quantgym.training.registry.promotion import promote
from quantgym.training.registry.registry import Registry


def test_a_deleted_run_is_gone_with_its_folder_and_others_stay(registry, run_of):
    one, other = run_of("one"), run_of("other", seed=1)
    for folder in (one, other):
        import_run(folder)
    assert delete_run("one").folder == one
    assert not one.exists()
    assert [entry.folder for entry in Registry().entries()] == [other]
    assert sorted(path.name for path in other.parent.iterdir() if path.is_dir()) == ["other"]


@pytest.mark.parametrize("stage", ["paper", "live"])
def test_a_deployed_run_is_not_deleted(registry, run_of, stage):
    folder = run_of("one")
    import_run(folder)
    promote("one", stage, "why")
    with pytest.raises(ConfigError, match=f"is in stage {stage}; promote another run there, or this one to archived"):
        delete_run("one")
    assert (folder / "bundle").is_dir()
    promote("one", "archived", "retired")
    delete_run("one")
    assert not folder.exists()


def test_a_run_under_way_is_not_deleted(registry, run_of):
    folder = run_of("one", status="running", bundle=None)
    import_run(folder)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match="the run is being trained; stop it first"):
            delete_run("one")
    assert Registry().find("one").status == "killed"
    delete_run("one")
    assert not folder.exists()


def test_runs_that_stand_in_the_folder_of_another_are_not_swept_away(registry, run_of):
    folder, inner = run_of("study"), run_of("study/trial", seed=1)
    for one in (folder, inner):
        import_run(one)
    with pytest.raises(ConfigError, match="other runs stand in it"):
        delete_run("study")
    delete_run("trial")
    delete_run("study")
    assert not folder.exists()


def test_a_missing_run_is_forgotten_and_what_stands_in_its_place_is_left_alone(registry, run_of):
    folder = run_of("one")
    identity = import_run(folder)
    shutil.rmtree(folder)
    run_of("one", seed=7)
    delete_run(identity)
    assert (folder / "run.json").is_file()
    assert Registry().entries() == []


def test_a_folder_that_became_a_link_is_refused(registry, run_of, tmp_path):
    folder = run_of("one")
    identity = import_run(folder)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="is a link"):
        delete_run(identity)
    assert (tmp_path / "elsewhere/run.json").is_file()


def test_an_unknown_run_is_refused(registry):
    with pytest.raises(ConfigError, match="unknown run 'one'"):
        delete_run("one")
