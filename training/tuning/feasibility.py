"""A search is refused before anything starts where one of its values makes a job that cannot run."""

import itertools
import json
import math
from collections.abc import Iterator
from typing import Any

from ...configs.job import Job
from ...market.errors import ConfigError, DataError, QuantgymError
from ...market.seeding import generator
from ..batch_size import check_batch_sizes
from ..learner import learner_of
from ..preparation import Prepared, prepare
from .population_settings import check_population
from .reader import check_read
from .search import Search

__all__ = ["check_search"]

MOST_COMBINATIONS = 2_000
"""So many combinations of bounds and choices are tried; of larger spaces as many are drawn."""

QUICK = ("training.", "agent.hidden", "agent.activation")
"""Paths that preparing a job (encoders, environment) does not depend on."""


def check_search(search: Search) -> Prepared:
    """Try the job with bounds and choices of the space, without learning anything, and return the job itself, prepared.

    Every value is tried alone where the job without it could run, then in combination. What a job needs beyond its settings (tape,
    encoders, environment, learner) is tried for the job itself and for each value of a setting that it could depend on.

    Raises:
        ConfigError: A value makes an invalid job; says which, and why.
        DataError: The data are missing or too short.
    """
    check_read(search)
    check_population(search)
    unfit = _unfit(search.base)
    alone = list(_alone(search)) if unfit is None else []
    for values in [*alone, *_together(search)]:
        try:
            job = search.job_of(values)
            check_batch_sizes(job.agent.algorithm, job.training)
            _fits_the_search(search, job.training.iterations)
        except ConfigError as error:
            if str(error) == unfit:
                raise ConfigError(f"{search.where}: job {search.base.name} with what is under set cannot run: {unfit}") from None
            raise ConfigError(_refusal(search, values, error)) from None
    first = {} if unfit is None else next(_together(search))
    prepared = prepare(search.job_of(first))
    learner_of(prepared)
    if search.settings.metric == "validation/score":
        _has_score(search, prepared)
    for values in _alone(search):
        if not next(iter(values)).startswith(QUICK):
            try:
                learner_of(prepare(search.job_of(first | values)))
            except QuantgymError as error:
                kind = DataError if isinstance(error, DataError) else ConfigError
                raise kind(_refusal(search, values, error)) from None
    return prepared


def _unfit(job: Job) -> str | None:
    """Return why sizes of the job itself do not fit, else None; no trial is the job itself, so the space may mend it."""
    try:
        check_batch_sizes(job.agent.algorithm, job.training)
    except ConfigError as error:
        return str(error)
    return None


def _alone(search: Search) -> Iterator[dict[str, Any]]:
    for path, dimension in search.space.items():
        for value in dimension.ends:
            yield {path: value}


def _together(search: Search) -> Iterator[dict[str, Any]]:
    ends = [dimension.ends for dimension in search.space.values()]
    if math.prod(map(len, ends)) <= MOST_COMBINATIONS:
        chosen: Any = itertools.product(*ends)
    else:
        draw = generator(search.settings.seed)
        chosen = ([one[int(draw.integers(len(one)))] for one in ends] for _ in range(MOST_COMBINATIONS))
    for values in chosen:
        yield dict(zip(search.space, values, strict=True))


def _fits_the_search(search: Search, iterations: int) -> None:
    scheduler = search.settings.scheduler
    if scheduler.kind == "asha" and scheduler.grace > iterations:
        raise ConfigError(f"scheduler.grace = {scheduler.grace} exceeds training.iterations = {iterations}")


def _has_score(search: Search, prepared: Prepared) -> None:
    from ...evaluation.known_answer import worlds_with_known_answers

    if prepared.tape is not None or prepared.job.env.id not in worlds_with_known_answers():
        raise ConfigError(
            f"{search.where}: metric validation/score needs a world whose best policy is known "
            f"({', '.join(sorted(worlds_with_known_answers()))}), env.id was {prepared.job.env.id}; use validation/equity or "
            "validation/sharpe"
        )


def _refusal(search: Search, values: dict[str, Any], error: QuantgymError) -> str:
    what = ", ".join(f"{path} = {json.dumps(value)}" for path, value in values.items())
    why = str(error).replace(f"{search.where}: {json.dumps(values)}: ", "")
    return f"{search.where}: space: {what} makes no job that can run: {why}"
