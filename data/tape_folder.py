"""The folder of a saved tape: `tape.json`, `clock.npy`, `bars.npy` and, where there are terms, `terms.npy`."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..market.errors import DataError, IntegrityError

__all__ = ["HEADER", "read_folder", "write_folder"]

HEADER = "tape.json"


def write_folder(folder: Path, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray], *, overwrite: bool = False) -> Path:
    """Write `header` and `arrays` into `folder` by way of a sibling folder that is renamed when it is complete.

    Raises:
        DataError: The folder exists and `overwrite` is False, or the disk refuses.
    """
    if folder.exists() and not (overwrite and (folder / HEADER).is_file()):
        rule = "is no tape and is left alone" if overwrite else "exists already; choose another name or overwrite it"
        raise DataError(f"{folder}: {rule}")
    sibling: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        sibling = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        sibling.chmod(0o755)
        for name, array in arrays.items():
            with open(sibling / f"{name}.npy", "wb") as file:
                np.save(file, array, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        (sibling / HEADER).write_text(json.dumps({**header, "arrays": sorted(arrays)}, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
            os.replace(folder, old / "tape")
            os.replace(sibling, folder)
            shutil.rmtree(old)
        else:
            os.replace(sibling, folder)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written: {error}") from error
    finally:
        if sibling is not None:
            shutil.rmtree(sibling, ignore_errors=True)
    return folder


def read_folder(
    folder: Path, dtypes: Mapping[str, np.dtype[Any]], schema_version: int, *, mmap: bool = True
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the header and the read-only arrays of a saved tape.

    Raises:
        DataError: The folder or a file is missing or unreadable.
        IntegrityError: It was written with another schema version.
    """
    path = folder / HEADER
    if not path.is_file():
        raise DataError(f"{folder}: no tape here ({HEADER} is missing)")
    arrays: dict[str, np.ndarray] = {}
    try:
        header: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if header["schema_version"] != schema_version:
            found = header["schema_version"]
            raise IntegrityError(f"{path}: has schema version {found}, this program reads {schema_version}; import it again")
        for name in header["arrays"]:
            stored = np.load(folder / f"{name}.npy", mmap_mode="r" if mmap else None, allow_pickle=False)
            if stored.dtype != dtypes[name]:
                raise DataError(f"{folder / name}.npy: has dtype {stored.dtype}, must hold {name} records; import it again")
            # a plain array of OUR dtype: np.load forgets the alignment flag, which compiled code is bound to
            array = stored.view(np.ndarray).view(dtypes[name])
            array.flags.writeable = False
            arrays[name] = array
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{folder}: unreadable tape: {type(error).__name__}: {error}") from error
    return header, arrays
