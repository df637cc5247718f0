"""The algorithm's configuration, its determinism and the score on a known answer."""

import hashlib
import random

import numpy as np
import pytest
import torch

from quantgym.configs.load import load_job
from quantgym.evaluation.known_answer import known_answer_score
from quantgym.market.errors import ConfigError
from quantgym.training.learner import NotFiniteError
from quantgym.training.preparation import prepare
from quantgym.training.randomness import isolated_randomness
from quantgym.training.stock.config import algorithm_config
from quantgym.training.stock.learner import StockLearner


@pytest.fixture(scope="module")
def stock(job_of):
    """Return `stock("DQN", seed=6)`: learners of small jobs that ask for RLlib as shipped."""

    def make(algorithm, agent=None, **changes):
        return StockLearner(prepare(job_of(algorithm, agent={"backend": "stock"} | (agent or {}), **changes)))

    return make


def digest_of(learner):
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in learner.weights().values())).hexdigest()


@pytest.mark.parametrize("algorithm", ["PPO", "DQN", "SAC"])
def test_the_same_job_learns_the_same_weights_and_another_seed_others(stock, ray, algorithm):
    found = []
    for seed in (5, 5, 6):
        random.random(), torch.rand(3)  # what happened before must not matter
        with stock(algorithm, seed=seed) as learner:
            before = digest_of(learner)
            learner.iterate()
            learner.iterate()
            found.append(digest_of(learner))
            assert found[-1] != before
    assert found[0] == found[1] != found[2]


def test_an_iteration_counts_its_steps_and_tells_the_figures_of_its_algorithm(stock, ray):
    with stock("PPO") as learner:
        figures = learner.iterate()
        # 4 environments x 16 bars; RLlib samples whole vectors of steps and counts no resets
        assert 64 <= learner.steps < 64 + 4 * 2
    assert figures.keys() >= {"learn/policy_loss", "learn/value_loss", "learn/entropy", "learn/explained_variance"}
    assert figures.keys() >= {"train/reward", "train/turnover", "costs/commission_bp", "speed/steps_per_s"}
    with stock("DQN") as learner:
        assert learner.iterate().keys() >= {"learn/q_loss", "learn/td_error", "actions/hold"}
    with stock("SAC") as learner:
        assert learner.iterate().keys() >= {"learn/critic_loss", "learn/actor_loss", "learn/temperature"}


@pytest.mark.parametrize("algorithm", ["PPO", "SAC"])
def test_stock_rllib_learns_with_a_graph_beneath_the_heads(stock, ray, algorithm):
    agent = {"hidden": [8], "body": {"kind": "gnn", "width": 8}}
    with stock(algorithm, agent=agent) as learner:
        before = learner.weights()
        learner.iterate()
        after = learner.weights()
    moved = {name for name in after if not torch.equal(before[name], after[name])}
    assert any("trunk.rounds" in name for name in moved)
    assert any("trunk.encoder" in name for name in moved)


def test_a_policy_is_a_copy_that_later_learning_does_not_touch(stock, ray):
    with stock("PPO") as learner:
        early = learner.policy()
        weights = {name: value.clone() for name, value in early.network.state_dict().items()}
        learner.iterate()
    assert all(torch.equal(value, weights[name]) for name, value in early.network.state_dict().items())


def test_a_number_that_is_not_finite_stops_training_and_the_error_says_where(stock, ray):
    with stock("PPO") as learner:
        critic = learner._algorithm.learner_group._learner.module["default_policy"].net.vf
        with torch.no_grad():
            critic[0].bias.fill_(torch.nan)
        with pytest.raises(NotFiniteError, match=r"no longer finite in iteration 1 \(64 steps\); lower training\.lr"):
            learner.iterate()


def test_global_random_states_and_threads_come_back_as_they_were():
    torch.set_num_threads(1)
    random.seed(1)
    torch.manual_seed(1)
    expected = random.random(), torch.rand(1).item()
    random.seed(1)
    torch.manual_seed(1)
    with isolated_randomness(9, threads=2):
        inside = random.random(), np.random.random(), torch.get_num_threads()  # noqa: NPY002
    with isolated_randomness(9, threads=2):
        assert inside == (random.random(), np.random.random(), torch.get_num_threads())  # noqa: NPY002
    assert (random.random(), torch.rand(1).item()) == expected
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    ("algorithm", "change", "message"),
    [
        ("PPO", {"minibatch": 100}, r"training.minibatch must not exceed num_envs x rollout_bars = 4 x 16 = 64, was 100"),
        ("DQN", {"update_every": 18}, r"training.update_every must be a multiple of num_envs = 4, was 18"),
        ("DQN", {"replay_capacity": 8}, r"training.replay_capacity must hold a batch of 16, was 8"),
    ],
)
def test_batch_sizes_that_do_not_fit_are_refused(job_of, algorithm, change, message):
    prepared = prepare(job_of(algorithm, agent={"backend": "stock"}, training=change))
    with pytest.raises(ConfigError, match=message):
        algorithm_config(algorithm, "quantgym", prepared.network, prepared.job.training, 0)


def test_continuous_actions_are_refused_by_dqn_with_those_that_fit(job_of):
    message = r"DQN needs discrete actions, env\.action weights is continuous; use PPO or SAC, or .*, which trade one asset"
    with pytest.raises(ConfigError, match=message):
        prepare(job_of("DQN", env={"id": "quantgym/Portfolio-v0", "asset": None}))


def test_ppo_learns_the_world_that_leaks_in_four_iterations(ray):
    job = load_job("leak_ppo", ["training.iterations=4", "training.num_envs=32", "training.epochs=8", "training.minibatch=256",
                                "agent.backend=stock"])
    with StockLearner(prepare(job)) as learner:
        before = known_answer_score(job.env.id, learner.policy(), learner.prepared.validation.settings, n_episodes=256)
        for _ in range(job.training.iterations):
            learner.iterate()
        after = known_answer_score(job.env.id, learner.policy(), learner.prepared.validation.settings, n_episodes=256)
    assert before.high < 0.5
    assert after.low > 0.9
    assert after.high <= 1.0 + 1e-9
