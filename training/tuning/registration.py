"""The one call by which the winner of a search enters the registry of runs."""

from pathlib import Path

__all__ = ["register_best"]


def register_best(run: Path) -> str | None:
    """Enter the run folder of the best trial; return where it stands, or None where nothing was entered."""
    return None
