"""A rollout made ready for minibatches: values, advantages, targets, in few columns so that one index takes a minibatch of each."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...agents.networks.actor_critic import ActorCritic
from .advantage import advantages
from .rollout import Rollout

__all__ = ["Columns", "PPOBatch", "prepared_batch"]


class Columns(NamedTuple):
    """One minibatch, or all: N transitions, or of a recurrent network L x N in time order, flattened.

    Attributes:
        actions: int64 (N,) or float32 (N, n).
        log_probs: Under the network that drew them, (N,).
        advantages: Normalised over the rollout, (N,).
        returns: What the value should have been, (N,).
        dist_inputs: Of the network that drew the actions, (N, K); without columns where nothing asks for them.
        forecasts: What the auxiliary loss asks for, (N, n_targets); NaN where unknown.
    """

    actions: Tensor
    log_probs: Tensor
    advantages: Tensor
    returns: Tensor
    dist_inputs: Tensor
    forecasts: Tensor


class PPOBatch(NamedTuple):
    """Units to shuffle: transitions, or sequences of L steps.

    Attributes:
        obs: float32 (N, D), or (N, L, D).
        numbers: Everything of `Columns`, float32 (N, M), or (N, L, M).
        states: State before each sequence, float32 (N, S); None where the network has none.
        began: Whether an episode begins with the step, bool (N, L); None where the network has none.
        widths: How many of the M numbers each column takes, in the order of `Columns`.
        discrete: Whether actions are integers.
        figures: `learn/explained_variance` and what else the rollout alone says.
    """

    obs: Tensor
    numbers: Tensor
    states: Tensor | None
    began: Tensor | None
    widths: tuple[int, ...]
    discrete: bool
    figures: dict[str, float]

    def __len__(self) -> int:
        return len(self.obs)

    def columns(self, numbers: Tensor) -> Columns:
        """Return the columns of some rows of `numbers`, (n, M)."""
        actions, log_probs, advantage, returns, dist_inputs, forecasts = torch.split(numbers, list(self.widths), dim=1)
        chosen = actions[:, 0].long() if self.discrete else actions
        return Columns(chosen, log_probs[:, 0], advantage[:, 0], returns[:, 0], dist_inputs, forecasts)


def prepared_batch(
    rollout: Rollout,
    network: ActorCritic,
    *,
    gamma: float,
    gae_lambda: float,
    chunk: int,
    with_dist_inputs: bool,
    forecasts: Tensor | None = None,
    device: str = "cpu",
) -> PPOBatch:
    """Return the batch of a rollout, with the values of `network` as it is now.

    Args:
        rollout: What was sampled.
        network: The actor-critic.
        gamma: Discount.
        gae_lambda: Decay of the estimates.
        chunk: Observations that are valued at a time.
        with_dist_inputs: Whether the minibatches need the old distributions.
        forecasts: float32 (rows of the tape, n_targets); None: there is no auxiliary loss.
        device: Where the network stands.
    """
    shape = rollout.rewards.shape
    obs = torch.from_numpy(rollout.obs).to(device)
    values, cut = (_recurrent_values if network.recurrent else _values)(rollout, obs, network, chunk, device)
    final_values = np.zeros(shape, np.float32)
    final_values[rollout.final_at[0], rollout.final_at[1]] = cut
    estimate = advantages(rollout.rewards, rollout.terminated, rollout.truncated, values, final_values, gamma, gae_lambda)
    returns = estimate + values[:-1]
    spread = float(returns.var())
    explained = 1.0 - float(np.var(returns - values[:-1])) / spread if spread > 0.0 else 0.0
    normal = (estimate - estimate.mean()) / max(1e-4, float(estimate.std()))
    actions = rollout.actions[..., None] if rollout.actions.ndim == 2 else rollout.actions
    parts = [actions.astype(np.float32), rollout.log_probs[..., None], normal[..., None], returns[..., None]]
    parts.append(rollout.dist_inputs if with_dist_inputs else np.zeros((*shape, 0), np.float32))
    parts.append(np.zeros((*shape, 0), np.float32) if forecasts is None else forecasts.numpy()[rollout.rows])
    numbers = torch.from_numpy(np.concatenate(parts, axis=2, dtype=np.float32)).to(device)
    widths = tuple(part.shape[2] for part in parts)
    discrete, figures = rollout.actions.ndim == 2, {"learn/explained_variance": explained}
    if not network.recurrent:
        return PPOBatch(obs.flatten(0, 1), numbers.flatten(0, 1), None, None, widths, discrete, figures)
    began = torch.from_numpy(_began(rollout)).to(device)
    n_sequences = len(rollout.states)
    states = torch.from_numpy(rollout.states).to(device).flatten(0, 1)
    cut_up = [_sequences(one, n_sequences) for one in (obs, numbers, began)]
    return PPOBatch(cut_up[0], cut_up[1], states, cut_up[2], widths, discrete, figures)


@torch.inference_mode()
def _values(rollout: Rollout, obs: Tensor, network: ActorCritic, chunk: int, device: str) -> tuple[np.ndarray, np.ndarray]:
    """Return values (T + 1, B) and those of the observations at cuts (N,)."""
    n_steps, n_envs = rollout.rewards.shape
    after = torch.from_numpy(np.concatenate([rollout.last_obs, rollout.final_obs])).to(device)
    found = [network.value(part) for several in (obs.flatten(0, 1), after) for part in torch.split(several, chunk)]
    every = torch.cat(found).cpu().numpy()
    inside = (n_steps + 1) * n_envs
    return every[:inside].reshape(n_steps + 1, n_envs), every[inside:]


@torch.inference_mode()
def _recurrent_values(
    rollout: Rollout, obs: Tensor, network: ActorCritic, chunk: int, device: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same of a network with a state, as it develops from the state at the beginning."""
    state, began = torch.from_numpy(rollout.states[0]).to(device), torch.from_numpy(_began(rollout)).to(device)
    _, values = network.sequence(obs, state, began)
    after = torch.from_numpy(np.concatenate([rollout.last_obs, rollout.final_obs])).to(device)
    states = torch.from_numpy(np.concatenate([rollout.last_state, rollout.final_states])).to(device)
    _, later, _ = network.advance(after, states)
    n_envs = rollout.rewards.shape[1]
    every = torch.cat([values, later[None, :n_envs]]).cpu().numpy()
    return every, later[n_envs:].cpu().numpy()


def _began(rollout: Rollout) -> np.ndarray:
    """Return whether an episode begins with each step, bool (T, B); the state before the first step says it by itself."""
    began = np.zeros(rollout.rewards.shape, np.bool_)
    began[1:] = (rollout.terminated | rollout.truncated)[:-1]
    return began


def _sequences(steps: Tensor, n_sequences: int) -> Tensor:
    """Return (T, B, ...) as sequences (n B, T / n, ...)."""
    apart = steps.view(n_sequences, -1, *steps.shape[1:])
    return apart.transpose(1, 2).flatten(0, 1)
