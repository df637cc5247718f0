"""A folder of files under one manifest with digests: written whole or not at all, and checked whenever it is read."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..market.errors import ConfigError, IntegrityError

__all__ = ["MANIFEST", "file_digest", "flush", "read_sealed", "write_sealed"]

MANIFEST = "manifest.json"


def write_sealed(folder: Path, writers: Mapping[str, Callable[[Path], None]], manifest: Mapping[str, Any]) -> str:
    """Write files and their manifest into a new folder, whole or not at all.

    Args:
        folder: Where it shall stand; it must not exist.
        writers: By file name, what writes the file.
        manifest: JSON data; `files` (sha256 by name) and `digest` are added.

    Returns:
        The digest: sha256 over the manifest without its `digest`, hex; equal content gives an equal digest.

    Raises:
        ConfigError: The folder exists.
    """
    if folder.exists():
        raise ConfigError(f"{folder} exists; choose another place")
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        files = {}
        for name, write in writers.items():
            write(partial / name)
            files[name] = file_digest(partial / name)
        sealed = {**manifest, "files": files}
        digest = _digest(sealed)
        text = json.dumps({**sealed, "digest": digest}, indent=2, allow_nan=False) + "\n"
        (partial / MANIFEST).write_text(text, encoding="utf-8")
        for path in (*partial.iterdir(), partial):
            flush(path)
        partial.rename(folder)
        flush(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return digest


def read_sealed(folder: Path, version: int, what: str) -> dict[str, Any]:
    """Return the manifest of a sealed folder after every digest was checked.

    Args:
        folder: What `write_sealed` wrote.
        version: The `schema` that this code reads.
        what: Named in errors, such as `bundle`.

    Raises:
        IntegrityError: The folder or a file is missing, a digest does not agree, a file is there that the manifest does not name,
            or the schema is another.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise IntegrityError(f"{folder} is no {what}: {MANIFEST} is missing")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IntegrityError(f"{path}: unreadable ({error})") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != version:
        found = manifest.get("schema") if isinstance(manifest, dict) else None
        raise IntegrityError(f"{path}: {what} schema must be {version}, was {found!r}; save it again with this version of quantgym")
    claimed = manifest.pop("digest", None)
    if claimed != _digest(manifest) or not isinstance(manifest.get("files"), dict):
        raise IntegrityError(f"{path}: the manifest was changed after it was sealed")
    expected = {MANIFEST, *manifest["files"]}
    found_names = {entry.name for entry in folder.iterdir()}
    if expected != found_names:
        odd = sorted(expected ^ found_names)[0]
        raise IntegrityError(f"{folder}: {odd} is {'missing' if odd in expected else 'not named in the manifest'}")
    for name, digest in manifest["files"].items():
        if file_digest(folder / name) != digest:
            raise IntegrityError(f"{folder / name}: the file was changed after it was sealed (sha256 differs)")
    return {**manifest, "digest": claimed}


def _digest(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True, allow_nan=False).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Wait until a file or a folder stands on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
