"""A job's settings as one flat line."""

import json
from collections.abc import Iterable
from typing import Any

from ...configs.job import Job

__all__ = ["job_settings"]

ALWAYS = ("seed", "agent.algorithm", "agent.backend", "agent.hidden", "env.id",
          *(f"training.{name}" for name in ("lr", "gamma", "num_envs", "rollout_bars", "iterations", "entropy_coefficient")))
NEVER = ("name", "data.train", "data.validation", "data.test")


def job_settings(job: Job, also: Iterable[str] = ()) -> dict[str, float | str]:
    """Return what a job sets beyond the defaults, and the settings that one always asks for, as `section.key`.

    Numbers are numbers; everything else is text, that of JSON where it has parts.

    Args:
        job: The job.
        also: Paths of settings that are told even where they have their default, such as those that a search varies.
    """
    asked = {*ALWAYS, *(".".join(path.split(".")[:2]) for path in also)}
    chosen, whole = _flat(job.model_dump(mode="json", exclude_defaults=True)), _flat(job.plain())
    return {name: value for name, value in whole.items() if (name in chosen or name in asked) and name not in NEVER}


def _flat(mapping: dict[str, Any]) -> dict[str, float | str]:
    flat: dict[str, float | str] = {}
    for key, value in mapping.items():
        under = {f"{key}.{name}": each for name, each in value.items()} if isinstance(value, dict) else {key: value}
        for name, each in under.items():
            plain = isinstance(each, int | float | str) and not isinstance(each, bool)
            flat[name] = each if plain else json.dumps(each)
    return flat
