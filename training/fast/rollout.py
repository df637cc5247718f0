"""What an environment runner hands over: whole arrays over time and sub-environments."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Rollout", "joined"]


class Rollout(NamedTuple):
    """T steps of B sub-environments; episodes end and begin inside. S numbers are the state of a recurrent network, else S is 0.

    Attributes:
        obs: What was seen before each decision, float32 (T, B, D).
        actions: As drawn: int64 (T, B), or float32 (T, B, n) before they were clipped to [-1, 1].
        rewards: Scaled, float32 (T, B).
        terminated: Whether the step ended the episode for good, bool (T, B).
        truncated: Whether it was cut, bool (T, B).
        log_probs: Of the actions, float32 (T, B).
        dist_inputs: Parameters of the distribution they were drawn from, float32 (T, B, K).
        rows: Tape row of each observation, int32 (T, B).
        states: State before the first step of each sequence of L steps, float32 (T / L, B, S).
        last_obs: What is seen after the last step, float32 (B, D).
        last_state: State in which it is seen, float32 (B, S).
        final_at: Step and sub-environment of each cut, int64 (2, N).
        final_obs: The true last observations of the episodes cut, float32 (N, D).
        final_states: State in which each is seen, float32 (N, S).
    """

    obs: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    log_probs: np.ndarray
    dist_inputs: np.ndarray
    rows: np.ndarray
    states: np.ndarray
    last_obs: np.ndarray
    last_state: np.ndarray
    final_at: np.ndarray
    final_obs: np.ndarray
    final_states: np.ndarray

    @property
    def n_steps(self) -> int:
        """Environment steps, T x B."""
        return int(self.rewards.size)


BATCH_AXIS = {"last_obs": 0, "last_state": 0, "final_obs": 0, "final_states": 0}


def joined(rollouts: Sequence[Rollout]) -> Rollout:
    """Return one rollout of the sub-environments of all, in the order given, in memory of its own; all have the same T."""
    if len(rollouts) == 1:
        only = rollouts[0]
        return only if only.obs.flags.writeable else Rollout(*(part.copy() for part in only))  # torch takes no shared memory
    offsets = np.cumsum([0, *(len(one.last_obs) for one in rollouts[:-1])])
    parts = {
        name: np.concatenate([getattr(one, name) for one in rollouts], axis=BATCH_AXIS.get(name, 1))
        for name in Rollout._fields
        if name != "final_at"
    }
    moved = [one.final_at + np.array([[0], [offset]]) for one, offset in zip(rollouts, offsets, strict=True)]
    return Rollout(**parts, final_at=np.concatenate(moved, axis=1))
