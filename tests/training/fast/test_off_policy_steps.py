"""What the replay holds against a loop written by hand over environments in another autoreset mode."""

from dataclasses import replace

import numpy as np
import pytest

from quantgym.training.fast.dqn_learner import FastDQNLearner
from quantgym.training.preparation import prepare


def staggered(prepared):
    """Episodes from random rows to the end of 24: they end at different times, some in their first step."""
    settings = {**prepared.train.settings, "episode_bars": None}
    return replace(prepared, train=replace(prepared.train, rows=(50, 74), settings=settings))


def by_hand(prepared, actions, seed):
    """Play the actions in mode DISABLED, where an ended episode rests until it is reset by name."""
    env = prepared.train.make(actions.shape[1], autoreset_mode="disabled", info=())
    seen, _ = env.reset(seed=seed)
    for chosen in actions:
        reached, reward, terminated, truncated, _ = env.step(chosen)
        yield seen, chosen, np.float32(reward * prepared.job.training.reward_scale), terminated, truncated, reached.copy()
        seen = reached
        if (terminated | truncated).any():
            seen, _ = env.reset(options={"reset_mask": terminated | truncated})


def test_every_transition_is_the_one_played_by_hand_to_the_bit(job_of, ray):
    changes = {"iterations": 3, "rollout_bars": 32, "reward_scale": 100.0, "learning_starts": 32}
    prepared = staggered(prepare(job_of("DQN", training=changes)))
    with FastDQNLearner(prepared) as learner:
        for _ in range(3):
            learner.iterate()
        ring = learner._algorithm.update.replay.ring
        held = {name: array[: ring.written].copy() for name, array in ring.arrays().items()}
    assert ring.written == 96
    assert (held["truncated"] | held["terminated"]).sum() > 20
    actions = held["actions"][:, :, 0]
    assert len(np.unique(actions)) == 6
    for t, hand in enumerate(by_hand(prepared, actions, prepared.job.seed)):
        ours = tuple(held[name][t] for name in ("obs", "actions", "rewards", "terminated", "truncated", "next_obs"))
        for one, other in zip(ours, hand, strict=True):
            assert one.reshape(other.shape).tobytes() == other.tobytes()


@pytest.mark.parametrize("asked", ["flat", "reference"])
def test_references_hold_two_numbers_for_the_market_and_learn_the_same(job_of, ray, asked):
    found = []
    for form in ("flat", asked):
        job = job_of("DQN", env={"id": "quantgym/Trading-v0", "asset": "S0", "episode_bars": 9, "window": 4},
                     training={"observation": form, "learning_starts": 32, "prioritised": True})
        prepared = prepare(job)
        with FastDQNLearner(prepared) as learner:
            learner.iterate()
            learner.iterate()
            found.append({name: value.numpy() for name, value in learner.weights().items()})
            width = learner._algorithm.update.replay.ring.shape.width
        assert width == (prepared.layout.size if form == "flat" else 2 + prepared.layout.n_private)
    for name, value in found[0].items():
        assert (found[1][name] == value).all()
