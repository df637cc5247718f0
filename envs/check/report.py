"""What the checker found."""

from dataclasses import dataclass

__all__ = ["EnvReport", "NotCheckable"]


class NotCheckable(Exception):  # noqa: N818 (it is no error of anybody)
    """Raised inside a check that cannot be made of this environment; says why."""


@dataclass(frozen=True)
class EnvReport:
    """What was found.

    Attributes:
        passed: Names of the checks that hold.
        skipped: Those that could not be made, and why: `name: reason`.
        leaks: Whether observations know the future; declared, or the check would have failed.
    """

    passed: tuple[str, ...]
    skipped: tuple[str, ...]
    leaks: bool
