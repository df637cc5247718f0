"""Errors that say what, where, the rule, the value and the cure."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["ConfigError", "DataError", "IntegrityError", "QuantgymError", "ShapeError", "UnknownNameError", "did_you_mean"]


class QuantgymError(Exception):
    """Base of every error that quantgym raises on purpose; the command line prints it as one line and exits with 1."""


class ConfigError(QuantgymError, ValueError):
    """A setting, a key or an option is wrong."""


class UnknownNameError(ConfigError, KeyError):
    """A name stands in no registry; the message carries a suggestion where one is close."""

    __str__ = Exception.__str__  # KeyError would print the message in quotes

    def __init__(self, what: str, name: str, known: Iterable[str], where: str = "") -> None:
        names = sorted(known)
        place = f" ({where})" if where else ""
        super().__init__(f"unknown {what} {name!r}{did_you_mean(name, names) or '; known: ' + ', '.join(names)}{place}")
        self.name_given, self.known = name, names


class DataError(QuantgymError, ValueError):
    """Market data are missing, unreadable or break a rule."""


class ShapeError(QuantgymError, ValueError):
    """An array has not the shape or the dtype that the call needs."""


class IntegrityError(QuantgymError):
    """A digest, a version or a recorded output does not agree with what is found."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the closest known name (first of all one of other case), or nothing where none is close."""
    names, given = list(known), str(name)
    close = [other for other in names if other.casefold() == given.casefold()] or get_close_matches(given, names, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
