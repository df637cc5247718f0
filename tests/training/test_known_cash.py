"""A job that says no cash leaves a world its own, for which its known answer holds."""

import pytest

from quantgym.configs.job import Job
from quantgym.configs.strict import validate
from quantgym.evaluation.known_answer import known_answer_score
from quantgym.training.preparation import prepare


def job_of(world, **env):
    return validate(Job, {"name": "x", "env": {"id": f"quantgym/{world}-v0", **env}, "agent": {"algorithm": "PPO"}}, "job")


class Still:
    """Does nothing, whatever it sees."""

    def __init__(self, scheme, size):
        self.name, self.scheme, self.size, self.requires = "still", scheme, size, ()

    def initial_state(self, batch):
        return {}

    def act(self, observation, state, deterministic=True):
        import numpy as np

        from quantgym.market.decision import Decision

        return Decision(self.scheme, np.zeros((len(observation.flat()), self.size))), state


@pytest.mark.parametrize("world", ["MeanReversion", "AlmgrenChriss", "CarteaJaimungal"])
def test_a_world_that_its_answer_binds_to_its_own_cash_has_a_score_in_a_job(world):
    prepared = prepare(job_of(world))
    policy = Still(prepared.scheme, prepared.network.n_out)
    assert known_answer_score(prepared.job.env.id, policy, prepared.validation.settings, n_episodes=64).n_episodes == 64
    assert prepared.context["env"]["cash"] > 0.0


def test_cash_that_a_job_says_is_the_environments(monkeypatch):
    prepared = prepare(job_of("Leak", cash=5_000.0))
    assert prepared.cash == prepared.context["env"]["cash"] == 5_000.0
