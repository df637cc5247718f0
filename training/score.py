"""How much of a known optimum a policy earns."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..agents.policy import Policy
from ..encoders.observation import Observation
from ..envs.batch import TradingVectorEnv
from .environment import Blueprint

__all__ = ["Score", "score"]

EPISODES = 256
LEVEL = 0.95


@dataclass(frozen=True)
class Score:
    """Mean return over that of the best policy on the same paths; doing nothing scores 0, the optimum 1.

    Attributes:
        value: The score.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def score(blueprint: Blueprint, policy: Policy, seed: int = 0) -> Score | None:
    """Return the score of `policy` over 256 fresh episodes; None where the world does not know its optimum.

    The interval is that of a ratio of means of paired returns, by the delta method, normal. Source: Cochran 1977, Sampling
    Techniques, eq. 6.13.

    Args:
        blueprint: The world.
        policy: Decides deterministically.
        seed: Of the paths.
    """
    env = blueprint.make(EPISODES, autoreset_mode="next_step", info=())
    best = getattr(env, "optimal_action", None)
    if best is None:
        env.close()
        return None
    state = policy.initial_state(EPISODES)

    def decide(seen: np.ndarray) -> np.ndarray:
        nonlocal state
        decision, state = policy.act(Observation.from_flat(seen, env.layout), state)
        return decision.values

    earned, possible = _returns(env, decide, seed), _returns(env, best, seed)
    env.close()
    value = float(earned.mean() / possible.mean())
    deviation = float((earned - value * possible).std(ddof=1)) / abs(float(possible.mean()))
    half = NormalDist().inv_cdf(0.5 + LEVEL / 2.0) * deviation / EPISODES**0.5
    return Score(value, value - half, value + half)


def _returns(env: TradingVectorEnv, decide: Callable[[np.ndarray], np.ndarray], seed: int) -> np.ndarray:
    """Return the sum of rewards of one episode in each sub-environment, (E,)."""
    seen, _ = env.reset(seed=seed)
    total, running = np.zeros(env.num_envs), np.ones(env.num_envs, np.bool_)
    while running.any():
        seen, reward, terminated, truncated, _ = env.step(decide(seen))
        total += np.where(running, reward, 0.0)
        running &= ~(terminated | truncated)
    return total
