"""Real market data that pinned packages carry: read as files, the packages are never imported."""

from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path

import polars as pl

from ..market.errors import DataError, UnknownNameError
from .tape import Tape

__all__ = ["SAMPLES", "open_sample", "sample_file", "sample_frame"]

SAMPLES = {"sample:us-tech": "us_tech", "sample:eurusd-1h": "eurusd", "sample:sp500": "sp500"}
"""Name of a sample and the module of this room whose `open_tape` reads it."""


def open_sample(name: str) -> Tape:
    """Return the sample `name`; an unknown one raises `UnknownNameError`, a missing package `DataError`."""
    if name not in SAMPLES:
        raise UnknownNameError("sample", name, SAMPLES)
    read: Callable[[], Tape] = import_module(f".{SAMPLES[name]}", __package__).read_sample
    return read()


def sample_file(distribution: str, version: str, path: str) -> Path:
    """Return the file `path` of an installed distribution, without importing it.

    Raises:
        DataError: The distribution is not installed, has another version, or lacks the file.
    """
    package = f"{distribution}=={version}"
    cure = f"install it: pip install {package} (or quantgym[samples])"
    try:
        found = metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        raise DataError(f"sample data: package {distribution} is missing; {cure}") from None
    if found.version != version:
        raise DataError(f"sample data: package {distribution} has version {found.version}, {version} was checked; {cure}")
    file = Path(str(found.locate_file(path)))
    if not file.is_file():
        raise DataError(f"sample data: {file} is missing; install it again: pip install --force-reinstall {package}")
    return file


def sample_frame(file: Path, columns: dict[str, str]) -> pl.DataFrame:
    """Return the `columns` (file's name to ours) of a CSV file; a file that cannot be read raises `DataError`."""
    try:
        return pl.read_csv(file, columns=list(columns)).rename(columns)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{file}: cannot be read: {str(error).splitlines()[0]}") from error
