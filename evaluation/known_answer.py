"""The score of a policy on a world whose best policy is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import load_env_creator

from ..agents.policy import Policy
from ..encoders.observation import Observation
from ..envs.batch import TradingVectorEnv
from ..envs.registration import IDS, register
from ..envs.worlds.known_answer import KnownAnswer
from ..market.errors import ConfigError
from ..market.seeding import generator

__all__ = ["Score", "known_answer_score", "worlds_with_known_answers"]

EVALUATION_SEED = 1_000_003
RESAMPLES = 2_000
LEAST_EPISODES = 16

Act = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Score:
    """(J(policy) - J(reference)) / (J(optimal) - J(reference)) in certainty equivalents, on common random numbers.

    Attributes:
        value: The score; 1 is the best policy, 0 the reference.
        low: Lower end of its 95 % interval, by resampling episodes; -inf where these are too few to tell best and reference apart.
        high: Upper end; inf where they are too few. Where the reference's value is known, the interval spans those that follow
            from it and from its mean in these episodes, since rare paths may make most of that value.
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


def worlds_with_known_answers() -> tuple[str, ...]:
    """Return the ids of all registered worlds whose best policy is known, users' own among them."""
    register()
    found = []
    for env_id, spec in gym.registry.items():
        if spec.vector_entry_point is None or not (env_id in IDS or spec.namespace not in (None, "phys2d", "tabular")):
            continue
        batch = spec.vector_entry_point
        made = load_env_creator(batch) if isinstance(batch, str) else batch
        if isinstance(made, type) and issubclass(made, KnownAnswer):
            found.append(env_id)
    return tuple(found)


def known_answer_score(
    env_id: str, policy: Policy, settings: Mapping[str, Any] | None = None, *, n_episodes: int = 1_024, seed: int = EVALUATION_SEED
) -> Score:
    """Return the score of `policy` on the known-answer world `env_id`.

    Args:
        env_id: A world with `optimal_action` and `optimal_value`.
        policy: Decides deterministically.
        settings: Options of the world, those of training. How many are stepped, what they tell in `info`, the form of observations
            and the mode of autoreset play no part.
        n_episodes: Episodes, 16 or more; policy, optimum and reference play the same ones.
        seed: Of the episodes.

    Raises:
        ConfigError: The world has no known answer, or not with these settings, or nothing is to be earned in it beyond what the
            reference earns; or the episodes are too few for an interval.
    """
    if n_episodes < LEAST_EPISODES:
        raise ConfigError(f"n_episodes must be {LEAST_EPISODES} or more for an interval, was {n_episodes}")
    register()
    options = {**dict(settings or {}), "num_envs": n_episodes, "info": (), "observation": "flat", "autoreset_mode": "same_step"}
    env: Any = gym.make_vec(env_id, vectorization_mode=gym.VectorizeMode.VECTOR_ENTRY_POINT, **options)
    if not (isinstance(env, KnownAnswer) and isinstance(env, TradingVectorEnv)):
        env.close()
        raise ConfigError(f"{env_id} has no known answer; worlds with one: {', '.join(worlds_with_known_answers())}")
    layout, state = env.layout, [policy.initial_state(n_episodes)]

    def decide(observation: np.ndarray) -> np.ndarray:
        decision, state[0] = policy.act(Observation.from_flat(observation, layout), state[0])
        return decision.values

    exact, known, sure = float(env.optimal_value()), env.reference_value(), np.vectorize(env.certainty_equivalent, otypes=[float])
    span = None if known is None else env.certainty_equivalent(exact) - env.certainty_equivalent(known)
    if span is not None and not span > 0.0:
        env.close()
        raise ConfigError(f"the best policy of {env_id} earns no more than its reference, {known:g}, so that there is no score; "
                          "change its options")
    earned, best, nothing = (_play(env, act, seed) for act in (decide, env.optimal_action, env.reference_action))
    env.close()

    def score(chosen: np.ndarray) -> list[np.ndarray]:
        worth = [sure(rewards[chosen].mean(axis=-1)) for rewards in (earned, best, nothing)]
        wide = worth[1] - worth[2]
        told = np.where(wide > 0.0, wide, 1.0)
        seen = np.where(wide > 0.0, (worth[0] - worth[2]) / told, np.nan)
        return [seen] if span is None else [seen, 1.0 - (worth[1] - worth[0]) / span]

    value = float(score(np.arange(n_episodes))[0])
    ends = [np.quantile(one, [0.025, 0.975]) for one in score(generator(seed).integers(0, n_episodes, (RESAMPLES, n_episodes)))]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if np.isnan([low, high, value]).any() or np.isnan(ends).any():
        low, high = -np.inf, np.inf
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
