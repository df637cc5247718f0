"""Action schemes that belong to a task, from what `action=` says."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from ...market.actions.scheme import ActionScheme
from ...market.errors import ConfigError, UnknownNameError, did_you_mean

__all__ = ["bound_scheme"]

S = TypeVar("S", bound=ActionScheme)


def bound_scheme(given: Any, schemes: Mapping[str, type[S]], where: str, **bound: Any) -> S:
    """Return the scheme of `action=`, bound to its task.

    Args:
        given: Name in `schemes`, a mapping with `kind` and settings, or a scheme.
        schemes: Those of the environment.
        where: The environment, for errors.
        bound: Fields that the environment sets: `task`, `n_assets`.

    Raises:
        UnknownNameError: No such scheme; carries a suggestion.
        ConfigError: A setting is unknown or wrong.
    """
    if isinstance(given, tuple(schemes.values())):
        changed: S = replace(given, **bound)  # type: ignore[type-var, assignment]
        return changed
    settings: dict[str, Any] = {"kind": given} if isinstance(given, str) else dict(given) if isinstance(given, Mapping) else {}
    kind = settings.pop("kind", None)
    if not isinstance(kind, str) or kind not in schemes:
        raise UnknownNameError(f"action scheme of {where}", str(kind or given), schemes)
    known = [one.name for one in fields(schemes[kind]) if one.name not in ("task", "n_assets")]
    for name in settings:
        if name not in known:
            raise ConfigError(f"unknown setting {kind}.{name}{did_you_mean(name, known)}")
    make: Any = schemes[kind]
    made: S = make(**settings, **bound)
    return made
