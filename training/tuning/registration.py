"""The one call by which the winner of a search enters the registry of runs."""

from pathlib import Path

__all__ = ["register_best"]


def register_best(run: Path) -> str | None:
    """Enter the run folder of the best trial; return the file of the registry, or None where nothing was entered.

    A registry that cannot be written is a warning in the log: the bundle stands in its folder.
    """
    from ..registry.enter import enter
    from ..registry.location import registry_path

    return str(registry_path()) if enter(run) else None
