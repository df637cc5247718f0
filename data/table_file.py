"""Reading a table from a Parquet or CSV file, with one error for everything that can be wrong with it."""

import gzip
from pathlib import Path

import polars as pl

from ..market.errors import DataError

__all__ = ["read_table"]

TEXT = (".csv", ".tsv", ".txt")
PARQUET = (".parquet", ".pq")


def read_table(path: Path) -> pl.DataFrame:
    """Return the table in `path`: Parquet as typed, CSV (also .gz; commas, semicolons or tabs) as text.

    Raises:
        DataError: The file is missing, of another kind, empty or unreadable.
    """
    if not path.is_file():
        raise DataError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}; needs a Parquet or CSV file of bars")
    kind = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if kind.lower() not in (*TEXT, *PARQUET):
        raise DataError(f"{path}: files of kind {kind or 'none'!r} are not read; needs one of {', '.join((*PARQUET, *TEXT))}")
    try:
        if kind.lower() in PARQUET:
            frame = pl.read_parquet(path)
        else:
            with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
                header = file.readline()
            separator = max(",;\t", key=header.count)
            frame = pl.read_csv(path, separator=separator, infer_schema=False)
    except (OSError, EOFError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from error
    if frame.is_empty():
        raise DataError(f"{path}: holds no rows")
    return frame
