"""The structured log: JSON lines with whatever ids are bound (run, decision, order), on stderr or in a file."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ..market.errors import ConfigError

__all__ = ["configure", "log_into"]

LEVELS = ("debug", "info", "warning", "error")


def configure(level: str, file: str | None = None) -> None:
    """Send every `structlog` event of at least `level` as one JSON line to stderr, or append it to `file`.

    Raises:
        ConfigError: The level is unknown.
        OSError: The file cannot be opened.
    """
    if level not in LEVELS:
        raise ConfigError(f"--log-level must be one of {', '.join(LEVELS)}, was {level!r}")
    stream = open(file, "a", encoding="utf-8", buffering=1) if file else sys.stderr  # noqa: SIM115 - open for the process's life
    _send(level, stream)


@contextmanager
def log_into(path: Path) -> Iterator[None]:
    """Send events of level info and above to `path`, while the block runs; afterwards they go where they went before."""
    import structlog

    before = structlog.get_config() if structlog.is_configured() else None
    with path.open("a", encoding="utf-8", buffering=1) as stream:
        _send("info", stream)
        try:
            yield
        finally:
            structlog.configure(**before) if before is not None else structlog.reset_defaults()


def _send(level: str, stream: TextIO) -> None:
    import structlog

    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.dict_tracebacks,
        structlog.processors.JSONRenderer(sort_keys=False),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
