"""What `quantgym train --dry-run` prints of a plan."""

from collections.abc import Mapping
from typing import Any

__all__ = ["plan_facts"]

DIGITS = 12


def plan_facts(plan: Mapping[str, Any]) -> dict[str, object]:
    """Return a plan as lines that a person reads; everything is in `--json`."""
    shown: dict[str, object] = {}
    for name, value in plan.items():
        if name == "network":
            shown[name] = _network(value, plan.get("resources", {}).get("parameters"))
        elif name == "rows":
            shown[name] = [f"{part} {first:,} to {stop - 1:,}, {stop - first:,} of them" for part, (first, stop) in value.items()]
        elif name == "resources":
            shown |= {key.replace("_mb", " memory").replace("_", " "): _resource(key, one)
                      for key, one in value.items() if key != "parameters"}  # fmt: skip
        elif name.endswith("_digest"):
            shown[name.replace("_", " ")] = str(value)[:DIGITS]
        elif isinstance(value, Mapping):
            shown[name] = [f"{key.replace('_', ' ')}: {one}" for key, one in value.items()]
        elif isinstance(value, int):
            shown[name] = f"{value:,}" if name != "observation" else f"{value:,} numbers"
        else:
            shown[name] = value
    return shown


def _network(network: Mapping[str, Any], parameters: int | None) -> str:
    hidden = " x ".join(str(size) for size in network["hidden"])
    body = network.get("body")
    beneath = f"{body['kind']} under " if body else ""
    counted = "" if parameters is None else f", {parameters:,} parameters"
    return f"{str(network['kind']).replace('_', ' ')}: {beneath}{hidden} {network['activation']}{counted}"


def _resource(name: str, value: Any) -> object:
    return f"{value:,} MB" if name.endswith("_mb") else value
