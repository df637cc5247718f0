"""How much memory is left to this process."""

import os
from pathlib import Path

__all__ = ["available_bytes", "readable"]

MEMINFO = Path("/proc/meminfo")
LIMITS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)
UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def available_bytes() -> int:
    """Return what can be allocated without swapping: of the machine, or of the container where that allows less."""
    left = _machine()
    for most, used in LIMITS:
        try:
            left = min(left, int(most.read_text()) - int(used.read_text()))
        except (OSError, ValueError):  # no such file, or `max`
            continue
    return max(0, left)


def _machine() -> int:
    try:
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def readable(n_bytes: float) -> str:
    """Return a number of bytes with a unit, such as `1.5 GB`; powers of 1,000."""
    size, unit = float(n_bytes), 0
    while size >= 1000.0 and unit < len(UNITS) - 1:
        size, unit = size / 1000.0, unit + 1
    return f"{size:.0f} {UNITS[unit]}" if unit == 0 else f"{size:.1f} {UNITS[unit]}"
