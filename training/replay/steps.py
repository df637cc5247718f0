"""What a batch of environments did in a few steps, and what a learner is given of it: arrays."""

from typing import NamedTuple

import numpy as np

__all__ = ["Batch", "Steps"]


class Steps(NamedTuple):
    """T steps of E environments in autoreset mode SAME_STEP.

    Attributes:
        obs: What was decided on, float32 (T, E, D).
        actions: int64 (T, E), or float32 (T, E, K) inside [-1, 1].
        rewards: float32 (T, E); NaN where the step was not played, because who plays there was dead: such steps are never drawn.
        terminated: Whether the episode ended for good: nothing is to be earned after it, bool (T, E).
        truncated: Whether it was cut off where more was to be earned, bool (T, E).
        next_obs: What was reached: at an episode's end its true last observation, not the first of the next, float32 (T, E, D).
    """

    obs: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    next_obs: np.ndarray

    @property
    def n_rows(self) -> int:
        """T."""
        return len(self.rewards)


class Batch(NamedTuple):
    """Transitions over k steps, k <= n, drawn from the replay.

    Attributes:
        obs: float32 (B, D).
        actions: int64 (B,) or float32 (B, K).
        rewards: r_t + gamma r_(t+1) + ... over the k steps, float32 (B,).
        discounts: gamma^k, float32 (B,): what a value at `next_obs` counts, where not terminated.
        next_obs: What was reached after the k steps, float32 (B, D).
        terminated: Whether the episode ended for good there, bool (B,).
        weights: Importance weights, float32 (B,), the largest 1; all 1 without priorities.
        slots: Where the transitions stand, int64 (B,), for `Replay.update`.
    """

    obs: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    discounts: np.ndarray
    next_obs: np.ndarray
    terminated: np.ndarray
    weights: np.ndarray
    slots: np.ndarray
