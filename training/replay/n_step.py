"""Returns over n steps, gathered from the ring in one kernel."""

import numpy as np

from ...market.kernel import kernel

__all__ = ["gather", "n_step_return"]


@kernel(inline=True)
def n_step_return(
    row: int, e: int, n: int, gamma: float, newest: int, rewards: np.ndarray, terminated: np.ndarray, truncated: np.ndarray
) -> tuple[float, float, int]:
    """Add up rewards from `row` on -> (return, gamma^k, last row).

    It ends after n steps, with the episode, or with the newest row: what lies behind that is the oldest in the ring.
    """
    last, total, discount = row, 0.0, 1.0
    for k in range(n):
        if k > 0:
            if terminated[last, e] or truncated[last, e] or last == newest:
                break
            last = last + 1 if last + 1 < rewards.shape[0] else 0
        total += discount * rewards[last, e]
        discount *= gamma
    return total, discount, last


@kernel
def gather(
    slots: np.ndarray,
    n: int,
    gamma: float,
    newest: int,
    obs: np.ndarray,
    actions: np.ndarray,
    rewards: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    next_obs: np.ndarray,
    out_obs: np.ndarray,
    out_actions: np.ndarray,
    out_rewards: np.ndarray,
    out_discounts: np.ndarray,
    out_next_obs: np.ndarray,
    out_terminated: np.ndarray,
) -> None:
    """Write the transitions that begin in `slots` (B,), slot = row x E + environment, over at most n steps each."""
    n_envs = rewards.shape[1]
    for k in range(slots.shape[0]):
        row, e = slots[k] // n_envs, slots[k] % n_envs
        total, discount, last = n_step_return(row, e, n, gamma, newest, rewards, terminated, truncated)
        out_rewards[k], out_discounts[k], out_terminated[k] = total, discount, terminated[last, e]
        for f in range(obs.shape[2]):
            out_obs[k, f] = obs[row, e, f]
            out_next_obs[k, f] = next_obs[last, e, f]
        for f in range(actions.shape[2]):
            out_actions[k, f] = actions[row, e, f]
