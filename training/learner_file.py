"""The file in which a learner keeps itself: one mapping, marked with its job."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from ..configs.job import Job
from ..market.errors import IntegrityError

__all__ = ["load_learner", "save_learner"]

FILE = "learner.pt"


def save_learner(folder: Path, job: Job, progress: dict[str, Any]) -> None:
    """Write `progress` of a learner of `job` into `folder`; OSError where it cannot be written."""
    torch.save({"job": job.digest, **progress}, folder / FILE)


def load_learner(folder: Path, job: Job) -> dict[str, Any]:
    """Return what `save_learner` wrote, tensors on the CPU.

    A checkpoint holds pickles, unlike a bundle: load only your own.

    Raises:
        IntegrityError: It is missing, unreadable, or of another job.
    """
    place = folder / FILE
    try:
        progress: dict[str, Any] = torch.load(place, map_location="cpu", weights_only=False)
        digest = progress["job"]
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, UnpicklingError) as error:
        raise IntegrityError(f"{place}: unreadable checkpoint ({type(error).__name__}: {error})") from None
    if digest != job.digest:
        raise IntegrityError(f"{place}: is of job {digest[:12]}, this one is {job.digest[:12]}; resume with its own job")
    return progress
