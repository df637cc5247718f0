"""Environments. `check` is loaded when it is asked for: importing this package is light."""

from importlib import import_module as _import_module
from typing import Any as _Any


def __getattr__(name: str) -> _Any:
    if name == "check":
        return _import_module(".check", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
