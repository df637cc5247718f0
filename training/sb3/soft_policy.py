"""Our soft actor-critic as the SAC of stable-baselines3 wants it."""

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor, nn

from ...agents.distribution import SquashedGaussian
from ...agents.networks.network import build_network
from ...agents.networks.settings import NetworkSettings
from ...agents.networks.soft_actor_critic import SoftActorCritic
from .optimiser import ClippedAdam

__all__ = ["SoftPolicy"]


class SoftPolicy(BasePolicy):  # type: ignore[misc]
    """Actor, critics and the slowly moving critics; `net` is the plain network, whose state_dict is what a bundle stores.

    Arguments are those of `ActorCriticPolicy`; actor and critics are clipped each by itself.
    """

    def __init__(
        self, observation_space: Any, action_space: Any, lr_schedule: Any, use_sde: bool = False, *, network: NetworkSettings,
        seed: int, max_norm: float | None,
    ) -> None:  # fmt: skip
        super().__init__(observation_space, action_space)
        net = build_network(network, seed)
        assert isinstance(net, SoftActorCritic)
        self._net = (net,)  # in a tuple its weights are not listed twice
        self.actor, self.critic = Actor(net.actor, lr_schedule(1), max_norm), Critic(net.critic)
        self.critic_target = Critic(deepcopy(net.critic))
        self.critic.optimizer = ClippedAdam(self.critic.parameters(), lr_schedule(1), max_norm)

    @property
    def net(self) -> SoftActorCritic:
        """The plain network."""
        return self._net[0]

    def forward(self, obs: Tensor, deterministic: bool = False) -> Tensor:
        """Return actions in [-1, 1], (N, n_out)."""
        return self._predict(obs, deterministic)

    def scale_action(self, action: np.ndarray) -> np.ndarray:
        """Return the action: our continuous actions are boxes of [-1, 1] already."""
        return action

    def unscale_action(self, scaled_action: np.ndarray) -> np.ndarray:
        """Return the action, see `scale_action`."""
        return scaled_action

    def _predict(self, observation: Tensor, deterministic: bool = False) -> Tensor:
        return self.net.answer(observation) if deterministic else self.actor.action_log_prob(observation)[0]


class Actor(nn.Module):
    """Draws actions and tells their log densities."""

    def __init__(self, net: nn.Module, lr: float, max_norm: float | None) -> None:
        super().__init__()
        self.net = net
        self.optimizer = ClippedAdam(net.parameters(), lr, max_norm)

    def action_log_prob(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Return actions (N, n_out) and their log densities (N,)."""
        inputs = self.net(obs)
        return SquashedGaussian.sample_and_log_prob(inputs, torch.randn_like(inputs.chunk(2, -1)[0]))


class Critic(nn.Module):
    """Both values of an action, each (N, 1)."""

    optimizer: ClippedAdam

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, obs: Tensor, actions: Tensor) -> tuple[Tensor, ...]:
        """Return both values of actions (N, n_out) at observations (N, n_in)."""
        values: Tensor = self.net(obs, actions)
        return values[..., None].unbind(0)
