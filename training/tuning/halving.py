"""Who ends trials early: Ray's asynchronous successive halving, and how it comes to know the trials of before."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .search import Search
from .trial_record import TrialRecord

if TYPE_CHECKING:
    from ray.tune.schedulers import TrialScheduler

__all__ = ["scheduler_of"]


def scheduler_of(search: Search, finished: Iterable[TrialRecord], value: str, time: str) -> "TrialScheduler":
    """Return Tune's scheduler of a search, with the trials that ended before shown to it again.

    Source: Li et al. 2020, algorithm 2 (ASHA), in the variant that stops instead of pausing.

    Args:
        search: The search.
        finished: Trials that ended, in the order in which they did.
        value: Key of the metric in a report.
        time: Key of the iterations in a report.
    """
    from ray.tune.schedulers import ASHAScheduler, FIFOScheduler

    settings = search.settings.scheduler
    if settings.kind == "none":
        return FIFOScheduler()
    scheduler = ASHAScheduler(
        time_attr=time,
        metric=value,
        mode=search.settings.mode,
        max_t=_most_iterations(search) + 1,  # trials end by themselves
        grace_period=settings.grace,
        reduction_factor=settings.reduction,
    )
    for trial in finished:
        if trial.status != "failed":
            _show(scheduler, trial, value, time)
    return scheduler


def _show(scheduler: Any, trial: TrialRecord, value: str, time: str) -> None:
    shown = SimpleNamespace(trial_id=f"trial {trial.number}")
    reports = [{time: one.iteration, value: one.value} for one in trial.checkpoints]
    scheduler.on_trial_add(None, shown)
    for report in reports[:-1]:
        scheduler.on_trial_result(None, shown, report)
    if trial.status == "done":  # Tune tells its scheduler the end of a trial that ends by itself
        scheduler.on_trial_complete(None, shown, reports[-1])
    else:
        scheduler.on_trial_result(None, shown, reports[-1])
        scheduler.on_trial_remove(None, shown)


def _most_iterations(search: Search) -> int:
    dimension = search.space.get("training.iterations")
    return max(dimension.ends) if dimension is not None else search.base.training.iterations
