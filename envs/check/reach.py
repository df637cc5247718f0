"""How much memory an environment holds on to: the size of everything that can be reached from it."""

import gc
import sys
from collections import deque
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

__all__ = ["reached_bytes"]

BEYOND = (ModuleType, FunctionType, BuiltinFunctionType, CodeType, FrameType, type)
"""What leads out of an environment, into the program."""
COMPILERS = ("numba", "llvmlite", "torch")
CONTAINERS = (list, dict, set, deque)


def reached_bytes(environment: Any) -> int:
    """Return bytes of the objects that can be reached from an environment and from containers of its class.

    Memory that Python does not know of is not counted, nor what only closures and modules hold.
    """
    seen: set[int] = set()
    total = 0
    kept = [value for kind in type(environment).__mro__ for value in vars(kind).values() if isinstance(value, CONTAINERS)]
    waiting: list[Any] = [environment, *kept]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, BEYOND) or type(one).__module__.startswith(COMPILERS):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one, 0)
        if isinstance(one, np.ndarray):
            waiting += [one.base] if one.base is not None else []
            waiting += one.ravel().tolist() if one.dtype == object else []
        else:
            waiting += gc.get_referents(one)
    return total
