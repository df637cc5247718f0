"""The decorator of every kernel, with a cache that sees edits of callees.

numba keys its cache by the source of the decorated function's own file: a kernel that calls one in another file keeps the
callee's old code. So each room's cache folder is named after a digest of the kernel sources that its kernels can call (its
own and those of the floors below), numba's version and the processor.
"""

import hashlib
import os
import platform
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core import config as numba_config

__all__ = ["cache_folder", "compiled", "constant", "kernel", "sources_digest"]

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V", int, bool)
ROOT = Path(__file__).resolve().parent.parent
FLOORS = (("market",), ("configs",), ("data",), ("encoders", "simulator"), ("agents", "envs"), ("evaluation",),
          ("training", "live"), ("cli",))  # fmt: skip
FOLDERS_KEPT = 8  # of each room: several checkouts may share one cache


def rooms_below(room: str) -> list[str]:
    """Return `room` and the rooms on floors below it: all that its kernels can call. All rooms where it is none of ours."""
    below: list[str] = []
    for floor in FLOORS:
        if room in floor:
            return [*below, room]
        below += floor
    return below


def sources_digest(room: str = "", root: Path = ROOT) -> str:
    """Return the hex digest of every Python file of `rooms_below(room)` that defines or may be called by a kernel."""
    digest = hashlib.sha256()
    for below in rooms_below(room):
        for path in sorted((root / below).rglob("*.py")):
            text = path.read_bytes()
            if b"kernel" in text:
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + text + b"\0")
    return digest.hexdigest()


@cache
def cache_folder(room: str = "") -> Path:
    """Return the folder of a room's compiled kernels: `QUANTGYM_CACHE` or the user's cache, by digest of sources, numba and CPU."""
    base = Path(os.environ.get("QUANTGYM_CACHE") or Path.home() / ".cache" / "quantgym")
    host = f"{numba.__version__} {platform.machine()} {numba_config.CPU_NAME or _cpu_name()}"
    digest = hashlib.sha256(f"{sources_digest(room)} {host}".encode()).hexdigest()[:16]
    folder = base / "kernels" / f"{room or 'any'}-{digest}"
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _forget_oldest(folder.parent, room or "any")
    return folder


def _forget_oldest(parent: Path, room: str) -> None:
    folders = sorted(parent.glob(f"{room}-*"), key=lambda folder: folder.stat().st_mtime_ns)
    for folder in folders[:-FOLDERS_KEPT]:
        shutil.rmtree(folder, ignore_errors=True)


def _cpu_name() -> str:
    from llvmlite import binding

    return str(binding.get_host_cpu_name())


def constant(value: V) -> V:
    """Return `value` as what kernels count with, int64 or bool: numba compiles a kernel anew for each literal it is called with."""
    return cast(V, np.bool_(value) if isinstance(value, bool) else np.int64(value))


def compiled(function: Any, *arguments: Any) -> Callable[..., Any]:
    """Return a kernel as it is compiled for arguments like these, to be called without a look at their types.

    To look at two dozen record arrays takes three times as long as a call with them. Nothing checks what is passed: it must have
    the types, dimensions and layouts of `arguments`, so that this is for arrays which the caller has made and keeps.
    """
    if numba_config.DISABLE_JIT:
        return cast(Callable[..., Any], function)
    return cast(Callable[..., Any], function.compile(tuple(numba.typeof(argument) for argument in arguments)))


def kernel(function: F | None = None, *, parallel: bool = False, inline: bool = False, allocates: bool = False) -> Any:
    """Compile `function` with numba: cached, IEEE division, no fastmath.

    Args:
        function: A scalar kernel, or a loop over environments above one.
        parallel: Compile `prange` for threads; results do not depend on their number.
        inline: Make LLVM paste it into its callers. For kernels that a loop calls once for each environment: an array is passed
            on as eight words, so that a call with a dozen arrays costs 20 ns (a step took half the time without such calls).
        allocates: Whether it makes arrays of its own (`np.empty`, `.copy()`). One that does not needs no counting of
            references, which costs two atomic operations for each array that it passes on: a step ran four times as fast
            without. Where it is forgotten, numba refuses to compile and says `NRT required`.
    """

    def wrap(target: F) -> Any:
        before = numba_config.CACHE_DIR
        package, _, path = target.__module__.partition(".")
        numba_config.CACHE_DIR = str(cache_folder(path.partition(".")[0] if package == "quantgym" else ""))
        try:
            counted = allocates or parallel
            return numba.njit(cache=True, error_model="numpy", parallel=parallel, forceinline=inline, _nrt=counted)(target)
        finally:
            numba_config.CACHE_DIR = before

    return wrap if function is None else wrap(function)
