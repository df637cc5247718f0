"""quantgym: trading environments, encoders, agents, evaluation and live trading around one market simulator.

Importing this package is light: every room and every heavy dependency is loaded when it is used. The environments are registered
with Gymnasium as soon as both are imported, in either order.
"""

import sys as _sys
from importlib import import_module as _import_module
from importlib import metadata as _metadata
from importlib.abc import MetaPathFinder as _MetaPathFinder
from importlib.machinery import ModuleSpec as _ModuleSpec
from importlib.util import find_spec as _find_spec
from types import ModuleType as _ModuleType
from typing import Any as _Any

__all__ = ["__version__", "register_envs"]

try:
    __version__ = _metadata.version("quantgym")
except _metadata.PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0.0.0+uninstalled"


def register_envs() -> None:
    """Register every environment under `quantgym/` with Gymnasium; calling it again changes nothing."""
    _import_module(".envs.registration", __name__)


class _WhenGymnasiumArrives(_MetaPathFinder):
    """Registers once Gymnasium is imported: loading it here would cost every start of the command line a quarter of a second."""

    def find_spec(self, fullname: str, path: _Any, target: _ModuleType | None = None) -> _ModuleSpec | None:
        if fullname != "gymnasium":
            return None
        _sys.meta_path.remove(self)
        spec = _find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: _ModuleType) -> None:
            execute(module)
            register_envs()

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


if "gymnasium" in _sys.modules:
    register_envs()
else:
    _sys.meta_path.insert(0, _WhenGymnasiumArrives())
