"""The structured log: JSON lines with whatever ids are bound (run, decision, order), on stderr or in a file."""

import logging
import sys

import structlog

from ..market.errors import ConfigError

__all__ = ["configure"]

LEVELS = ("debug", "info", "warning", "error")


def configure(level: str, file: str | None = None) -> None:
    """Send every `structlog` event of at least `level` as one JSON line to stderr, or append it to `file`.

    Raises:
        ConfigError: The level is unknown.
    """
    if level not in LEVELS:
        raise ConfigError(f"--log-level must be one of {', '.join(LEVELS)}, was {level!r}")
    stream = open(file, "a", encoding="utf-8", buffering=1) if file else sys.stderr  # noqa: SIM115 - open for the process's life
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
