"""The version of the code: a commit where the code is checked out, and only there."""

import subprocess

from quantgym import __version__
from quantgym.training.registry.code_version import code_version


def git(folder, *words):
    settings = ("-c", "user.name=n", "-c", "user.email=e@e", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *settings, "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout.strip()


def test_a_checkout_says_its_commit_and_whether_tracked_code_was_changed(tmp_path):
    (tmp_path / "__init__.py").write_text("one = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "__init__.py")
    git(tmp_path, "commit", "-qm", "one")
    clean = {"version": __version__, "commit": git(tmp_path, "rev-parse", "HEAD"), "dirty": False}
    assert code_version(tmp_path) == clean
    (tmp_path / "notes.txt").write_text("mine")  # not tracked: no code
    assert code_version(tmp_path) == clean
    (tmp_path / "__init__.py").write_text("one = 2\n")
    assert code_version(tmp_path) == clean | {"dirty": True}


def test_an_installed_package_inside_somebody_elses_checkout_has_no_commit(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/__init__.py").write_text("")
    assert code_version(tmp_path / "venv") == {"version": __version__, "commit": None, "dirty": None}


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert code_version() == {"version": __version__, "commit": None, "dirty": None}
