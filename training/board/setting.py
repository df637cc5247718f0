"""A job's settings as one flat line."""

import json
from collections.abc import Iterable
from typing import Any

from ...configs.job import Job

__all__ = ["job_settings"]

ALWAYS = ("seed", "agent.algorithm", "agent.backend", "agent.hidden", "env.id",
          *(f"training.{name}" for name in ("lr", "gamma", "num_envs", "rollout_bars", "iterations", "entropy_coefficient")))
NEVER = ("name", "data.train", "data.validation", "data.test")


def job_settings(job: Job, varied: Iterable[str] = ()) -> dict[str, float | str]:
    """Return what a job sets beyond the defaults, and the settings that one always asks for, as `section.key`.

    Numbers are numbers; everything else is text, that of JSON where it has parts.

    Args:
        job: The job.
        varied: Paths of settings that a search varies; where there are some they alone are told, also those with their default.
    """
    asked = {".".join(path.split(".")[:2]) for path in varied}
    whole = _flat(job.plain())
    if asked:
        return {name: value for name, value in whole.items() if name in asked}
    chosen = _flat(job.model_dump(mode="json", exclude_defaults=True))
    return {name: value for name, value in whole.items() if (name in chosen or name in ALWAYS) and name not in NEVER}


def _flat(mapping: dict[str, Any]) -> dict[str, float | str]:
    flat: dict[str, float | str] = {}
    for key, value in mapping.items():
        under = {f"{key}.{name}": each for name, each in value.items()} if isinstance(value, dict) else {key: value}
        for name, each in under.items():
            plain = isinstance(each, int | float | str) and not isinstance(each, bool)
            flat[name] = each if plain else json.dumps(each)
    return flat
