"""Runs that begin at the same time without a name each get a folder of their own; what the command proposes next."""

from types import SimpleNamespace

import pytest

from quantgym.cli import train
from quantgym.training.run_folder import FolderTakenError


def test_a_run_whose_folder_was_taken_meanwhile_takes_the_next(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    tried = []

    def run_job(job, folder, address=None):
        tried.append(str(folder))
        if len(tried) < 3:
            folder.mkdir(parents=True)  # somebody else was faster
            raise FolderTakenError(f"run folder {folder} exists")
        return SimpleNamespace(folder=folder, summary=lambda: {"folder": str(folder)}, status="done")

    monkeypatch.setattr(train, "run_job", run_job)
    train.train("leak_ppo", as_json=True)
    assert tried == ["runs/leak_ppo-1", "runs/leak_ppo-2", "runs/leak_ppo-3"]


@pytest.mark.parametrize(("job", "evaluated"), [("leak_ppo", False), ("portfolio_ppo", True)])
def test_what_is_proposed_next_works(monkeypatch, tmp_path, capsys, job, evaluated):
    def run_job(job, folder, address=None):
        return SimpleNamespace(folder=folder, facts=dict, resume="", status="done")

    monkeypatch.setattr(train, "run_job", run_job)
    train.train(job, run=tmp_path / "elsewhere" / "one")
    said = capsys.readouterr().out
    assert f"tensorboard --logdir {tmp_path / 'elsewhere'}\n" in said
    assert ("quantgym evaluate" in said) is evaluated
