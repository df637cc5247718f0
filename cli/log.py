"""The structured log: JSON lines with whatever ids are bound (run, deployment, decision, order), on stderr and in files."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ..market.errors import ConfigError

__all__ = ["configure", "log_into"]

LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class Sinks:
    """Where lines go: streams, each from a level on. It is its own logger factory, which is how `log_into` finds it again."""

    streams: tuple[tuple[TextIO, str], ...]

    def __call__(self, *args: Any) -> "Sinks":
        return self

    def _write(self, level: str, line: str) -> None:
        for stream, floor in self.streams:
            if LEVELS.index(level) >= LEVELS.index(floor) and not stream.closed:  # who closed it listens no more; work goes on
                stream.write(line + "\n")
                stream.flush()

    def debug(self, line: str) -> None:
        """Write a line of level debug."""
        self._write("debug", line)

    def info(self, line: str) -> None:
        """Write a line of level info."""
        self._write("info", line)

    def warning(self, line: str) -> None:
        """Write a line of level warning."""
        self._write("warning", line)

    def error(self, line: str) -> None:
        """Write a line of level error."""
        self._write("error", line)

    critical = exception = fatal = error
    msg = info


def configure(level: str, file: str | None = None) -> None:
    """Send every `structlog` event of at least `level` as one JSON line to stderr, or append it to `file`.

    Raises:
        ConfigError: The level is unknown.
        OSError: The file cannot be opened.
    """
    if level not in LEVELS:
        raise ConfigError(f"--log-level must be one of {', '.join(LEVELS)}, was {level!r}")
    stream = open(file, "a", encoding="utf-8") if file else sys.stderr  # noqa: SIM115 - open for the process's life
    _send(Sinks(((stream, level),)))


@contextmanager
def log_into(path: Path) -> Iterator[None]:
    """Send events of level info and above to `path` as well, while the block runs."""
    import structlog

    before = structlog.get_config().get("logger_factory")
    kept = before.streams if isinstance(before, Sinks) else ()
    with path.open("a", encoding="utf-8") as stream:
        _send(Sinks((*kept, (stream, "info"))))
        try:
            yield
        finally:
            _send(Sinks(kept)) if kept else structlog.reset_defaults()


def _send(sinks: Sinks) -> None:
    import structlog

    lowest = min((level for _, level in sinks.streams), key=LEVELS.index)
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.dict_tracebacks,
        structlog.processors.JSONRenderer(sort_keys=False),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, lowest.upper())),
        logger_factory=sinks,
        cache_logger_on_first_use=False,
    )
