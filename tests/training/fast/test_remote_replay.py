"""DQN and SAC with environment runners in processes of their own: one replay, in the order of the runners."""

import hashlib
import os

import numpy as np
import pytest
import torch

from quantgym.market.errors import ConfigError
from quantgym.training.fast.dqn_learner import FastDQNLearner
from quantgym.training.fast.runner_seed import ENV_STREAM, runner_seed
from quantgym.training.learner import learner_of
from quantgym.training.preparation import prepare

REPLAY = {"batch": 16, "update_every": 16, "learning_starts": 32, "prioritised": True, "n_step": 3, "replay_capacity": 160}
CONTINUOUS = {"id": "quantgym/Trading-v0", "asset": "S0", "action": "exposure", "episode_bars": 9}


@pytest.fixture
def prepared_of(job_of):
    """Return `prepared_of("DQN", iterations=3)`: two runners of two environments, 16 rows an iteration in four blocks."""

    def make(algorithm, **training):
        env = {} if algorithm == "DQN" else {"env": CONTINUOUS}
        return prepare(job_of(algorithm, training={"runners": 2, "iterations": 5, **REPLAY, **training}, **env))

    return make


def digest_of(learner):
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in learner.weights().values())).hexdigest()


def without_clocks(figures):
    return {tag: value for tag, value in figures.items() if not tag.startswith("speed/")}


@pytest.mark.parametrize("algorithm", ["DQN", "SAC"])
def test_two_runners_learn_a_function_of_the_seed_and_go_on_to_the_bit(prepared_of, ray, tmp_path, algorithm):
    stages = [{"start": 0.0, "friction": 0.0}, {"start": 0.4, "env": {"episode_bars": 5}}]
    prepared = prepared_of(algorithm, stages=stages)
    with learner_of(prepared) as one:
        figures = [without_clocks(one.iterate()) for _ in range(3)]
        one.save(tmp_path)
        figures += [without_clocks(one.iterate())]
        weights = digest_of(one)
        assert one.steps == 4 * 64
        assert {len(value) for value in one.distributions().values()} == {4}
    assert figures[1]["train/episode_bars"] == 9.0
    assert figures[3]["train/episode_bars"] == 5.0
    with learner_of(prepared) as other:
        assert [without_clocks(other.iterate()) for _ in range(2)] == figures[:2]
    with learner_of(prepared) as third:
        third.load(tmp_path)
        assert (third.iteration, third.steps) == (3, 192)
        assert without_clocks(third.iterate()) == figures[3]
        assert digest_of(third) == weights


def test_references_travel_as_flat_observations_do(job_of, ray):
    found = []
    for form in ("flat", "reference"):
        env = {"id": "quantgym/Trading-v0", "asset": "S0", "episode_bars": 9, "window": 4}
        prepared = prepare(job_of("DQN", env=env, training={"runners": 2, **REPLAY, "observation": form}))
        with learner_of(prepared) as learner:
            learner.iterate()
            learner.iterate()
            found.append(digest_of(learner))
    assert found[0] == found[1]


def by_hand(prepared, place, actions):
    """Play a runner's actions in mode DISABLED, where an ended episode rests until it is reset by name."""
    env = prepared.train.make(2, autoreset_mode="disabled", info=())
    seen, _ = env.reset(seed=runner_seed(prepared.job.seed, ENV_STREAM, place, 0))
    for chosen in actions:
        reached, reward, terminated, truncated, _ = env.step(chosen)
        yield seen, chosen, np.float32(reward), terminated, truncated, reached.copy()
        seen = reached
        if (terminated | truncated).any():
            seen, _ = env.reset(options={"reset_mask": terminated | truncated})


def test_every_transition_of_both_is_the_one_played_by_hand_to_the_bit(prepared_of, ray):
    prepared = prepared_of("DQN", replay_capacity=400)
    with FastDQNLearner(prepared) as learner:
        learner.iterate()
        learner.iterate()
        ring = learner._algorithm.update.replay.ring
    assert ring.written == 32
    assert ring.truncated[:32].sum() == 4 * 3  # episodes of 9 bars in 32 rows
    assert not (ring.obs[:32, :2] == ring.obs[:32, 2:]).all()  # runners have episodes of their own
    for place, columns in ((1, slice(0, 2)), (2, slice(2, 4))):
        actions = ring.actions[:32, columns, 0]
        for t, hand in enumerate(by_hand(prepared, place, actions)):
            names = ("obs", "actions", "rewards", "terminated", "truncated", "next_obs")
            ours = [getattr(ring, name)[t, columns] for name in names]
            for one, other in zip(ours, hand, strict=True):
                assert one.reshape(other.shape).tobytes() == other.tobytes()


def test_a_runner_that_dies_costs_its_rows_and_no_return_crosses_the_gap(prepared_of, ray, tmp_path):
    prepared = prepared_of("DQN", replay_capacity=40_000, iterations=300)
    with FastDQNLearner(prepared) as learner:
        algorithm, replay = learner._algorithm, learner._algorithm.update.replay
        learner.iterate()
        algorithm.env_runner_group.foreach_env_runner(
            lambda runner: os._exit(1), local_env_runner=False, remote_worker_ids=[1], timeout_seconds=5
        )
        steps = [learner.steps]
        for _ in range(300):  # it takes a while to start again
            learner.iterate()
            steps.append(learner.steps)
            if steps[-1] - steps[-2] == 64 and len(steps) > 2:
                break
        ring, rows = replay.ring, replay.ring.written
        missing = np.isnan(ring.rewards[:rows])
        learner.save(tmp_path)
        drawn = [replay.sample(64).slots for _ in range(20)]
    # of the first runner's two environments rows are missing, of the second's none, and steps are those that were played
    gap = np.flatnonzero(missing[:, 0])
    assert len(gap) >= 4
    assert gap.tolist() == list(range(gap[0], gap[-1] + 1))
    assert (missing[:, 1] == missing[:, 0]).all()
    assert not missing[:, 2:].any()
    assert steps[-1] == 4 * rows - 2 * len(gap) == len(replay)
    assert gap[0] == 16
    assert ring.truncated[15, :2].all()  # what was played before the gap ends there, though no episode did
    assert not ring.truncated[15, 2:].any() or ring.terminated[15, 2:].any()
    assert not missing.ravel()[np.concatenate(drawn)].any()
    with FastDQNLearner(prepared) as other:
        other.load(tmp_path)
        ours = other._algorithm.update.replay
        assert len(ours) == len(replay)
        assert np.array_equal(ours.ring.rewards[:rows], ring.rewards[:rows], equal_nan=True)
        assert (ours.ring.truncated[:rows] == ring.truncated[:rows]).all()
        assert np.array_equal(ours.sample(64).slots, drawn[0])


def test_a_checkpoint_without_a_runners_state_lets_it_begin_anew_behind_a_cut(prepared_of, ray, tmp_path):
    prepared = prepared_of("DQN", replay_capacity=400)
    with FastDQNLearner(prepared) as learner:
        learner.iterate()
        learner.save(tmp_path)
    file = tmp_path / "learner.pt"
    kept = torch.load(file, weights_only=False)
    assert set(kept["worlds"]) == {1, 2}
    del kept["worlds"][2]  # as where the second runner was dead
    torch.save(kept, file)
    with FastDQNLearner(prepared) as learner:
        learner.load(tmp_path)
        learner.iterate()
        ring = learner._algorithm.update.replay.ring
        assert learner.steps == 128
    # in row 15 no episode of 9 bars ends: the second runner's are cut there
    assert ring.truncated[15].tolist() == [False, False, True, True]


def test_more_runners_than_processors_and_an_uneven_share_are_refused(prepared_of, ray):
    learner = FastDQNLearner(prepared_of("DQN", runners=4))
    with pytest.raises(ConfigError, match="runners must not exceed the 2 processors that Ray has, was 4"), learner:
        pass
    with pytest.raises(ConfigError, match=r"num_envs must be a multiple of training\.runners = 3, was 4"):
        FastDQNLearner(prepared_of("DQN", runners=3))
