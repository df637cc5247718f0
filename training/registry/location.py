"""Where the registry stands: a SQLite file on this machine."""

import os
from pathlib import Path

from ...market.errors import ConfigError

__all__ = ["DEFAULT", "NAME", "VARIABLE", "registry_path"]

NAME = "registry.db"
DEFAULT = f"runs/{NAME}"
VARIABLE = "QUANTGYM_REGISTRY"
OFF = "off"


def registry_path(given: Path | str | None = None) -> Path | None:
    """Return the registry's file: the one given, else that of the environment variable QUANTGYM_REGISTRY, else runs/registry.db.

    Args:
        given: A path, or `sqlite:///PATH`; `off` switches the registry off.

    Returns:
        An absolute path, which need not exist; None where the registry is switched off.

    Raises:
        ConfigError: It is the address of a server; nothing here is ever sent anywhere.
    """
    variable = os.environ.get(VARIABLE, "")
    text, where = (str(given), "--registry") if given is not None else (variable or DEFAULT, VARIABLE)
    if text == OFF:
        return None
    path = text.removeprefix("sqlite:///")
    if not path or ("://" in text and path == text):
        raise ConfigError(f"{where} must be the path of a SQLite file, was {text!r}; the registry is never sent over a network")
    return Path(path).expanduser().absolute()
