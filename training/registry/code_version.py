"""Which code a run was made with."""

import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["code_version"]

PACKAGE = Path(__file__).resolve().parent.parent.parent
SECONDS = 5.0


def code_version(package: Path = PACKAGE) -> dict[str, Any]:
    """Return the version of the package, and the git commit where the code is a git checkout.

    Args:
        package: Folder of the code.

    Returns:
        `version`; `commit`, hex, and `dirty`, true where tracked code differs from it. Both are None where the code is installed,
        not checked out: a repository that only happens to lie around it does not count.
    """
    found: dict[str, Any] = {"version": metadata.version("quantgym"), "commit": None, "dirty": None}
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return found
    commit, changed = _git(package, "rev-parse", "HEAD"), _git(package, "status", "--porcelain", "--untracked-files=no", "--", ".")
    if commit is not None and changed is not None:
        found |= {"commit": commit.strip(), "dirty": bool(changed.strip())}
    return found


def _git(folder: Path, *words: str) -> str | None:
    """Return what git prints; None where there is no git, or it fails."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
