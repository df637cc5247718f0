"""A job on a world with a known answer reports its score where there is one, and goes on where its options have none."""

from types import SimpleNamespace

import numpy as np
import pytest

from quantgym.market.decision import Decision
from quantgym.training import trial
from quantgym.training.validation import Showing


class Resting:
    """Stays at the first of the levels, cash."""

    name, scheme, requires = "resting", "levels", ()

    def initial_state(self, batch):
        return {}

    def act(self, observation, state, deterministic=True):
        return Decision("levels", np.zeros(len(observation.market), np.int64)), state


def prepared(**settings):
    job = SimpleNamespace(env=SimpleNamespace(id="quantgym/Kelly-v0"), seed=0)
    return SimpleNamespace(tape=None, job=job, validation=SimpleNamespace(settings=settings), validation_seed=1)


@pytest.fixture(autouse=True)
def _shown(monkeypatch):
    nothing = Showing(np.array([1.0]), np.zeros(1, np.int64), np.zeros((0, 1), np.float32), {})
    monkeypatch.setattr(trial, "show", lambda blueprint, policy, seed: nothing)


def test_a_score_stands_among_the_figures_of_a_validation():
    figures = trial.try_policy(prepared(), Resting(), {}).figures
    assert figures["validation/score"] == 0.0
    assert figures["validation/score_low"] <= 0.0


@pytest.mark.parametrize("options", [{"reward": "gross_minus_cost"}, {"up_probability": 0.5}])
def test_options_without_a_known_answer_leave_the_score_out_and_end_nothing(options):
    figures = trial.try_policy(prepared(**options), Resting(), {}).figures
    assert not any("score" in name for name in figures)
    assert figures["validation/equity"] == 1.0
