"""The shipped jobs on worlds with known answers can start, and have a score."""

import pytest

from quantgym.configs.load import load_job, shipped_jobs
from quantgym.evaluation.known_answer import worlds_with_known_answers
from quantgym.training.learner import learner_of
from quantgym.training.preparation import prepare

KNOWN = [name for name, path in shipped_jobs().items() if path.parent.name == "known"]


def test_there_are_some():
    ppo = {"kelly_ppo", "merton_ppo", "mean_reversion_ppo", "almgren_chriss_ppo", "cartea_jaimungal_ppo", "no_edge_ppo"}
    assert ppo | {"kelly_dqn", "leak_dqn", "merton_sac", "mean_reversion_sac"} <= set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_it_can_start_on_a_world_that_has_a_score(name):
    job = load_job(name)
    assert job.name == name
    assert job.env.id in worlds_with_known_answers()
    learner_of(prepare(job))  # refuses what its backend cannot do
