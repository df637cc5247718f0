"""RLlib's module of the fast SAC: our actor and twin critic, the critic's slowly moving copy, the temperature."""

import math
from copy import deepcopy
from typing import Any

import torch
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import Tensor, nn

from ...agents.distribution import SquashedGaussian
from ...agents.networks.network import NetworkSettings, build_network
from ...agents.networks.soft_actor_critic import SoftActorCritic

__all__ = ["SACModule"]


class SACModule(TorchRLModule):  # type: ignore[misc]
    """`net` holds `actor` and `critic`; what a bundle stores is its state_dict.

    `model_config` carries `network` (as `NetworkSettings.plain` wrote it), `seed`, `temperature` (the first) and `learning_starts`.
    """

    def setup(self) -> None:
        """Build networks and temperature."""
        net = build_network(NetworkSettings.of(self.model_config["network"]), self.model_config["seed"])
        assert isinstance(net, SoftActorCritic)
        self.net = net
        self.target = deepcopy(self.net.critic).requires_grad_(False)
        self.log_alpha = nn.Parameter(torch.tensor(math.log(self.model_config["temperature"])))

    @property
    def player(self) -> nn.Module:
        """What decides where it is played: its weights travel to remote runners."""
        return self.net.actor

    def catch_up(self) -> None:
        """Let `target` be what it follows."""
        self.target.load_state_dict(self.net.critic.state_dict())

    def explore(self, obs: Tensor, steps: int) -> Tensor:
        """Return actions (B, n) as the actor draws them; uniform ones until `learning_starts` steps have been played."""
        inputs = self.net.actor(obs)
        noise = SquashedGaussian.noise(inputs)
        if steps < self.model_config["learning_starts"]:
            return torch.rand_like(noise) * 2.0 - 1.0
        return SquashedGaussian.sample(inputs, noise)

    def _forward(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {Columns.ACTION_DIST_INPUTS: self.net.actor(batch[Columns.OBS])}
