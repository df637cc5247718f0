"""Generalised advantage estimates, with true last observations where an episode was cut. A kernel over whole arrays."""

import numpy as np

from ...market.errors import ShapeError
from ...market.kernel import kernel

__all__ = ["advantages"]


@kernel
def estimate(
    rewards: np.ndarray, terminated: np.ndarray, truncated: np.ndarray, values: np.ndarray, final_values: np.ndarray,
    gamma: float, decay: float, out: np.ndarray,
) -> None:  # fmt: skip
    """Write the estimate of every step into `out` (T, B); `final_values` (T, B) count where the step was cut."""
    for b in range(rewards.shape[1]):
        carried = 0.0
        for t in range(rewards.shape[0] - 1, -1, -1):
            following, kept = float(values[t + 1, b]), gamma * decay
            if terminated[t, b]:
                following, kept = 0.0, 0.0
            elif truncated[t, b]:
                following, kept = float(final_values[t, b]), 0.0
            carried = rewards[t, b] + gamma * following - values[t, b] + kept * carried
            out[t, b] = carried


def advantages(
    rewards: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    values: np.ndarray,
    final_values: np.ndarray,
    gamma: float,
    gae_lambda: float,
) -> np.ndarray:
    """Return A_t = d_t + gamma lambda A_(t+1) inside an episode, with d_t = r_t + gamma V(s_(t+1)) - V(s_t).

    A terminated episode is worth 0 after its end, a truncated one what its true last observation is worth; an episode that still
    runs at the end of the rollout what the observation after it is worth.

    Source: Schulman et al. 2016, High-dimensional continuous control using generalized advantage estimation, eq. 16.

    Args:
        rewards: float32 (T, B).
        terminated: bool (T, B).
        truncated: bool (T, B).
        values: Of the observation before each step and, last, of the one after all, float32 (T + 1, B).
        final_values: Of the true last observations where truncated, float32 (T, B); elsewhere anything.
        gamma: Discount.
        gae_lambda: Decay of the estimates.

    Returns:
        float32 (T, B).

    Raises:
        ShapeError: The shapes do not fit each other.
    """
    n_steps, n_envs = rewards.shape
    fitting = terminated.shape == truncated.shape == final_values.shape == rewards.shape
    if not fitting or values.shape != (n_steps + 1, n_envs):
        raise ShapeError(
            f"advantages of rewards {rewards.shape} need flags and final values of the same shape and values of shape "
            f"{(n_steps + 1, n_envs)}, were {terminated.shape}, {truncated.shape}, {final_values.shape} and {values.shape}"
        )
    out = np.empty((n_steps, n_envs), np.float32)
    estimate(rewards, terminated, truncated, values, final_values, float(gamma), float(gae_lambda), out)
    return out
