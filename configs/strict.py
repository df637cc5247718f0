"""Strict validation of settings: unknown keys are refused with a suggestion, wrong values with the place and the rule."""

import dataclasses
import json
import re
import types
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar, Union, get_args, get_origin

import numpy as np
from pydantic import BaseModel, TypeAdapter, ValidationError

from ..market.errors import ConfigError, did_you_mean

__all__ = ["known_keys", "validate"]

T = TypeVar("T")


def validate(cls: type[T], mapping: Mapping[str, Any], where: str) -> T:
    """Return an instance of `cls` (a frozen dataclass or a pydantic model) made from `mapping`.

    Args:
        cls: The settings class; its fields are the only keys allowed, at every level.
        mapping: What a YAML file or a caller says; NumPy's numbers and arrays count as plain ones.
        where: Prefix of messages, such as `demo.yaml: encoders.0`.

    Raises:
        ConfigError: A key is unknown or missing, or a value has the wrong type or breaks a rule. One line for each fault.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(f"{where}: must be a mapping of settings, was {mapping!r}")
    faults = list(_unknown_keys(cls, mapping, ""))
    if faults:
        raise ConfigError("\n".join(f"{where}: {fault}" for fault in faults))
    plain = _plain(mapping, where, "")
    try:
        settings: T = TypeAdapter(cls).validate_json(json.dumps(plain), strict=True)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{where}: {line}" for line in _lines(error, plain))) from None
    return settings


def known_keys(cls: Any) -> dict[str, Any]:
    """Return the keys of a settings class with their annotated types; empty for anything else."""
    if isinstance(cls, type) and issubclass(cls, BaseModel):
        return {name: field.annotation for name, field in cls.model_fields.items()}
    if dataclasses.is_dataclass(cls):
        return {field.name: field.type for field in dataclasses.fields(cls)}
    return {}


def _plain(value: Any, where: str, place: str) -> Any:
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ConfigError(f"{where}: {place or 'settings'}: keys must be text, was {key!r}; write it in quotes")
        return {key: _plain(inner, where, f"{place}.{key}" if place else key) for key, inner in value.items()}
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist(), where, place)
    if isinstance(value, (list, tuple)):
        return [_plain(inner, where, f"{place}.{index}") for index, inner in enumerate(value)]
    if isinstance(value, date):
        return value.isoformat()
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise ConfigError(f"{where}: {place} must be plain data, was {value!r} ({type(value).__name__})")
    return value


def _settings_class(annotation: Any) -> Any:
    """Return the settings class inside an annotation such as `X | None`, or None."""
    if known_keys(annotation):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType):
        return next((_settings_class(part) for part in get_args(annotation) if _settings_class(part)), None)
    return None


def _settings_class_of_items(annotation: Any) -> Any:
    """Return the settings class inside an annotation such as `tuple[X, ...]`, or None."""
    args = get_args(annotation)
    return _settings_class(args[0]) if get_origin(annotation) in (tuple, list) and args else None


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
        elif isinstance(value, list | tuple) and (inner := _settings_class_of_items(keys[key])):
            for index, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield from _unknown_keys(inner, item, f"{place}.{index}.")


def _lines(error: ValidationError, mapping: Mapping[str, Any]) -> Iterable[str]:
    told: dict[tuple[Any, ...], list[tuple[tuple[Any, ...], dict[str, Any]]]] = {}
    for number, fault in enumerate(error.errors()):
        if fault["type"] == "default_factory_not_called":  # only says again that another value is wrong
            continue
        parts = tuple(part for part in fault["loc"] if not str(part).startswith("function-"))
        path, union = _path(parts, mapping, fault["type"] == "missing")
        told.setdefault(("union", *union) if union is not None else ("one", number), []).append((path, dict(fault)))
    for faults in told.values():
        deepest = max(len(path) for path, _ in faults)
        kept: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for path, one in faults:
            if len(path) == deepest:
                kept.setdefault(path, []).append(one)
        yield from (_line(path, same) for path, same in kept.items())


def _path(parts: tuple[Any, ...], value: Any, missing: bool) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """Return the place inside `value`, and that of the first union on the way (whose kinds pydantic writes into it), or None."""
    path: tuple[Any, ...] = ()
    union = None
    for position, part in enumerate(parts):
        known = isinstance(value, Mapping) and part in value
        if known or (isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value)):
            value = value[part]
        elif not (missing and position == len(parts) - 1):
            union = path if union is None else union
            continue
        path = (*path, part)
    return path, union


def _line(path: tuple[Any, ...], faults: list[dict[str, Any]]) -> str:
    """Return one line for what is wrong at one place; several faults are those of the kinds that could stand there."""
    place, fault = ".".join(str(part) for part in path), faults[0]
    messages = [str(one["msg"]).removeprefix("Value error, ").replace("be an object", "be a mapping")
                .replace("be a valid array", "be a list") for one in faults]
    if fault["type"] == "missing":
        return f"setting {place} is missing"
    if fault["type"] == "value_error" or not place:
        return messages[0]
    others = "".join(f" or {message.removeprefix('Input should be ')}" for message in dict.fromkeys(messages[1:]))
    given, near = fault["input"], ""
    if fault["type"] == "literal_error" and isinstance(given, str):
        near = did_you_mean(given, re.findall("'([^']*)'", messages[0]))
    return f"{place}: {messages[0][0].lower()}{messages[0][1:]}{others}, was {given!r}{near}"
