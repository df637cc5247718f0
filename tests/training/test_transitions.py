"""What stock RLlib learns from equals what a loop written by hand records, across episode ends and sampling cuts."""

from collections import defaultdict
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode

from quantgym.agents.networks.actor_critic import ActorCritic
from quantgym.market.errors import ConfigError
from quantgym.training.environment import assert_next_step
from quantgym.training.preparation import prepare
from quantgym.training.stock.learner import StockLearner

STOCK = {"backend": "stock"}
FIELDS = ("obs", "action", "reward", "next_obs", "terminated", "truncated")


def sampled(learner, n_calls):
    """Return RLlib's episodes, cut ones joined again, and the actions of every call of the environment's `step`."""
    runner, sent, meter = learner._algorithm.env_runner, [], learner._meter
    step = meter.step

    def noted(actions):
        sent.append(actions.copy())
        return step(actions)

    meter.step = noted
    chunks = defaultdict(list)
    for _ in range(n_calls):
        for episode in runner.sample():
            observations = episode.get_observations()
            for t in range(len(episode)):
                ends = t == len(episode) - 1
                flags = bool(ends and episode.is_terminated), bool(ends and episode.is_truncated)
                action = np.clip(episode.get_actions(t), -1.0, 1.0)
                chunks[episode.id_].append((observations[t], action, episode.get_rewards(t), observations[t + 1], *flags))
    return list(chunks.values()), sent


def by_hand(prepared, sent):
    """Play the same actions in SAME_STEP environments, where `final_obs` holds the true last observation: another road.

    NEXT_STEP spends one call of `step` on a reset, whose action means nothing: each sub-environment skips its own.
    """
    env = prepared.train.make(len(sent[0]), autoreset_mode="same_step")
    seen, _ = env.reset(seed=prepared.job.seed)
    running: list[list[tuple[Any, ...]]] = [[] for _ in seen]
    finished, place = [], np.zeros(len(seen), np.int64)
    while (playing := place < len(sent)).any():
        actions = np.stack([sent[min(place[i], len(sent) - 1)][i] for i in range(len(seen))])
        after, reward, terminated, truncated, info = env.step(actions)
        for i in np.flatnonzero(playing):
            ended = bool(terminated[i] or truncated[i])
            reached = info["final_obs"][i] if ended else after[i]
            running[i].append((seen[i], actions[i], reward[i], reached, bool(terminated[i]), bool(truncated[i])))
            place[i] += 1 + ended
            if ended:
                finished.append(running[i])
                running[i] = []
        seen = after
    return finished + [episode for episode in running if episode]


def staggered(prepared):
    """Episodes from random rows to the end of 24: they end at different times, some in their first step."""
    settings = {**prepared.train.settings, "episode_bars": None}
    return replace(prepared, train=replace(prepared.train, rows=(50, 74), settings=settings))


@pytest.fixture(scope="module")
def played(job_of, ray):
    """Two sampling calls of 4 x 32 steps: ends, resets and cuts; as RLlib holds them and by hand."""
    prepared = staggered(prepare(job_of("PPO", agent=STOCK, training={"rollout_bars": 32})))
    with StockLearner(prepared) as learner:
        rllib, sent = sampled(learner, n_calls=2)
    return rllib, by_hand(prepared, sent)


def in_order(episodes):
    return sorted(episodes, key=lambda episode: [np.asarray(part).tobytes() for one in episode for part in one[:4]])


def test_rllib_holds_the_same_episodes_as_a_loop_by_hand(played):
    rllib, hand = played
    assert sorted(map(len, rllib)) == sorted(map(len, hand))
    # 256 steps in 4 sub-environments, at most 23 steps an episode
    assert len(rllib) > 12
    assert sum(map(len, rllib)) >= 256
    assert len({len(episode) for episode in rllib if episode[-1][5]}) > 5


@pytest.mark.parametrize("place", range(len(FIELDS)), ids=FIELDS)
def test_transitions_are_equal_to_the_bit(played, place):
    for rllib, hand in zip(*map(in_order, played), strict=True):
        for one, other in zip(rllib, hand, strict=True):
            assert np.asarray(one[place]).tobytes() == np.asarray(other[place]).tobytes()


def test_only_the_last_transition_of_an_episode_ends_it(played):
    for episode in played[0]:
        assert not any(one[4] or one[5] for one in episode[:-1])
        assert all(one[3].tobytes() == other[0].tobytes() for one, other in pairwise(episode))


def test_targets_of_ppo_bootstrap_from_the_true_last_observation(job_of, ray):
    prepared = prepare(job_of("PPO", agent=STOCK))
    with StockLearner(prepared) as learner:
        episodes = learner._algorithm.env_runner.sample()
        inner = learner._algorithm.learner_group._learner
        copies = deepcopy(episodes)
        batch = inner._learner_connector(
            rl_module=inner.module, batch={}, episodes=copies, shared_data={}, metrics=inner.metrics
        )["default_policy"]
        network = learner.policy().network
        assert isinstance(network, ActorCritic)
    gamma, decay = prepared.job.training.gamma, prepared.job.training.gae_lambda
    expected = []
    for episode in episodes:
        with torch.no_grad():
            value = network.value(torch.from_numpy(np.asarray(episode.get_observations()))).numpy().astype(np.float64)
        target, carried = np.empty(len(episode)), 0.0
        # episodes end truncated or are cut: the last observation is worth its value
        for t in reversed(range(len(episode))):
            carried = episode.get_rewards(t) + gamma * value[t + 1] - value[t] + gamma * decay * carried
            target[t] = carried + value[t]
        expected.append(target)
    mask = batch["loss_mask"].numpy().astype(bool)
    assert batch["value_targets"].numpy()[mask] == pytest.approx(np.concatenate(expected), abs=1e-5)


def test_the_replay_of_dqn_holds_what_was_played_by_hand(job_of, ray):
    prepared = staggered(prepare(job_of("DQN", agent=STOCK, training={"num_envs": 4, "rollout_bars": 32})))
    with StockLearner(prepared) as learner:
        _, sent = sampled(learner, n_calls=0)
        learner.iterate()
        replay = learner._algorithm.local_replay_buffer
        stored = replay.sample(num_items=100, n_step=1, sample_episodes=True, gamma=0.99)
    hand = {_transition(*one) for episode in by_hand(prepared, sent) for one in episode}
    for one in stored:
        seen, reached = one.get_observations()
        # the last flag stands only on the true end of an episode
        assert _transition(seen, one.get_actions(0), one.get_rewards(0), reached, one.is_terminated, one.is_truncated) in hand


def _transition(seen, action, reward, reached, terminated, truncated):
    return seen.tobytes(), int(action), float(reward), reached.tobytes(), bool(terminated), bool(truncated)


def test_an_environment_that_resets_otherwise_is_refused(job_of):
    prepared = prepare(job_of("PPO"))
    assert_next_step(prepared.train.make(2, autoreset_mode=AutoresetMode.NEXT_STEP))
    for mode in ("same_step", "disabled"):
        with pytest.raises(ConfigError, match=f"stock RLlib needs autoreset mode NEXT_STEP, the environment has {mode.upper()}"):
            assert_next_step(prepared.train.make(2, autoreset_mode=mode))
