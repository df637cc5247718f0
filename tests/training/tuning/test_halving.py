"""Ray's successive halving knows the trials of before a resume."""

from types import SimpleNamespace

from quantgym.training.tuning.halving import scheduler_of

STOP, CONTINUE = "STOP", "CONTINUE"


def curve(*values):
    return list(enumerate(values, 1))


def decisions(scheduler, name, values):
    """Report `values` one by one; return what the scheduler says to each until it stops the trial."""
    trial, said = SimpleNamespace(trial_id=name), []
    scheduler.on_trial_add(None, trial)
    for iteration, value in enumerate(values, 1):
        said.append(scheduler.on_trial_result(None, trial, {"iterations": iteration, "value": value}))
        if said[-1] == STOP:
            break
    return said


def test_after_a_resume_a_poor_trial_is_stopped_as_it_would_have_been(search_of, trial_of):
    search = search_of(set={"training.iterations": 8}, scheduler={"grace": 2, "reduction": 2})
    before = [
        trial_of(1, value=4.0, curve=curve(1.0, 2.0, 3.0, 4.0)),
        trial_of(2, value=6.0, curve=curve(1.0, 4.0, 5.0, 6.0)),
    ]
    # rung at 2 iterations: 2 and 4 were seen, the median is 3; at 4 iterations: 4 and 6, the median is 5
    resumed = scheduler_of(search, before, "value", "iterations")
    assert decisions(resumed, "poor", [9.0, 2.9, 9.0]) == [CONTINUE, STOP]
    resumed = scheduler_of(search, before, "value", "iterations")
    assert decisions(resumed, "good", [0.0, 3.1, 9.0, 4.9]) == [CONTINUE, CONTINUE, CONTINUE, STOP]
    alone = scheduler_of(search, [], "value", "iterations")
    assert decisions(alone, "first", [9.0, 2.9, 9.0, 0.0]) == [CONTINUE] * 4


def test_where_less_is_better_the_higher_ones_are_stopped(search_of, trial_of):
    search = search_of(mode="min", set={"training.iterations": 8}, scheduler={"grace": 1, "reduction": 2})
    scheduler = scheduler_of(search, [trial_of(1, value=1.0, curve=curve(1.0))], "value", "iterations")
    assert decisions(scheduler, "higher", [1.1]) == [STOP]
    assert decisions(scheduler, "lower", [0.9]) == [CONTINUE]


def test_failed_trials_are_not_shown_and_without_halving_nobody_is_stopped(search_of, trial_of):
    failed = trial_of(1, value=None, status="failed")
    scheduler = scheduler_of(search_of(), [failed], "value", "iterations")
    assert decisions(scheduler, "first", [0.0]) == [CONTINUE]
    before = [trial_of(1, value=9.0, curve=curve(9.0))]
    scheduler = scheduler_of(search_of(scheduler={"kind": "none"}), before, "value", "iterations")
    assert decisions(scheduler, "second", [0.0, 0.0]) == [CONTINUE, CONTINUE]
