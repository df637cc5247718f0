"""Settings of action schemes, checked: what is wrong is told by scheme, name, rule and value."""

import math
from collections.abc import Collection, Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

from ..errors import ConfigError, UnknownNameError

__all__ = ["count_of", "flag_of", "is_number", "multiple_of", "names_of", "numbers_of", "positive_of"]

LARGEST_MULTIPLE = 1e6


def is_number(value: Any) -> bool:
    """Whether `value` is a finite number and no flag."""
    if not isinstance(value, Real) or isinstance(value, (bool, np.bool_)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond the floats
        return False


def positive_of(scheme: str, name: str, value: Any) -> float:
    """Return a positive, finite number; ConfigError where it is none."""
    if not (is_number(value) and value > 0.0):
        raise ConfigError(f"action {scheme}: {name} must be a positive, finite number, was {value!r}")
    return float(value)


def multiple_of(scheme: str, name: str, value: Any) -> float:
    """Return a positive multiple of equity, at most `LARGEST_MULTIPLE`: beyond it products leave the floats."""
    if (multiple := positive_of(scheme, name, value)) > LARGEST_MULTIPLE:
        most = f"{LARGEST_MULTIPLE:,.0f}"
        raise ConfigError(f"action {scheme}: {name} is a multiple of equity and must be at most {most}, was {value!r}")
    return multiple


def count_of(scheme: str, name: str, value: Any) -> int:
    """Return a whole number of at least 1; ConfigError where it is none."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"action {scheme}: {name} must be at least 1, a whole number, was {value!r}")
    return int(value)


def flag_of(scheme: str, name: str, value: Any) -> bool:
    """Return a flag; ConfigError where it is neither true nor false."""
    if not isinstance(value, (bool, np.bool_)):
        raise ConfigError(f"action {scheme}: {name} must be true or false, was {value!r}")
    return bool(value)


def numbers_of(scheme: str, name: str, values: Any, rule: str, low: float, high: float) -> tuple[float, ...]:
    """Return different numbers from `low` to `high`, in their order; ConfigError that says `rule` where they are not that."""
    given = _listed(scheme, name, values)
    wrong = [value for value in given if not (is_number(value) and low <= value <= high)]
    if wrong or not given or len(set(given)) < len(given):
        raise ConfigError(f"action {scheme}: {name} must be {rule}, was {given!r}")
    return tuple(float(value) for value in given)


def names_of(scheme: str, name: str, values: Any, what: str, known: Collection[str]) -> tuple[str, ...]:
    """Return different names out of `known`, in their order; UnknownNameError for another name, ConfigError for none or twice."""
    given = _listed(scheme, name, values)
    for value in given:
        if not isinstance(value, str) or value not in known:
            raise UnknownNameError(what, str(value), known, f"action {scheme}: {name}")
    if not given or len(set(given)) < len(given):
        raise ConfigError(f"action {scheme}: {name} must be one or more different names, was {given!r}")
    return given


def _listed(scheme: str, name: str, values: Any) -> tuple[Any, ...]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise ConfigError(f"action {scheme}: {name} must be a list, was {values!r}; write [{values!r}]")
    return tuple(values)
