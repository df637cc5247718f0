"""What the next trial shall try: a function of the search, the number of the trial and the trials that ended, of nothing else."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...market.seeding import spawned
from .search import Search
from .trial_record import TrialRecord

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

__all__ = ["propose"]


def propose(search: Search, number: int, finished: Sequence[TrialRecord], running: Sequence[TrialRecord] = ()) -> dict[str, Any]:
    """Return a value for every path of the space.

    Optuna's study is built anew from the records each time, and its sampler is seeded by (seed of the search, number): a search
    that was killed and resumed proposes what it would have proposed. Trials that were stopped early count as pruned, with what they
    had shown until then; failed ones are left out.

    Args:
        search: The search.
        number: Of the trial that it is for.
        finished: Trials that ended.
        running: Trials that have not; the sampler keeps away from them.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    direction = optuna.study.StudyDirection
    wanted = direction.MAXIMIZE if search.settings.mode == "max" else direction.MINIMIZE
    study = optuna.create_study(direction=wanted, sampler=_sampler(search, number, bool(running)))
    study.add_trials([_told(search, one) for one in (*finished, *running) if one.status != "failed"])
    asked = study.ask({path: dimension.distribution() for path, dimension in search.space.items()})
    return {path: dimension.value(asked.params[path]) for path, dimension in search.space.items()}


def _sampler(search: Search, number: int, others_run: bool) -> "BaseSampler":
    from optuna.samplers import RandomSampler, TPESampler

    seed = int(spawned(search.settings.seed, number).generate_state(1)[0])
    if search.settings.sampler.kind == "random":
        return RandomSampler(seed=seed)
    return TPESampler(seed=seed, n_startup_trials=search.settings.sampler.startup, constant_liar=others_run)


def _told(search: Search, trial: TrialRecord) -> "FrozenTrial":
    from optuna.trial import TrialState, create_trial

    states = {"done": TrialState.COMPLETE, "stopped": TrialState.PRUNED, "running": TrialState.RUNNING}
    return create_trial(
        state=states[trial.status],
        value=trial.value,
        params={path: dimension.parameter(trial.settings[path]) for path, dimension in search.space.items()},
        distributions={path: dimension.distribution() for path, dimension in search.space.items()},
        intermediate_values={one.iteration: one.value for one in trial.checkpoints},
    )
