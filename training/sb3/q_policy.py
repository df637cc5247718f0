"""Our action values as the DQN of stable-baselines3 wants them."""

from copy import deepcopy
from typing import Any

import torch
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor, nn

from ...agents.networks.network import build_network
from ...agents.networks.settings import NetworkSettings
from .optimiser import ClippedAdam

__all__ = ["QPolicy"]


class QPolicy(BasePolicy):  # type: ignore[misc]
    """The plain network stands in `q_net`; its state_dict is what a bundle stores.

    Args:
        observation_space: Of flat observations.
        action_space: Discrete.
        lr_schedule: Learning rate, a function that ignores its argument.
        network: What to build.
        seed: Of the first weights.
        max_norm: Largest norm of the gradient; None: any.
        double: Whether the next action is chosen by the network that learns, and only judged by the target network.
    """

    def __init__(
        self, observation_space: Any, action_space: Any, lr_schedule: Any, *, network: NetworkSettings, seed: int,
        max_norm: float | None, double: bool,
    ) -> None:  # fmt: skip
        super().__init__(observation_space, action_space)
        self.q_net = build_network(network, seed)
        self.q_net_target = Target(self.q_net, double=double)
        self.optimizer = ClippedAdam(self.q_net.parameters(), lr_schedule(1), max_norm)

    def forward(self, obs: Tensor, deterministic: bool = True) -> Tensor:
        """Return the greedy actions, int64 (N,)."""
        return self._predict(obs, deterministic)

    def _predict(self, observation: Tensor, deterministic: bool = True) -> Tensor:
        return torch.argmax(self.q_net(observation), -1)


class Target(nn.Module):
    """What a next observation is worth, (N, 1) or (N, n): the caller takes the largest of a row.

    Source: van Hasselt, Guez & Silver 2016, Deep reinforcement learning with double Q-learning, eq. 4.
    """

    def __init__(self, online: nn.Module, *, double: bool) -> None:
        super().__init__()
        self.net, self.is_double = deepcopy(online), double
        self._online = (online,)  # in a tuple its parameters are not among ours

    def forward(self, obs: Tensor) -> Tensor:
        """Return the values of all actions, or that of the action which the learning network prefers."""
        values: Tensor = self.net(obs)
        if not self.is_double:
            return values
        return values.gather(-1, self._online[0](obs).argmax(-1, keepdim=True))
