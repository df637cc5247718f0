"""Random play to fill a replay with."""

import numpy as np
import pytest

from quantgym.training.replay.steps import Steps

WIDTH = 3


def played(random, n_rows, n_envs, first=0, ending=0.15, action_size=0):
    """Return T steps of E environments whose observations are numbered on: every one is another, so none can be mistaken."""
    names = (np.arange(first, first + (n_rows + 1) * n_envs * WIDTH).reshape(n_rows + 1, n_envs, WIDTH) + 1).astype(np.float32)
    drawn = random.random((2, n_rows, n_envs))
    terminated, truncated = drawn[0] < ending, (drawn[0] >= ending) & (drawn[1] < ending)
    reached = names[1:].copy()
    reached[terminated | truncated] *= -1.0  # the true last observation is not the first of the next episode
    shape = (n_rows, n_envs, action_size) if action_size else (n_rows, n_envs)
    actions = random.random(shape, np.float32) if action_size else random.integers(0, 5, shape)
    return Steps(names[:-1], actions, random.random((n_rows, n_envs), np.float32), terminated, truncated, reached)


@pytest.fixture
def play():
    """Return `play(random, n_rows, n_envs, first=0, ending=0.15, action_size=0)`: steps with observations of 3 numbers."""
    return played
