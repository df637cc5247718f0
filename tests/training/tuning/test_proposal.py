"""Proposals are a function of the search, the number of the trial and what ended before."""

import math

import pytest

from quantgym.training.tuning.proposal import propose

SPACE = {
    "training.lr": {"kind": "loguniform", "low": 1e-4, "high": 1e-2},
    "training.entropy_coefficient": {"kind": "uniform", "low": 0.0, "high": 0.1, "step": 0.04},
    "training.epochs": {"kind": "integer", "low": 1, "high": 8, "step": 3},
    "agent.hidden": {"kind": "choice", "values": [[8], [4, 4]]},
}


def run(search, trial_of, n, finished=()):
    """Propose and end trials until `n` have ended; their value is best at a learning rate of 1e-3."""
    ended = list(finished)
    while len(ended) < n:
        number = len(ended) + 1
        settings = propose(search, number, ended)
        value = -abs(math.log10(settings["training.lr"]) + 3.0)
        ended.append(trial_of(number, value=value, lr=settings["training.lr"], hidden=settings["agent.hidden"]))
    return ended


def test_every_value_lies_in_its_dimension(search_of):
    search = search_of(space=SPACE, sampler={"kind": "random"})
    for number in range(1, 40):
        settings = propose(search, number, [])
        assert 1e-4 <= settings["training.lr"] <= 1e-2
        # steps of 0.04 from 0 that do not exceed 0.1
        assert min(abs(settings["training.entropy_coefficient"] - step) for step in (0.0, 0.04, 0.08)) < 1e-12
        assert settings["training.epochs"] in (1, 4, 7)
        assert settings["agent.hidden"] in ([8], [4, 4])
        search.job_of(settings)


def test_a_search_that_went_on_proposes_what_it_would_have_proposed(search_of, trial_of):
    search = search_of(sampler={"startup": 3})
    whole = run(search, trial_of, 8)
    assert run(search, trial_of, 8, finished=whole[:5]) == whole


def test_no_two_random_trials_are_the_same_and_another_seed_gives_others(search_of, trial_of):
    def drawn(seed):
        return [one.settings["training.lr"] for one in run(search_of(seed=seed), trial_of, 8)]

    assert len(set(drawn(1))) == 8
    assert not set(drawn(1)) & set(drawn(2))


def test_proposals_close_in_on_what_was_good(search_of, trial_of):
    # the best learning rate is 1e-3; a random one lies 0.5 decades away in the mean
    ended = run(search_of(sampler={"startup": 6}), trial_of, 30)
    away = [-one.value for one in ended[15:]]
    assert sum(away) / len(away) < 0.3


@pytest.mark.parametrize("mode", ["max", "min"])
def test_the_mode_says_which_end_is_good(mode, search_of, trial_of):
    search, sign = search_of(mode=mode, sampler={"startup": 2}), 1.0 if mode == "max" else -1.0
    ended = [trial_of(n, value=sign * lr, lr=lr) for n, lr in enumerate((1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 9e-3), 1)]
    lr = [propose(search, number, ended)["training.lr"] for number in range(8, 28)]
    assert sorted(lr)[10] > 2e-3


def test_failed_trials_are_left_out_and_running_ones_are_kept_away_from(search_of, trial_of):
    search = search_of(sampler={"startup": 1})
    ended = run(search, trial_of, 4)
    failed = trial_of(5, value=None, lr=1e-4, status="failed")
    assert propose(search, 6, [*ended, failed]) == propose(search, 6, ended)
    running = [trial_of(5, value=None, lr=ended[0].settings["training.lr"], status="running")]
    assert propose(search, 6, ended, running) != propose(search, 6, ended)


def test_a_trial_that_was_stopped_early_counts_with_what_it_had_shown(search_of, trial_of):
    search = search_of(sampler={"startup": 1})
    stopped = trial_of(5, value=9.0, lr=9e-3, status="stopped", curve=[(1, 9.0)])
    propose(search, 6, [*run(search, trial_of, 4), stopped])
