"""The auxiliary forecast of DQN and SAC: by hand, at the rows that the references of the replay name."""

import numpy as np
import pytest
import torch

from quantgym.configs.job import Job
from quantgym.configs.strict import validate
from quantgym.encoders.form import PAGE
from quantgym.market.errors import ConfigError
from quantgym.training.fast.forecast import forecasts_of
from quantgym.training.learner import learner_of
from quantgym.training.preparation import prepare


def prepared_of(job_of, algorithm, **agent):
    env = {"id": "quantgym/Trading-v0", "asset": "S0", "episode_bars": 9, "window": 3,
           "action": "six_actions" if algorithm == "DQN" else "exposure"}
    training = {"observation": "reference", "iterations": 30, "lr": 3e-3, "rollout_bars": 32, "prioritised": True}
    return prepare(job_of(algorithm, env=env, agent={"forecast": {"weight": 1.0}, **agent}, training=training))


def test_references_name_the_row_that_is_decided_on(job_of):
    env = prepared_of(job_of, "DQN").train.make(4, autoreset_mode="same_step", info=(), observation="reference")
    seen, _ = env.reset(seed=3)
    for _ in range(20):
        assert (seen[:, 0] * PAGE + seen[:, 1] == env.simulator.rows).all()
        seen, *_ = env.step(np.zeros(4, np.int64))


@pytest.mark.parametrize("body", [None, "mlp"])
@pytest.mark.parametrize("algorithm", ["DQN", "SAC"])
def test_the_body_learns_to_say_the_next_return_and_the_loss_is_told(job_of, ray, algorithm, body):
    prepared = prepared_of(job_of, algorithm, body=body)
    targets = forecasts_of(prepared).numpy()
    with learner_of(prepared) as learner:
        first = learner.iterate()
        update = learner._algorithm.update
        drawn = update.replay.sample(64)
        obs = torch.from_numpy(drawn.obs)
        with torch.no_grad():
            told = update.forecast(obs)[0].item()
            said = update.net.net.forecast(obs).numpy()
        wanted = targets[(drawn.obs[:, 0] * PAGE + drawn.obs[:, 1]).astype(int)]
        known = np.isfinite(wanted)
        assert told == pytest.approx(np.square(said[known] - wanted[known]).mean(), rel=1e-5)
        moved = {name: value for name, value in learner.weights().items() if "forecaster" in name}
        for _ in range(29):
            last = learner.iterate()
        assert moved
        assert not any(torch.equal(value, learner.weights()[name]) for name, value in moved.items())
    # the targets have the variance 1, and 170 rows of noise can be learned by heart a little
    assert first["learn/forecast_loss"] > last["learn/forecast_loss"]
    assert first["learn/total_loss"] > first["learn/forecast_loss"] > 0.5


def test_without_one_nothing_is_told_and_worlds_without_a_tape_have_none(job_of, ray):
    with learner_of(prepared_of(job_of, "DQN", forecast=None)) as learner:
        assert "learn/forecast_loss" not in learner.iterate()
    drawn = {"name": "leak", "env": {"id": "quantgym/Leak-v0"}, "agent": {"algorithm": "DQN", "forecast": {}}}
    with pytest.raises(ConfigError, match=r"agent\.forecast needs a tape, quantgym/Leak-v0 draws its own paths"):
        learner_of(prepare(validate(Job, drawn, "leak")))
