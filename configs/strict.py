"""Strict validation of settings: unknown keys are refused with a suggestion, wrong values with the place and the rule."""

import dataclasses
import json
import types
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from ..market.errors import ConfigError, did_you_mean

__all__ = ["known_keys", "validate"]

T = TypeVar("T")


def validate(cls: type[T], mapping: Mapping[str, Any], where: str) -> T:
    """Return an instance of `cls` (a frozen dataclass or a pydantic model) made from `mapping`.

    Args:
        cls: The settings class; its fields are the only keys allowed, at every level.
        mapping: What a YAML file or a caller says.
        where: Prefix of messages, such as `demo.yaml: encoders.0`.

    Raises:
        ConfigError: A key is unknown or missing, or a value has the wrong type or breaks a rule. One line for each fault.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(f"{where}: must be a mapping of settings, was {mapping!r}")
    faults = list(_unknown_keys(cls, mapping, ""))
    if faults:
        raise ConfigError("\n".join(f"{where}: {fault}" for fault in faults))
    try:
        settings: T = TypeAdapter(cls).validate_json(json.dumps(mapping, default=_plain), strict=True)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{where}: {line}" for line in _lines(error))) from None
    return settings


def known_keys(cls: Any) -> dict[str, Any]:
    """Return the keys of a settings class with their annotated types; empty for anything else."""
    if isinstance(cls, type) and issubclass(cls, BaseModel):
        return {name: field.annotation for name, field in cls.model_fields.items()}
    if dataclasses.is_dataclass(cls):
        return {field.name: field.type for field in dataclasses.fields(cls)}
    return {}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    raise ConfigError(f"a setting must be plain data, was {value!r} ({type(value).__name__})")


def _settings_class(annotation: Any) -> Any:
    """Return the settings class inside an annotation such as `X | None`, or None."""
    if known_keys(annotation):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType):
        return next((_settings_class(part) for part in get_args(annotation) if _settings_class(part)), None)
    return None


def _unknown_keys(cls: Any, mapping: Mapping[str, Any], path: str) -> Iterable[str]:
    keys = known_keys(cls)
    for key, value in mapping.items():
        place = f"{path}{key}"
        if key not in keys:
            near = did_you_mean(key, keys)
            hint = near.replace("did you mean ", f"did you mean {path}") if near else f"; known: {', '.join(sorted(keys))}"
            yield f"unknown setting {place}{hint}"
        elif isinstance(value, Mapping) and (inner := _settings_class(keys[key])):
            yield from _unknown_keys(inner, value, f"{place}.")


def _lines(error: ValidationError) -> Iterable[str]:
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"] if not str(part).startswith("function-"))
        message = str(fault["msg"]).removeprefix("Value error, ")
        if fault["type"] == "missing":
            yield f"setting {place} is missing"
        elif fault["type"] == "value_error":
            yield message
        elif place:
            yield f"{place}: {message[0].lower() + message[1:]}, was {fault['input']!r}"
        else:
            yield message
