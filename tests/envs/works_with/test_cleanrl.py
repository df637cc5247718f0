"""A PPO loop in one file, as CleanRL has it, over a SAME_STEP batch: it learns what is to be learnt."""

import gymnasium
import numpy as np
import torch
from torch import nn

import quantgym  # noqa: F401

N_ENVS, N_STEPS, N_UPDATES = 32, 32, 10
GAMMA, GAE_LAMBDA, CLIP, EPOCHS, MINIBATCHES = 0.5, 0.95, 0.2, 4, 4


class Agent(nn.Module):
    def __init__(self, n_inputs, n_actions):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(n_inputs, 32), nn.Tanh(), nn.Linear(32, n_actions))
        self.critic = nn.Sequential(nn.Linear(n_inputs, 32), nn.Tanh(), nn.Linear(32, 1))

    def value(self, seen):
        return self.critic(seen).squeeze(-1)

    def policy(self, seen):
        return torch.distributions.Categorical(logits=self.actor(seen))


def rollout(envs, agent, seen):
    """Return the steps of one rollout and the observations after it; `reached` is the true next observation of every step."""
    steps = {name: [] for name in ("seen", "action", "logprob", "reward", "reached", "terminated", "done")}
    for _ in range(N_STEPS):
        with torch.no_grad():
            policy = agent.policy(torch.from_numpy(seen))
            action = policy.sample()
        following, reward, terminated, truncated, info = envs.step(action.numpy())
        reached = following.copy()
        for e in np.flatnonzero(terminated | truncated):
            reached[e] = info["final_obs"][e]  # not the first one of the next episode
        given = (seen, action, policy.log_prob(action), reward * 100.0, reached, terminated, terminated | truncated)
        for name, value in zip(steps, given, strict=True):
            steps[name].append(torch.as_tensor(value))
        seen = following
    return {name: torch.stack(values) for name, values in steps.items()}, seen


def advantages(agent, steps):
    """Return generalised advantages (T, E) and returns: a truncated episode is worth what its last observation is worth."""
    with torch.no_grad():
        value, after = agent.value(steps["seen"]), agent.value(steps["reached"])
    carried, out = torch.zeros(N_ENVS), torch.zeros(N_STEPS, N_ENVS)
    for t in reversed(range(N_STEPS)):
        delta = steps["reward"][t].float() + GAMMA * after[t] * ~steps["terminated"][t] - value[t]
        carried = delta + GAMMA * GAE_LAMBDA * carried * ~steps["done"][t]
        out[t] = carried
    return out, out + value


def learn(agent, optimiser, steps):
    gained, returns = advantages(agent, steps)
    flat = {name: steps[name].flatten(0, 1) for name in ("seen", "action", "logprob")}
    gained, returns = gained.flatten(), returns.flatten()
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(gained)).chunk(MINIBATCHES):
            policy = agent.policy(flat["seen"][chosen])
            ratio = (policy.log_prob(flat["action"][chosen]) - flat["logprob"][chosen]).exp()
            gain = (gained[chosen] - gained[chosen].mean()) / (gained[chosen].std() + 1e-8)
            surrogate = torch.min(gain * ratio, gain * ratio.clamp(1.0 - CLIP, 1.0 + CLIP)).mean()
            error = (agent.value(flat["seen"][chosen]) - returns[chosen]).square().mean()
            loss = -surrogate + 0.5 * error - 0.01 * policy.entropy().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()


def test_it_comes_near_to_the_best_policy_of_a_known_world():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    envs = gymnasium.make_vec("quantgym/Leak-v0", num_envs=N_ENVS, episode_bars=16)
    agent = Agent(envs.single_observation_space.shape[0], envs.single_action_space.n)
    optimiser = torch.optim.Adam(agent.parameters(), lr=5e-3)
    seen, _ = envs.reset(seed=0)
    for _ in range(N_UPDATES):
        steps, seen = rollout(envs, agent, seen)
        learn(agent, optimiser, steps)
    steps, _ = rollout(envs, agent, seen)
    best = envs.unwrapped.optimal_value() / 16.0
    # the last of ten rollouts still explores; a random policy earns about 0
    assert float(steps["reward"].mean()) / 100.0 > 0.6 * best
    assert int(steps["done"].sum()) == N_ENVS * 2  # 32 steps are two episodes of 16


def test_the_last_observation_is_not_the_first_of_the_next_episode():
    torch.manual_seed(0)
    envs = gymnasium.make_vec("quantgym/Leak-v0", num_envs=N_ENVS, episode_bars=16)
    agent = Agent(envs.single_observation_space.shape[0], envs.single_action_space.n)
    steps, _ = rollout(envs, agent, envs.reset(seed=0)[0])
    assert steps["done"][15].all()
    assert not torch.equal(steps["reached"][15], steps["seen"][16])
    assert torch.equal(steps["reached"][14], steps["seen"][15])
