"""A file system that is full in truth: whatever the size at which it fills up, what stands is said, and a run goes on from it."""

import ctypes
import errno
import json
import os

import pytest
import torch

from quantgym.training import run as run_module
from quantgym.training.disk_full import DiskFullError
from quantgym.training.job import resume, train
from quantgym.training.learner_file import save_tensors

from .fake_learner import FakeLearner

KILOBYTE = 1024


@pytest.fixture
def disk(tmp_path):
    """`disk(kilobytes)` makes a file system of that size, or changes the size of the one there is."""
    libc, place = ctypes.CDLL(None, use_errno=True), tmp_path / "disk"
    place.mkdir()
    made = []

    def size(kilobytes):
        again = 32 if made else 0  # MS_REMOUNT
        if libc.mount(b"tmpfs", str(place).encode(), b"tmpfs", again, f"size={kilobytes}k".encode()):
            pytest.skip(f"no file system can be mounted here ({os.strerror(ctypes.get_errno())})")
        made.append(kilobytes)
        return place

    yield size
    if made:
        libc.umount2(str(place).encode(), 2)  # MNT_DETACH


@pytest.fixture(autouse=True)
def _fake(monkeypatch):
    """Of NumPy alone, but it saves its weights as learners do."""

    def save(self, folder):
        honest(self, folder)
        save_tensors({name: torch.from_numpy(value) for name, value in self.weights.items()}, folder / "learner.pt")

    honest = FakeLearner.save
    monkeypatch.setattr(FakeLearner, "save", save)
    monkeypatch.setattr(run_module, "learner_of", FakeLearner)


@pytest.mark.parametrize("kilobytes", [8, 24, 48, 96, 112, 128, 160])
def test_a_disk_that_fills_up_costs_no_more_than_the_last_iteration(job_of, tmp_path, disk, capfd, kilobytes):
    job = job_of(agent={"hidden": [32]}, training={"iterations": 6, "validate_every": 2})
    whole = train(job, tmp_path / "whole")
    place = disk(kilobytes) / "run"
    with pytest.raises(DiskFullError, match=rf"^{place}: no space left on device") as told:
        train(job, place)
    said = str(told.value)
    assert "Traceback" not in capfd.readouterr().err
    if "nothing is left" in said:
        assert not place.exists()
        return
    assert f"; free some space, then: quantgym resume {place}" in said
    assert json.loads((place / "run.json").read_text())["status"] in ("failed", "running")
    disk(4 * KILOBYTE)
    assert resume(place).digest == whole.digest


def test_tensors_that_do_not_fit_are_an_error_of_the_system_with_the_file(disk):
    path = disk(16) / "learner.pt"
    save_tensors({"small": torch.zeros(100)}, path)
    with pytest.raises(OSError, match=r"learner\.pt") as told:
        save_tensors({"large": torch.zeros(100_000)}, path)
    assert told.value.errno == errno.ENOSPC
    with pytest.raises(RuntimeError, match="meta tensor"):  # what is wrong with the tensors is not a disk's fault
        save_tensors({"meta": torch.zeros(3, device="meta").untyped_storage()}, path)
