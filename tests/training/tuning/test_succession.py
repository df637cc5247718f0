"""Who takes over whom: the lowest quantile from the highest, by hand."""

import pytest

from quantgym.market.errors import ConfigError
from quantgym.training.tuning.feasibility import check_search
from quantgym.training.tuning.succession import successions
from quantgym.training.tuning.trial_record import Checkpoint, Judged, TrialRecord

LR = {"kind": "loguniform", "low": 1e-4, "high": 1e-2}
PBT = {"kind": "pbt", "every": 1}


@pytest.fixture
def population_of(search_of):
    def make(**changes):
        return search_of(**({"scheduler": PBT, "space": {"training.lr": LR}, "trials": 8} | changes))

    return make


def judged(values):
    """Members 1, 2, ... with a learning rate of number x 1e-4; None: it failed."""
    members = {}
    for number, value in enumerate(values, 1):
        settings = {"training.lr": number * 1e-4}
        checkpoints = (Checkpoint(1, 9.0 if value is None else value, 0.0),)
        error = "NotFiniteError: the loss became nan" if value is None else None
        members[number] = Judged(TrialRecord(number, settings, checkpoints=checkpoints, error=error), settings, {})
    return members


def test_the_lowest_quarter_takes_over_from_the_highest_quarter(population_of):
    # 8 x 0.25 = 2: 4 and 7 are the lowest, 2 and 5 the highest
    found = successions(population_of(), 1, judged([3.0, 8.0, 4.0, 1.0, 7.0, 5.0, 2.0, 6.0]))
    assert set(found) == {4, 7}
    for one in found.values():
        assert one.source in (2, 5)
        ratio = one.settings["training.lr"] / (one.source * 1e-4)
        assert ratio == pytest.approx(1.2) or ratio == pytest.approx(1.0 / 1.2)


def test_where_less_is_better_it_is_the_other_way_round(population_of):
    found = successions(population_of(mode="min"), 1, judged([3.0, 8.0, 4.0, 1.0, 7.0, 5.0, 2.0, 6.0]))
    assert set(found) == {2, 5}
    assert {one.source for one in found.values()} <= {4, 7}


def test_at_least_one_and_at_most_half_of_them(population_of):
    assert set(successions(population_of(), 1, judged([1.0, 2.0, 3.0]))) == {1}  # 0.75, rounded up
    half = population_of(scheduler={**PBT, "quantile": 0.5})
    assert set(successions(half, 1, judged([1.0, 2.0, 3.0]))) == {1}  # 1.5, rounded up, is more than the whole part of half of them
    assert set(successions(population_of(), 1, judged([2.0, 1.0]))) == {2}


def test_of_equal_ones_the_earlier_is_the_better(population_of):
    (number, one), = successions(population_of(), 1, judged([1.0, 1.0, 1.0, 1.0])).items()
    assert (number, one.source) == (4, 1)


def test_all_that_failed_are_replaced_by_members_that_did_not(population_of):
    found = successions(population_of(), 1, judged([None, None, 1.0, None]))
    assert set(found) == {1, 2, 4}
    assert {one.source for one in found.values()} == {3}
    assert successions(population_of(), 1, judged([None, None])) == {}


def test_the_same_search_draws_the_same_and_another_generation_or_seed_something_else(population_of):
    members = judged([float(number) for number in range(40)])
    first = successions(population_of(), 1, members)
    assert successions(population_of(), 1, dict(reversed(members.items()))) == first
    assert successions(population_of(), 2, members) != first
    assert successions(population_of(seed=9), 1, members) != first


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"space": {"agent.hidden": {"kind": "choice", "values": [[8], [4]]}}},
         "space.agent.hidden: cannot change while PPO learns; what can: training.lr, training.clip"),
        ({"space": {"training.rollout_bars": {"kind": "integer", "low": 8, "high": 16}}}, "training.rollout_bars: cannot change"),
        ({"space": {"training.reward_scale": LR}}, "space.training.reward_scale: cannot change"),
        ({"space": {"training.kl_target": {"kind": "choice", "values": [None, 0.01]}}}, "kl_target: null among its values"),
        ({"set": {"training.schedules.lr": [[0.0, 1e-3], [1.0, 1e-4]]}}, "training.schedules.lr stands above it"),
        ({"trials": 1}, "trials must be at least 2, the members of the population, was 1"),
        ({"scheduler": {**PBT, "every": 2}}, "scheduler.every must be below training.iterations = 2, was 2"),
        ({"set": {"training.seconds": 5.0}}, "training.seconds is not for a population"),
        ({"set": {"training.patience": 5}}, "training.patience is not for a population"),
        ({"set": {"agent.backend": "sb3"}}, "PPO and BC with agent.backend fast leave; was PPO with sb3; use scheduler asha"),
        ({"job": "trading_dqn", "set": {"training.iterations": 4}}, "was DQN with fast; use scheduler asha"),
        ({"scheduler": {**PBT, "grace": 2}}, "scheduler.grace is of kind asha alone, was 2 with pbt; leave it out"),
        ({"scheduler": {"kind": "asha", "grace": 1, "every": 2}}, "scheduler.every is of kind pbt alone, was 2 with asha"),
        ({"scheduler": {**PBT, "quantile": 0.6}}, "quantile"),
        ({"scheduler": {**PBT, "factor": 1.0}}, "factor"),
    ],
)  # fmt: skip
def test_what_a_population_cannot_learn_is_refused_by_name(changes, says, population_of):
    with pytest.raises(ConfigError) as refused:
        check_search(population_of(**changes))
    assert says in str(refused.value)
