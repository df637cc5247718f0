import numpy as np
import pytest


@pytest.fixture(scope="session")
def played():
    """Return the sum of rewards of the first episode of every sub-environment, float64 (E,), where `act` decides."""

    def play(env, act, seed):
        seen, _ = env.reset(seed=seed)
        total, running = np.zeros(env.num_envs), np.ones(env.num_envs, bool)
        while running.any():
            seen, rewards, terminated, truncated, _ = env.step(act(seen))
            total += np.where(running, rewards, 0.0)
            running &= ~(terminated | truncated)
        return total

    return play
