"""Parts of the private observation by name."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from ...configs.strict import validate
from ...encoders.column import Column
from ...market.errors import ConfigError, UnknownNameError
from .account import AccountPart, WeightsPart
from .action_mask import ActionMaskPart
from .holding import HoldingPart, RemainingPart
from .inventory import InventoryPart
from .margin import MarginPart
from .part import NoSettings, Part, PartContext
from .time_left import TimeLeftPart

__all__ = ["PARTS", "Part", "PartContext", "PartsGiven", "build_parts", "columns_of", "parts_of_columns"]

PARTS: dict[str, Callable[..., Part]] = {
    "account": AccountPart,
    "weights": WeightsPart,
    "margin": MarginPart,
    "inventory": InventoryPart,
    "time_left": TimeLeftPart,
    "action_mask": ActionMaskPart,
    "holding": HoldingPart,
    "remaining": RemainingPart,
}
"""Every part by name. A class with `settings_class` gets its settings checked strictly, one of ours without has none; any other
gets them as a dict."""

OURS = frozenset(PARTS)

PartsGiven = str | Mapping[str, Any] | Part | Sequence[str | Mapping[str, Any] | Part]


def build_parts(given: PartsGiven, context: PartContext) -> tuple[Part, ...]:
    """Return the parts of a private observation, in order.

    Args:
        given: A name; a mapping with `kind` and settings, as YAML has it; a `Part`; or a list of these.
        context: What they are built for.

    Raises:
        UnknownNameError: No such part; carries a suggestion.
        ConfigError: A setting is unknown or wrong, a part does not go with these assets or actions, or has no columns.
    """
    if not isinstance(given, (str, Mapping, Part, Sequence)):
        raise ConfigError(f"private must name parts, was {given!r}; known: {', '.join(PARTS)}")
    listed = [given] if isinstance(given, (str, Mapping, Part)) else list(given)
    parts = tuple(_build_part(one, context) for one in listed)
    for part in parts:
        columns = getattr(part, "columns", None)
        if not isinstance(columns, (tuple, list)) or not all(isinstance(column, Column) for column in columns):
            was = f"was {columns!r}" if hasattr(part, "columns") else "has none"
            raise ConfigError(f"private part {type(part).__name__} must have columns, a tuple of Column, {was}; name there what "
                              "its write() writes")
    return parts


def columns_of(parts: Sequence[Part]) -> tuple[Column, ...]:
    """Return the columns of `parts`, in order."""
    return tuple(column for part in parts for column in part.columns)


def parts_of_columns(columns: tuple[Column, ...], context: PartContext) -> tuple[Part, ...]:
    """Return the parts by name, without settings, that write exactly `columns`, whatever was asked for to make them.

    Raises:
        ConfigError: No parts do.
    """
    found: list[Part] = []
    at = 0
    while at < len(columns):
        for kind in PARTS:
            try:
                part = _build_part(kind, context)
            except ConfigError:
                continue
            if part.columns and part.columns == columns[at : at + len(part.columns)]:
                found.append(part)
                at += len(part.columns)
                break
        else:
            raise ConfigError(f"the private column {columns[at].name} belongs to no part known by name "
                              f"({', '.join(PARTS)}); pass the private parts and the reward that the policy was trained with")
    return tuple(found)


def _build_part(given: Any, context: PartContext) -> Part:
    if isinstance(given, Part):
        return deepcopy(given)  # what it remembers belongs to one batch
    if not isinstance(given, (str, Mapping)):
        raise ConfigError(f"private must name parts, was {given!r}; known: {', '.join(PARTS)}")
    settings = {"kind": given} if isinstance(given, str) else dict(given)
    kind = settings.pop("kind", None)
    if not isinstance(kind, str):
        raise ConfigError(f"private needs a kind, such as {{kind: account}}, was {given!r}")
    if kind not in PARTS:
        raise UnknownNameError("private part", kind, PARTS)
    make = PARTS[kind]
    settings_class = getattr(make, "settings_class", NoSettings if kind in OURS else None)
    return make(settings if settings_class is None else validate(settings_class, settings, f"private.{kind}"), context)
