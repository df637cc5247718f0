"""Every world that says what is best: the best policy earns what the world says, and a policy beside it earns less."""

import gymnasium
import numpy as np
import pytest

import quantgym  # noqa: F401
from quantgym.envs.worlds.known_answer import KnownAnswer
from quantgym.evaluation.known_answer import worlds_with_known_answers

N_EPISODES = 2_048
WORLDS = worlds_with_known_answers()


def played(env, act, seed=20_241):
    """Return the sum of rewards of the first episode of every sub-environment, float64 (E,)."""
    seen, _ = env.reset(seed=seed)
    total, running = np.zeros(env.num_envs), np.ones(env.num_envs, bool)
    while running.any():
        seen, reward, terminated, truncated, _ = env.step(act(seen))
        total += np.where(running, reward, 0.0)
        running &= ~(terminated | truncated)
    return total


def within(values, expected, errors=4.0):
    """Return whether the mean of `values` is `expected` within so many standard errors."""
    return abs(values.mean() - expected) <= errors * values.std(ddof=1) / np.sqrt(len(values)) + 1e-9 * (1.0 + abs(expected))


@pytest.fixture(scope="module", params=WORLDS)
def world(request):
    env = gymnasium.make_vec(request.param, num_envs=N_EPISODES, info=()).unwrapped
    assert isinstance(env, KnownAnswer)
    return env, played(env, env.optimal_action)


def test_the_best_policy_earns_its_value(world):
    env, best = world
    assert within(best, env.optimal_value()), f"{best.mean()} +- {best.std() / np.sqrt(len(best))}, said {env.optimal_value()}"


def test_a_policy_beside_it_earns_less_in_the_same_episodes(world):
    env, best = world
    lost = best - played(env, env.perturbed_action)
    assert lost.mean() > 3.0 * lost.std(ddof=1) / np.sqrt(N_EPISODES)


def test_the_reference_earns_less_in_the_same_episodes(world):
    env, best = world
    lost = best - played(env, env.reference_action)
    assert lost.mean() > 3.0 * lost.std(ddof=1) / np.sqrt(N_EPISODES)


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_names_its_source_and_its_reference(name):
    env = gymnasium.make(name).unwrapped
    assert any(sign.isdigit() for sign in env.batch.citation)
    assert env.batch.reference
    observation, _ = env.reset(seed=0)
    assert env.action_space.contains(env.optimal_action(observation))
    assert env.action_space.contains(env.reference_action(observation))
    assert np.isfinite(env.optimal_value())
