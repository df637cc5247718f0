"""Everything that decides how an algorithm of stable-baselines3 goes on, as one mapping; its own `save` leaves half of it out."""

from typing import Any

import torch
from stable_baselines3.common.base_class import BaseAlgorithm

from ..randomness import random_states, restore_random_states

__all__ = ["progress_of", "set_progress"]

COUNTS = ("num_timesteps", "_n_updates", "_episode_num", "_n_calls", "exploration_rate")
REPLAYED = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def progress_of(algorithm: BaseAlgorithm) -> dict[str, Any]:
    """Return weights, optimisers, counts, the last observation, memory, replay and random states."""
    progress: dict[str, Any] = {
        "policy": algorithm.policy.state_dict(),
        "optimisers": [one.state_dict() for one in _optimisers(algorithm)],
        "counts": {name: getattr(algorithm, name) for name in COUNTS if hasattr(algorithm, name)},
        "last": (algorithm._last_obs, algorithm._last_episode_starts, getattr(algorithm, "_last_lstm_states", None)),
        "random": random_states(algorithm.device),
        "actions": algorithm.action_space.np_random.bit_generator.state,
    }
    if (temperature := getattr(algorithm, "log_ent_coef", None)) is not None:
        progress["temperature"] = temperature.detach()
    if (buffer := getattr(algorithm, "replay_buffer", None)) is not None:
        filled = buffer.buffer_size if buffer.full else buffer.pos
        progress["replay"] = {"pos": buffer.pos, "full": buffer.full, **{name: getattr(buffer, name)[:filled] for name in REPLAYED}}
    return progress


def set_progress(algorithm: BaseAlgorithm, progress: dict[str, Any]) -> None:
    """Go on from what `progress_of` returned of an algorithm that was built from the same job."""
    algorithm.policy.load_state_dict(progress["policy"])
    if "temperature" in progress:
        with torch.no_grad():
            algorithm.log_ent_coef.copy_(progress["temperature"])  # type: ignore[attr-defined]
    for one, state in zip(_optimisers(algorithm), progress["optimisers"], strict=True):
        one.load_state_dict(state)
    for name, value in progress["counts"].items():
        setattr(algorithm, name, value)
    algorithm._last_obs, algorithm._last_episode_starts, memory = progress["last"]
    if memory is not None:
        algorithm._last_lstm_states = type(memory)(*(tuple(one.to(algorithm.device) for one in cell) for cell in memory))  # type: ignore[attr-defined]
    if "replay" in progress:
        kept, buffer = progress["replay"], algorithm.replay_buffer  # type: ignore[attr-defined]
        buffer.pos, buffer.full = kept["pos"], kept["full"]
        for name in REPLAYED:
            getattr(buffer, name)[: len(kept[name])] = kept[name]
    restore_random_states(progress["random"], algorithm.device)
    algorithm.action_space.np_random.bit_generator.state = progress["actions"]


def _optimisers(algorithm: BaseAlgorithm) -> list[torch.optim.Optimizer]:
    policy = algorithm.policy
    if hasattr(policy, "actor"):
        return [policy.actor.optimizer, policy.critic.optimizer, algorithm.ent_coef_optimizer]  # type: ignore[union-attr, attr-defined]
    return [policy.optimizer]
