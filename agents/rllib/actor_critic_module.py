"""Our actor-critic as RLlib's PPO wants it."""

from typing import Any

import torch
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.apis import ValueFunctionAPI
from ray.rllib.core.rl_module.torch import TorchRLModule

from ..networks.actor_critic import ActorCritic
from ..networks.network import NetworkSettings, build_network

__all__ = ["ActorCriticModule"]


class ActorCriticModule(TorchRLModule, ValueFunctionAPI):  # type: ignore[misc]
    """The plain network stands in `net`; its state_dict is what a bundle stores.

    `model_config` carries `network` (as `NetworkSettings.plain` wrote it) and `seed`.
    """

    net: ActorCritic

    def setup(self) -> None:
        """Build the network."""
        net = build_network(NetworkSettings.of(self.model_config["network"]), self.model_config["seed"])
        assert isinstance(net, ActorCritic)
        self.net = net

    def _forward(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {Columns.ACTION_DIST_INPUTS: self.net(batch[Columns.OBS])}

    def compute_values(self, batch: dict[str, Any], embeddings: Any = None) -> torch.Tensor:
        """Return the critic's values, shape (B,)."""
        return self.net.value(batch[Columns.OBS])
