"""What is said where there is no space left."""

import errno

from ..market.errors import QuantgymError

__all__ = ["DiskFullError", "in_words", "is_full"]

FULL = (errno.ENOSPC, errno.EDQUOT)


class DiskFullError(QuantgymError, OSError):
    """There is no space left for what a run writes."""


def is_full(error: BaseException) -> bool:
    """Return whether the system says that a disk or a quota is full, in an error that does not say yet what to do."""
    return isinstance(error, OSError) and error.errno in FULL and not isinstance(error, DiskFullError)


def in_words(error: OSError) -> str:
    """Return what the system says, in lower case."""
    return (error.strerror or "no space left").lower()
