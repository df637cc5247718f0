"""The search as data: which job, which of its settings vary, who proposes and who ends trials early."""

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ...configs.job import Job, Section
from ...configs.load import load_job, parse_yaml
from ...configs.strict import validate
from ...market.errors import ConfigError, UnknownNameError, did_you_mean
from .dimension import Dimension, build_dimension

__all__ = [
    "METRICS", "SamplerSettings", "SchedulerSettings", "Search", "SearchSettings", "digest_of", "load_search", "shipped_searches",
]  # fmt: skip

METRICS = tuple(
    f"validation/{name}" for name in ("equity", "sharpe", "score", "reward", "drawdown", "turnover", "exposure", "costs_bp")
)
"""What a search may go by: figures of rows that were not learned from."""

YARDSTICK = ("name", "seed", "data", "costs", "evaluation", "env.id", "env.asset", "env.cash", "env.options", "env.randomise",
             "training.validate_every", "training.judge", "training.seconds")  # fmt: skip
"""Settings that decide what a result means, not how well is learned."""

Count = Annotated[int, Field(ge=1)]


class SamplerSettings(Section):
    """Optuna's tree-structured Parzen estimator; the first `startup` trials are drawn at random."""

    kind: Literal["tpe", "random"] = "tpe"
    startup: Count = 10


class SchedulerSettings(Section):
    """`asha`: at iterations grace, grace x reduction, ... about one trial in `reduction` goes on; `none`: all end by themselves.

    `pbt`: all trials learn side by side; every `every` iterations those in the lowest `quantile` take over one of the highest,
    whose numbers they multiply or divide by `factor`.
    """

    kind: Literal["asha", "none", "pbt"] = "asha"
    grace: Count = 4
    reduction: Annotated[float, Field(gt=1.0)] = 3.0
    every: Count = 4
    quantile: Annotated[float, Field(gt=0.0, le=0.5)] = 0.25
    factor: Annotated[float, Field(gt=1.0)] = 1.2

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> "SchedulerSettings":
        others = ("grace", "reduction") if self.kind == "pbt" else ("every", "quantile", "factor")
        for name in others:  # a search that was written down has them all, with their defaults
            value = getattr(self, name)
            if value != SchedulerSettings.model_fields[name].default:
                whose = "asha" if self.kind == "pbt" else "pbt"
                raise ValueError(f"scheduler.{name} is of kind {whose} alone, was {value} with {self.kind}; leave it out")
        return self


class SearchSettings(Section):
    """What a search YAML says; `set` changes settings of the job for every trial, `space` names those that vary."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
    job: str
    set: dict[str, Any] = Field(default_factory=dict)
    trials: Count = 20
    metric: str = "validation/equity"
    mode: Literal["max", "min"] = "max"
    concurrent: Count = 1
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    sampler: SamplerSettings = SamplerSettings()
    scheduler: SchedulerSettings = SchedulerSettings()
    space: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]


class Search:
    """A search whose parts fit each other.

    Args:
        settings: What the YAML says.
        base: The job without `settings.set`.
        where: Name of the file, for messages.

    Attributes:
        settings: As given.
        base: The job with `settings.set`, which every trial starts from.
        space: The dimensions, by path of the setting.

    Raises:
        ConfigError: A path, a bound or the metric is wrong; one line for each fault of the space.
    """

    def __init__(self, settings: SearchSettings, base: Job, where: str = "search") -> None:
        if settings.metric not in METRICS:
            raise UnknownNameError("metric", settings.metric, METRICS, where)
        self.settings, self.where = settings, where
        self.base = base = _job(base, settings.set, f"{where}: set")
        grace, iterations = settings.scheduler.grace, base.training.iterations
        if settings.scheduler.kind == "asha" and grace > iterations:
            raise ConfigError(f"{where}: scheduler.grace must not exceed training.iterations = {iterations}, was {grace}")
        _check_paths(settings.space, where)
        self.space: dict[str, Dimension] = {
            path: build_dimension(given, f"{where}: space.{path}") for path, given in settings.space.items()
        }

    def job_of(self, values: Mapping[str, Any]) -> Job:
        """Return the job of one trial.

        Args:
            values: A value for every path of the space.

        Raises:
            ConfigError: They make no valid job.
        """
        return _job(self.base, values, f"{self.where}: {json.dumps(dict(values))}")

    def plain(self) -> dict[str, Any]:
        """Return the search as JSON data with the job that it starts from."""
        return {"search": self.settings.model_dump(mode="json"), "base": self.base.plain()}

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides what the search finds, the number of trials left out, hex."""
        return digest_of(self.plain())


def digest_of(plain: Mapping[str, Any]) -> str:
    """Return the SHA-256, hex, of what `Search.plain` returned, the number of trials left out."""
    search = {name: value for name, value in plain["search"].items() if name != "trials"}
    return hashlib.sha256(json.dumps({**plain, "search": search}, sort_keys=True).encode()).hexdigest()


def shipped_searches() -> dict[str, Path]:
    """Return the YAML files of the searches that come with the package, by name."""
    folder = Path(str(resources.files("quantgym.configs.searches")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_search(source: str | Path, trials: int | None = None) -> Search:
    """Load a search.

    Args:
        source: Path of a YAML file, or the name of a shipped search. Its `job` is the name of a shipped one, or a path from where
            the command runs or from the folder of the file.
        trials: Instead of what the file says.

    Raises:
        ConfigError: The file is missing or no YAML, a key is unknown or a value is wrong.
    """
    path, shipped = Path(source), shipped_searches()
    if not path.is_file():
        if path.suffix in {".yaml", ".yml"} or len(path.parts) > 1:
            raise ConfigError(f"{path}: no such search file; shipped searches: {', '.join(shipped)}")
        if str(source) not in shipped:
            raise UnknownNameError("search", str(source), shipped)
        path = shipped[str(source)]
    try:
        mapping = parse_yaml(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: cannot be read as text ({error})") from None
    if not isinstance(mapping, dict):
        raise ConfigError(f"{path.name}: must be a mapping of settings, was {type(mapping).__name__}")
    if "job" in mapping and "agent" in mapping:
        raise ConfigError(f"{path.name}: is a job; a search names its job under the key job, and what varies under space")
    settings = validate(SearchSettings, mapping if trials is None else mapping | {"trials": trials}, path.name)
    beside = path.parent / settings.job
    return Search(settings, load_job(beside if beside.is_file() else settings.job), path.name)


def _check_paths(paths: Iterable[str], where: str) -> None:
    faults, paths = [], list(paths)
    for path in paths:
        fixed = next((name for name in YARDSTICK if path == name or path.startswith(f"{name}.")), None)
        if fixed is not None:
            faults.append(f"space.{path}: {fixed} decides what a result means; trials would not be comparable, put it under set")
        faults += [f"space.{path} and space.{other} set the same" for other in paths if other.startswith(f"{path}.")]
    if faults:
        raise ConfigError("\n".join(f"{where}: {fault}" for fault in faults))


def _job(base: Job, values: Mapping[str, Any], where: str) -> Job:
    mapping = copy.deepcopy(base.plain())
    for path, value in values.items():
        _put(mapping, path, value, where)
    return validate(Job, mapping, where) if values else base


def _put(mapping: dict[str, Any], path: str, value: Any, where: str) -> None:
    node: Any = mapping
    *parents, last = path.split(".")
    for depth, part in enumerate([*parents, last]):
        place = ".".join(parents[:depth])
        if isinstance(node, list):
            if not part.isdigit() or int(part) >= len(node):
                raise ConfigError(f"{where}: {path}: {place} has {len(node)} entries, numbered from 0, was {part!r}")
        elif not isinstance(node, dict):
            raise ConfigError(f"{where}: {path}: {place} is no section but {node!r}")
        key = int(part) if isinstance(node, list) else part
        if depth == len(parents):
            node[key] = value
        else:
            if depth == 0 and part not in node:
                raise ConfigError(f"{where}: unknown setting {path}{did_you_mean(part, node)}")
            if isinstance(node, dict) and node.get(part) is None:
                node[part] = {}
            node = node[key]
