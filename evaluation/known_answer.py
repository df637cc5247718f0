"""The score of a policy on a world whose best policy is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np

from ..agents.policy import Policy
from ..encoders.observation import Observation
from ..envs.batch import TradingVectorEnv
from ..envs.registration import register
from ..market.errors import ConfigError
from ..market.seeding import generator

__all__ = ["KNOWN_ANSWERS", "Score", "known_answer_score"]

KNOWN_ANSWERS = {"quantgym/Leak-v0": 1}
"""Worlds whose best policy is known, and the action that does nothing there: the reference of the score."""

EVALUATION_SEED = 1_000_003
RESAMPLES = 2_000

Act = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Score:
    """(J(policy) - J(reference)) / (J(optimal) - J(reference)) on common random numbers.

    Attributes:
        value: The score; 1 is the best policy, 0 the reference.
        low: Lower end of its 95 % interval, by resampling episodes.
        high: Upper end.
        policy: Mean sum of rewards of an episode under the policy.
        optimal: Under the best policy, in the same episodes.
        exact: Under the best policy, by formula.
        reference: Under the reference.
        n_episodes: Episodes.
    """

    value: float
    low: float
    high: float
    policy: float
    optimal: float
    exact: float
    reference: float
    n_episodes: int

    def __str__(self) -> str:
        return f"{self.value:.3f}  [{self.low:.3f}, {self.high:.3f}]"


def known_answer_score(
    env_id: str, policy: Policy, settings: Mapping[str, Any] | None = None, *, n_episodes: int = 1_024, seed: int = EVALUATION_SEED
) -> Score:
    """Return the score of `policy` on the known-answer world `env_id`.

    Args:
        env_id: A world with `optimal_action` and `optimal_value`.
        policy: Decides deterministically.
        settings: Options of the world, those of training.
        n_episodes: Episodes; policy, optimum and reference play the same ones.
        seed: Of the episodes.

    Raises:
        ConfigError: The world has no known answer.
    """
    if env_id not in KNOWN_ANSWERS:
        raise ConfigError(f"{env_id} has no known answer; worlds with one: {', '.join(KNOWN_ANSWERS)}")
    register()
    env: Any = gym.make_vec(
        env_id, num_envs=n_episodes, vectorization_mode=gym.VectorizeMode.VECTOR_ENTRY_POINT, info=(), **dict(settings or {})
    )
    assert isinstance(env, TradingVectorEnv)
    layout, state = env.layout, [policy.initial_state(n_episodes)]

    def decide(observation: np.ndarray) -> np.ndarray:
        decision, state[0] = policy.act(Observation.from_flat(observation, layout), state[0])
        return decision.values

    def rest(observation: np.ndarray) -> np.ndarray:
        return np.full(n_episodes, KNOWN_ANSWERS[env_id], np.int64)

    earned, best, nothing = (_play(env, act, seed) for act in (decide, env.optimal_action, rest))  # type: ignore[attr-defined]
    exact = float(env.optimal_value())  # type: ignore[attr-defined]
    env.close()
    gained, possible = earned - nothing, best - nothing
    drawn = generator(seed).integers(0, n_episodes, (RESAMPLES, n_episodes))
    resampled = gained[drawn].mean(axis=1) / possible[drawn].mean(axis=1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    value = float(gained.mean() / possible.mean())
    return Score(value, float(low), float(high), float(earned.mean()), float(best.mean()), exact, float(nothing.mean()), n_episodes)


def _play(env: TradingVectorEnv, act: Act, seed: int) -> np.ndarray:
    """Return the sum of rewards of the first episode of every sub-environment, float64 (E,)."""
    observation, _ = env.reset(seed=seed)
    total, running = np.zeros(env.num_envs), np.ones(env.num_envs, np.bool_)
    while running.any():
        observation, reward, terminated, truncated, _ = env.step(act(observation))
        total += np.where(running, reward, 0.0)
        running &= ~(terminated | truncated)
    return total
