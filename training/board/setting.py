"""A job's settings as one flat line."""

import json
from typing import Any

from ...configs.job import Job

__all__ = ["job_settings"]

LEFT_OUT = ("name", "data.train", "data.validation", "data.test", "evaluation")


def job_settings(job: Job) -> dict[str, float | str | bool]:
    """Return every setting that is set as `section.key`: numbers and truths as they are, the rest as text."""
    flat: dict[str, float | str | bool] = {}
    _flatten(job.plain(), "", flat)
    return flat


def _flatten(mapping: dict[str, Any], above: str, flat: dict[str, float | str | bool]) -> None:
    for key, value in mapping.items():
        name = f"{above}{key}"
        if name in LEFT_OUT or value is None or value in ({}, [], ()):
            continue
        if isinstance(value, dict) and not above:
            _flatten(value, f"{name}.", flat)
        else:
            flat[name] = value if isinstance(value, bool | int | float | str) else json.dumps(value)
