"""From YAML and `--set` overrides to a job."""

import re
from collections.abc import Hashable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from ..market.errors import ConfigError, UnknownNameError
from .job import Job
from .strict import validate

__all__ = ["load_job", "parse_yaml", "shipped_jobs"]

LEAST = "{name: mine, env: {id: quantgym/Leak-v0}, agent: {algorithm: PPO}}"


class _Loader(yaml.SafeLoader):
    """YAML that reads 3e-4 as a number and refuses a key written twice."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d[\d_]*\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+0123456789."),
)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)  # type: ignore[no-untyped-call]
        if not isinstance(key, Hashable):
            raise ConfigError(f"line {key_node.start_mark.line + 1}: keys must be text, was {key!r}; write it in quotes")
        if key in seen:
            raise ConfigError(f"line {key_node.start_mark.line + 1}: the key {key!r} stands twice")
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse_yaml(text: str, where: str) -> Any:
    """Return what a YAML text says; errors name `where`."""
    try:
        return yaml.load(text, _Loader)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = f" line {place.line + 1}:" if place else ""
        raise ConfigError(f"{where}:{line} not valid YAML ({getattr(error, 'problem', None) or error})") from None


def shipped_jobs() -> dict[str, Path]:
    """Return the YAML files of the jobs that come with the package, by name; those on worlds with known answers are the last."""
    folder = Path(str(resources.files(__package__)))
    return {path.stem: path for path in [*sorted(folder.glob("*.yaml")), *sorted((folder / "known").glob("*.yaml"))]}


def load_job(source: str | Path, overrides: Sequence[str] = ()) -> Job:
    """Load a job.

    Args:
        source: Path of a YAML file, or the name of a shipped job (`portfolio_ppo`).
        overrides: `dotted.key=value` pairs, applied in order; a value is YAML, a number between dots indexes a list.

    Raises:
        ConfigError: The file is missing or no YAML, a key is unknown or a value is wrong.
    """
    path = _find(source)
    where = str(path) if Path(source).is_file() else path.name  # a shipped job goes by its name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: cannot be read as text ({error})") from None
    mapping = parse_yaml(text, where)
    if mapping is None:
        raise ConfigError(f"{where}: is empty; a job says at least {LEAST}; the shipped jobs are examples: "
                          f"{', '.join(shipped_jobs())}")
    if not isinstance(mapping, dict):
        raise ConfigError(f"{where}: must be a mapping of settings such as {LEAST}, was a {_kind(mapping)}")
    for override in overrides:
        _override(mapping, override)
    return validate(Job, mapping, where)


def _kind(value: Any) -> str:
    return "list" if isinstance(value, list) else f"single value, {value!r}"


def _find(source: str | Path) -> Path:
    path, shipped = Path(source), shipped_jobs()
    if path.is_file():
        return path
    if path.suffix in {".yaml", ".yml"} or len(path.parts) > 1:
        if path.stem in shipped and path.parts[0] == "configs":
            return shipped[path.stem]
        if not path.is_dir():
            raise ConfigError(f"{path}: no such job file; shipped jobs: {', '.join(shipped)}")
    if str(source) in shipped:
        return shipped[str(source)]
    if path.is_dir():
        inside = path / "job.yaml"
        raise ConfigError(f"{path}: is a folder, not a job file{f'; did you mean {inside}?' if inside.is_file() else ''}")
    raise UnknownNameError("job", str(source), shipped)


def _override(mapping: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set {override}: must look like section.key=value")
    value = parse_yaml(text, f"--set {key}")
    node: Any = mapping
    *parents, last = key.strip().split(".")
    for depth, part in enumerate(parents):
        place = ".".join(parents[: depth + 1])
        if isinstance(node, list):
            node = node[_index(node, part, place)]
        elif isinstance(node, dict):
            node = node.setdefault(part, {})
        if not isinstance(node, dict | list):
            raise ConfigError(f"--set {override}: {place} is no section but {node!r}")
    if isinstance(node, list):
        node[_index(node, last, key)] = value
    else:
        node[last] = value


def _index(node: list[Any], part: str, place: str) -> int:
    if not part.isdigit() or int(part) >= len(node):
        raise ConfigError(f"--set {place}: the list has {len(node)} entries, numbered from 0, was {part!r}")
    return int(part)
