"""The one door to tapes by name: samples, saved tapes and folders."""

import os
from pathlib import Path

from ..market.errors import ConfigError, DataError, UnknownNameError
from .sample import SAMPLES, open_sample
from .tape import Tape
from .tape_folder import HEADER

__all__ = ["open_tape", "save_tape", "tape_names", "tapes_folder"]

IMPORTABLE = (".csv", ".gz", ".parquet", ".pq", ".tsv", ".txt")


def tapes_folder() -> Path:
    """Return the folder of saved tapes: `tapes` in `QUANTGYM_HOME`, or in `~/.quantgym`."""
    return Path(os.environ.get("QUANTGYM_HOME") or Path.home() / ".quantgym") / "tapes"


def tape_names() -> list[str]:
    """Return every name that `open_tape` knows: samples first, then saved tapes."""
    folder = tapes_folder()
    saved = sorted(path.parent.name for path in folder.glob(f"*/{HEADER}") if not path.parent.name.startswith("."))
    return [*SAMPLES, *saved]


def open_tape(name_or_path: str | Path, *, mmap: bool = True, verify: bool = False) -> Tape:
    """Return a tape by name or folder.

    Args:
        name_or_path: A sample (`sample:us-tech`), a scenario (`scenario:heston?seed=3`, see `scenario.registry`), another tape
            with noise and holes (`perturbed:sample:us-tech?noise_bp=2&missing=0.01&seed=3`, see `perturb`), the name of a saved
            tape, or a folder that holds one.
        mmap: Map a saved tape's arrays into memory instead of reading them.
        verify: Check a saved tape against its digest and the contract.

    Raises:
        UnknownNameError: No tape has the name; carries a suggestion.
        ConfigError: A scenario's setting is unknown or wrong.
        DataError: It cannot be read, or is a file that must be imported first.
    """
    name = str(name_or_path)
    if name in SAMPLES:
        return open_sample(name)
    if name.startswith("sample:"):
        raise UnknownNameError("tape", name, tape_names())
    if name.startswith("scenario:"):
        from .scenario.registry import open_scenario  # its models are compiled code, which other tapes need not load

        return open_scenario(name)
    if name.startswith("perturbed:"):
        from .perturb import base_name, open_perturbed

        return open_perturbed(name, open_tape(base_name(name), mmap=mmap, verify=verify))
    path = Path(name_or_path)
    if path.is_file():
        cure = f"; import it first: quantgym data import {path}" if path.suffix in IMPORTABLE else ""
        raise DataError(f"{path}: is a file, a tape is a folder{cure}")
    if path.suffix in IMPORTABLE and not path.exists():
        raise DataError(f"{path}: no such file")
    if (path / HEADER).is_file() or os.sep in name:
        return Tape.load(path, mmap=mmap, verify=verify)
    if (tapes_folder() / name / HEADER).is_file():
        return Tape.load(tapes_folder() / name, mmap=mmap, verify=verify)
    raise UnknownNameError("tape", name, tape_names())


def save_tape(tape: Tape, name: str | None = None, *, overwrite: bool = False) -> Path:
    """Save `tape` under `name` (default: its own) where `open_tape` finds it, and return its folder.

    Raises:
        ConfigError: The name cannot be a folder's, or is a sample's.
        DataError: The name is taken and `overwrite` is False, or the folder cannot be written.
    """
    wanted = tape.name if name is None else name
    if not wanted or wanted.startswith((".", "sample:", "scenario:")) or any(sign in wanted for sign in '/\\:*?"<>|\0'):
        raise ConfigError(f"tape name {wanted!r} must be usable as a folder: no leading dot, none of / \\ : * ? \" < > |")
    return tape.save(tapes_folder() / wanted, overwrite=overwrite)
