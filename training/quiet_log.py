"""Events of training for whoever has set up structlog; silence where nobody has, since structlog alone prints to stdout."""

from typing import Any

import structlog

__all__ = ["quiet_logger"]


def quiet_logger(name: str, **bound: Any) -> Any:
    """Return the logger `name` with ids bound to it; it says nothing where structlog is not configured."""
    if structlog.is_configured():
        return structlog.get_logger(name).bind(**bound)
    return structlog.wrap_logger(structlog.ReturnLogger(), processors=[_drop])


def _drop(logger: Any, method: str, event: Any) -> Any:
    raise structlog.DropEvent
