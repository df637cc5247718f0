"""Our actor-critic as the PPO of stable-baselines3 wants it."""

from typing import Any

import torch
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor

from ...agents.distribution import distribution_of
from ...agents.networks.actor_critic import ActorCritic
from ...agents.networks.network import build_network
from ...agents.networks.settings import NetworkSettings
from .optimiser import ClippedAdam

__all__ = ["ActorCriticPolicy"]


class ActorCriticPolicy(BasePolicy):  # type: ignore[misc]
    """The plain network stands in `net`; its state_dict is what a bundle stores.

    Args:
        observation_space: Of flat observations.
        action_space: Box of [-1, 1], or Discrete.
        lr_schedule: Learning rate, a function that ignores its argument.
        network: What to build.
        seed: Of the first weights.
        max_norm: Largest norm of the gradient; None: any.
        use_sde: False; stable-baselines3 passes it.
    """

    def __init__(
        self, observation_space: Any, action_space: Any, lr_schedule: Any, use_sde: bool = False, *, network: NetworkSettings,
        seed: int, max_norm: float | None,
    ) -> None:  # fmt: skip
        super().__init__(observation_space, action_space)
        net = build_network(network, seed)
        assert isinstance(net, ActorCritic)
        self.net, self.distribution = net, distribution_of(network)
        self.continuous = network.continuous
        self.optimizer = ClippedAdam(self.net.parameters(), lr_schedule(1), max_norm)

    def forward(self, obs: Tensor, deterministic: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """Return actions, values (N,) and log probabilities (N,) of observations (N, n_in)."""
        inputs, value = self.net.both(obs)
        actions = self._act(inputs, deterministic)
        return actions, value, self.distribution.log_prob(inputs, actions)

    def evaluate_actions(self, obs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return values, log probabilities and entropies, each (N,)."""
        inputs, value = self.net.both(obs)
        return value, self.distribution.log_prob(inputs, actions), self.distribution.entropy(inputs)

    def predict_values(self, obs: Tensor) -> Tensor:
        """Return values, (N,)."""
        value: Tensor = self.net.value(obs)
        return value

    def _predict(self, observation: Tensor, deterministic: bool = False) -> Tensor:
        return self._act(self.net(observation), deterministic)

    def _act(self, inputs: Tensor, deterministic: bool) -> Tensor:
        if not deterministic:
            return self.distribution.sample(inputs, self.distribution.noise(inputs))
        return inputs.chunk(2, -1)[0] if self.continuous else torch.argmax(inputs, -1)
