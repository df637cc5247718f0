"""The decorator of every kernel, with a cache that sees edits of callees.

numba keys its cache by the source of the decorated function's own file: a kernel that calls one in another file keeps the
callee's old code. So our cache folder is named after a digest of all kernel sources, numba's version and the processor.
"""

import hashlib
import os
import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config as numba_config

__all__ = ["cache_folder", "kernel", "sources_digest"]

F = TypeVar("F", bound=Callable[..., Any])
ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("market", "data", "simulator", "encoders", "envs", "agents", "evaluation", "live")
FOLDERS_KEPT = 4


def sources_digest(root: Path = ROOT) -> str:
    """Return the hex digest of every Python file under `root`'s rooms that defines or may be called by a kernel."""
    digest = hashlib.sha256()
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            text = path.read_bytes()
            if b"kernel" in text:
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + text + b"\0")
    return digest.hexdigest()


@cache
def cache_folder() -> Path:
    """Return the folder of compiled kernels: `QUANTGYM_CACHE` or the user's cache, by digest of sources, numba and CPU."""
    base = Path(os.environ.get("QUANTGYM_CACHE") or Path.home() / ".cache" / "quantgym")
    host = f"{numba.__version__} {platform.machine()} {numba_config.CPU_NAME or _cpu_name()}"
    name = hashlib.sha256(f"{sources_digest()} {host}".encode()).hexdigest()[:16]
    return base / "kernels" / name


def _cpu_name() -> str:
    from llvmlite import binding

    return str(binding.get_host_cpu_name())


def kernel(function: F | None = None, *, parallel: bool = False, inline: str = "never") -> Any:
    """Compile `function` with numba: cached, IEEE division, no fastmath.

    Args:
        function: A scalar kernel, or a loop over environments above one.
        parallel: Compile `prange` for threads; results do not depend on their number.
        inline: numba's inlining at the level of its own representation; leave it at `never` unless measured.
    """

    def wrap(target: F) -> Any:
        before = numba_config.CACHE_DIR
        numba_config.CACHE_DIR = str(cache_folder())
        try:
            return numba.njit(cache=True, error_model="numpy", parallel=parallel, inline=inline)(target)
        finally:
            numba_config.CACHE_DIR = before

    return wrap if function is None else wrap(function)
