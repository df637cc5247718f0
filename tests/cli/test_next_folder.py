"""Runs that begin at the same time without a name each get a folder of their own."""

from types import SimpleNamespace

from quantgym.cli import train
from quantgym.training.run_folder import FolderTakenError


def test_a_run_whose_folder_was_taken_meanwhile_takes_the_next(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    tried = []

    def run_job(job, folder):
        tried.append(str(folder))
        if len(tried) < 3:
            folder.mkdir(parents=True)  # somebody else was faster
            raise FolderTakenError(f"run folder {folder} exists")
        return SimpleNamespace(folder=folder, summary=lambda: {"folder": str(folder)})

    monkeypatch.setattr(train, "run_job", run_job)
    train.train("leak_ppo", as_json=True)
    assert tried == ["runs/leak_ppo-1", "runs/leak_ppo-2", "runs/leak_ppo-3"]
