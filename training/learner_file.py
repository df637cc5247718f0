"""The file in which a learner keeps itself: one mapping, marked with its job."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from ..configs.job import Job
from ..market.errors import IntegrityError

__all__ = ["load_learner", "save_learner", "save_tensors"]

FILE = "learner.pt"


def save_learner(folder: Path, job: Job, progress: dict[str, Any]) -> None:
    """Write `progress` of a learner of `job` into `folder`; OSError where it cannot be written."""
    save_tensors({"job": job.digest, **progress}, folder / FILE)


def save_tensors(kept: dict[str, Any], path: Path) -> None:
    """Write a mapping with `torch.save`; OSError where it cannot be written, for which torch has words of its own."""
    with path.open("wb") as file:  # a file that torch opens by itself tells neither why nor lets go of the space
        try:
            torch.save(kept, file)
        except RuntimeError as error:
            cause: BaseException | None = error
            while cause is not None and not isinstance(cause, OSError):
                cause = cause.__context__
            if cause is None:
                raise
            raise OSError(cause.errno, cause.strerror, str(path)) from None


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
