"""RLlib's module of the fast DQN: our Q-network and its slowly moving copy."""

from copy import deepcopy
from typing import Any

import torch
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import Tensor, nn

from ...agents.networks.network import NetworkSettings, build_network

__all__ = ["DQNModule", "epsilon"]

ILLEGAL = -1e8  # values below are those of actions that the observation's mask forbids


def epsilon(steps: int, end: float, over: int) -> float:
    """Return the share of random actions after `steps` environment steps: linear from 1 to `end` over `over` of them."""
    return 1.0 + min(1.0, steps / max(1, over)) * (end - 1.0)


class DQNModule(TorchRLModule):  # type: ignore[misc]
    """`net` learns, `target` follows; what a bundle stores is the state_dict of `net`.

    `model_config` carries `network` (as `NetworkSettings.plain` wrote it), `seed`, `epsilon_end` and `epsilon_steps`.
    """

    def setup(self) -> None:
        """Build both networks."""
        self.net: Any = build_network(NetworkSettings.of(self.model_config["network"]), self.model_config["seed"])
        self.target: nn.Module = deepcopy(self.net).requires_grad_(False)

    @property
    def player(self) -> nn.Module:
        """What decides where it is played: its weights travel to remote runners."""
        player: nn.Module = self.net
        return player

    def catch_up(self) -> None:
        """Let `target` be what it follows."""
        self.target.load_state_dict(self.net.state_dict())

    def explore(self, obs: Tensor, steps: int) -> Tensor:
        """Return actions (B,): the best, or a random one of those allowed with the chance `epsilon`."""
        values = self.net(obs)
        drawn = torch.rand(len(obs), values.shape[1] + 1, device=obs.device)
        random = drawn[:, 1:].masked_fill(values < ILLEGAL, -1.0).argmax(dim=1)
        share = epsilon(steps, self.model_config["epsilon_end"], self.model_config["epsilon_steps"])
        return torch.where(drawn[:, 0] < share, random, values.argmax(dim=1))

    def _forward(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {Columns.ACTION_DIST_INPUTS: self.net(batch[Columns.OBS])}
