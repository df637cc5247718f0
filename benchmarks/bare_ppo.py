"""PPO in one file, as a person would write it for one batch of environments: what our path is measured against.

`bare_ppo` yields the seconds of every iteration. It shares nothing with the project but the environment: same network, same
hyperparameters, same loss, no figures, no checkpoint, no Ray.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

__all__ = ["Seconds", "bare_ppo"]


class Seconds(NamedTuple):
    """What one iteration took: playing, values and advantages included in `learn`."""

    sample: float
    learn: float


def perceptron(n_in: int, hidden: tuple[int, ...], n_out: int, gain: float) -> nn.Sequential:
    """Return the same ReLU network as ours: orthogonal weights, biases zero."""
    layers: list[nn.Module] = []
    for size in hidden:
        layers += [nn.Linear(n_in, size), nn.ReLU()]
        n_in = size
    layers.append(nn.Linear(n_in, n_out))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.orthogonal_(layer.weight, gain if layer is layers[-1] else 2.0**0.5)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def bare_ppo(
    env: Any,
    *,
    iterations: int,
    rollout_bars: int,
    minibatch: int,
    epochs: int,
    hidden: tuple[int, ...] = (64, 64),
    lr: float = 3e-4,
    gamma: float = 0.99,
    gae_lambda: float = 0.95,
    clip: float = 0.2,
    value_coefficient: float = 0.5,
    entropy_coefficient: float = 0.0,
    grad_clip: float = 0.5,
    reward_scale: float = 1.0,
    device: str = "cpu",
    seed: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Seconds]:
    """Train on `env` and yield what each iteration takes.

    `env` is a native batch with flat observations, discrete actions and autoreset mode SAME_STEP. An episode that is cut counts
    as ended, as most single files have it: that saves them the values of last observations.
    """
    torch.manual_seed(seed)
    n_envs, n_in, n_out = env.num_envs, env.single_observation_space.shape[0], int(env.single_action_space.n)
    actor, critic = perceptron(n_in, hidden, n_out, 0.01).to(device), perceptron(n_in, hidden, 1, 1.0).to(device)
    parameters = [*actor.parameters(), *critic.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=lr, eps=1e-5, fused=True)
    obs = torch.empty(rollout_bars + 1, n_envs, n_in, device=device)
    actions = torch.empty(rollout_bars, n_envs, dtype=torch.int64, device=device)
    log_probs, rewards, ended = (torch.empty(rollout_bars, n_envs, device=device) for _ in range(3))
    seen, _ = env.reset(seed=seed)
    for _ in range(iterations):
        began = clock()
        with torch.inference_mode():
            for t in range(rollout_bars):
                obs[t] = torch.from_numpy(seen)
                logits = functional.log_softmax(actor(obs[t]), -1)
                actions[t] = (logits - torch.empty_like(logits).exponential_().log_()).argmax(-1)
                log_probs[t] = logits.gather(1, actions[t][:, None])[:, 0]
                seen, paid, terminated, truncated, _ = env.step(actions[t].cpu().numpy())
                rewards[t], ended[t] = torch.from_numpy(paid), torch.from_numpy(terminated | truncated)
            obs[rollout_bars] = torch.from_numpy(seen)
        sampled = clock()
        with torch.inference_mode():
            values = critic(obs.flatten(0, 1)).view(rollout_bars + 1, n_envs)
            advantages, carried = torch.empty_like(rewards), torch.zeros(n_envs, device=device)
            for t in reversed(range(rollout_bars)):
                alive = 1.0 - ended[t]
                delta = reward_scale * rewards[t] + gamma * values[t + 1] * alive - values[t]
                advantages[t] = carried = delta + gamma * gae_lambda * alive * carried
            returns = (advantages + values[:-1]).flatten()
            advantages = ((advantages - advantages.mean()) / advantages.std().clamp(min=1e-4)).flatten()
        x, chosen, before = obs[:-1].flatten(0, 1).clone(), actions.flatten().clone(), log_probs.flatten().clone()
        returns, advantages = returns.clone(), advantages.clone()
        for _ in range(epochs):
            for part in torch.randperm(len(x), device=device).split(minibatch):
                logits = functional.log_softmax(actor(x[part]), -1)
                ratio = (logits.gather(1, chosen[part, None])[:, 0] - before[part]).exp()
                gained = advantages[part]
                policy = -torch.min(gained * ratio, gained * ratio.clamp(1.0 - clip, 1.0 + clip)).mean()
                entropy = -(logits.exp() * logits).sum(-1).mean()
                missed = (critic(x[part])[:, 0] - returns[part]).square().mean()
                optimiser.zero_grad()
                (policy + value_coefficient * missed - entropy_coefficient * entropy).backward()
                nn.utils.clip_grad_norm_(parameters, grad_clip)
                optimiser.step()
        yield Seconds(sampled - began, clock() - sampled)
