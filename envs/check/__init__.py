"""The checker of environments. This module can be called: `quantgym.envs.check(id_or_env)`, as the function it holds."""

import sys
from types import ModuleType
from typing import Any

from .examination import check
from .report import EnvReport

__all__ = ["EnvReport", "check"]


class _Callable(ModuleType):
    def __call__(self, *args: Any, **settings: Any) -> EnvReport:
        """See `check`."""
        return check(*args, **settings)


sys.modules[__name__].__class__ = _Callable
