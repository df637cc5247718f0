"""Arrays in one file without pickles and without a clock: equal arrays give equal bytes."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..market.errors import IntegrityError

__all__ = ["read_arrays", "write_arrays"]

EPOCH = (1980, 1, 1, 0, 0, 0)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an `.npz` whose members are sorted by name and carry no date.

    Args:
        path: File to write.
        arrays: Any numeric or boolean arrays, by name.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            with archive.open(zipfile.ZipInfo(f"{name}.npy", EPOCH), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(arrays[name], order="C"), allow_pickle=False)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an `.npz`.

    Raises:
        IntegrityError: The file is missing, damaged, or holds objects.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise IntegrityError(f"{path}: unreadable arrays ({error})") from None
