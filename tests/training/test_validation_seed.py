"""A world that draws its own paths is validated on none that was trained on."""

import numpy as np

from quantgym.configs.load import load_job
from quantgym.market.decision import Decision
from quantgym.training import trial
from quantgym.training.preparation import prepare


def test_validation_plays_no_episode_of_training(monkeypatch):
    prepared = prepare(load_job("leak_ppo", []))
    seeds = []
    show = trial.show
    monkeypatch.setattr(trial, "show", lambda blueprint, policy, seed: seeds.append(seed) or show(blueprint, policy, seed))

    class Flat:
        name, scheme, requires = "flat", prepared.scheme, ()

        def initial_state(self, batch):
            return {}

        def act(self, observation, state, deterministic=True):
            return Decision(prepared.scheme, np.ones(len(observation.market), np.int64)), state

    shown = trial.try_policy(prepared, Flat(), {}).showing.observations[0]
    assert seeds == [prepared.validation_seed]
    trained = prepared.train.make(8).reset(seed=prepared.job.seed)[0]
    assert not (trained == shown).all(axis=1).any()
    # with the seed of the job it would be the first episode of the first environment of DQN, SAC and stable-baselines3
    assert (prepared.validation.make(1).reset(seed=prepared.job.seed)[0][0] == trained[0]).all()


def test_another_seed_of_the_job_is_another_of_validation():
    seeds = [prepare(load_job("leak_ppo", [f"seed={seed}"])).validation_seed for seed in (1, 1, 2)]
    assert seeds[0] == seeds[1] != seeds[2]
