"""Every world that says what is best: the best policy earns what the world says, and a policy beside it earns less."""

import gymnasium
import numpy as np
import pytest

import quantgym  # noqa: F401
from quantgym.envs.worlds.known_answer import KnownAnswer
from quantgym.evaluation.known_answer import worlds_with_known_answers

N_EPISODES, SEED = 2_048, 20_241
WORLDS = worlds_with_known_answers()


def within(values, expected, errors=4.0):
    """Return whether the mean of `values` is `expected` within so many standard errors."""
    return abs(values.mean() - expected) <= errors * values.std(ddof=1) / np.sqrt(len(values)) + 1e-9 * (1.0 + abs(expected))


@pytest.fixture(scope="module", params=WORLDS)
def world(request, played):
    env = gymnasium.make_vec(request.param, num_envs=N_EPISODES, info=()).unwrapped
    assert isinstance(env, KnownAnswer)
    return env, played(env, env.optimal_action, SEED)


def test_the_best_policy_earns_its_value(world):
    env, best = world
    assert within(best, env.optimal_value()), f"{best.mean()} +- {best.std() / np.sqrt(len(best))}, said {env.optimal_value()}"


def test_a_policy_beside_it_earns_less_in_the_same_episodes(world, played):
    env, best = world
    lost = best - played(env, env.perturbed_action, SEED)
    assert lost.mean() > 3.0 * lost.std(ddof=1) / np.sqrt(N_EPISODES)


def test_the_reference_earns_less_in_the_same_episodes(world, played):
    env, best = world
    lost = best - played(env, env.reference_action, SEED)
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
