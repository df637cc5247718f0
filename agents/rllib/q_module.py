"""Our Q-network as RLlib's DQN wants it."""

from typing import Any

import torch
from ray.rllib.algorithms.dqn.dqn_learner import QF_NEXT_PREDS, QF_PREDS, QF_TARGET_NEXT_PREDS
from ray.rllib.core.columns import Columns
from ray.rllib.core.learner.utils import make_target_network
from ray.rllib.core.rl_module.apis import InferenceOnlyAPI, QNetAPI, TargetNetworkAPI
from ray.rllib.core.rl_module.torch import TorchRLModule

from ..networks.features import ILLEGAL
from ..networks.network import NetworkSettings, build_network
from ..networks.q_network import QNetwork

__all__ = ["QModule"]


class QModule(TorchRLModule, InferenceOnlyAPI, TargetNetworkAPI, QNetAPI):  # type: ignore[misc]
    """The plain network stands in `net`, its slowly moving copy in `target`, which the learner alone has.

    `model_config` carries `network` (as `NetworkSettings.plain` wrote it), `seed`, `double`, `epsilon_end` and `epsilon_steps`:
    exploration falls linearly from 1 to `epsilon_end` over `epsilon_steps` environment steps.
    """

    net: QNetwork

    def setup(self) -> None:
        """Build the network."""
        net = build_network(NetworkSettings.of(self.model_config["network"]), self.model_config["seed"])
        assert isinstance(net, QNetwork)
        self.net = net
        self._explored: int | None = None

    def epsilon(self, step: int) -> float:
        """Return the share of random actions after `step` environment steps."""
        share = min(1.0, step / max(1, self.model_config["epsilon_steps"]))
        return float(1.0 + share * (self.model_config["epsilon_end"] - 1.0))

    def _forward_inference(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        with torch.no_grad():
            return {Columns.ACTIONS: self.net(batch[Columns.OBS]).argmax(dim=-1)}

    def _forward_exploration(self, batch: dict[str, Any], t: int = 0, **_: Any) -> dict[str, Any]:
        """Act by epsilon. RLlib's `t` begins again at the iteration's first step in each fragment; none lies before the last."""
        with torch.no_grad():
            values = self.net(batch[Columns.OBS])
        greedy = values.argmax(dim=-1)
        random = torch.rand(values.shape).masked_fill(values <= ILLEGAL, -1.0).argmax(dim=-1)
        self._explored = t if self._explored is None else max(t, self._explored + len(greedy))
        explore = torch.rand(greedy.shape) < self.epsilon(self._explored)
        return {Columns.ACTIONS: torch.where(explore, random, greedy)}

    def _forward_train(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        out = {QF_PREDS: self.net(batch[Columns.OBS])}
        with torch.no_grad():
            if self.model_config["double"]:
                out[QF_NEXT_PREDS] = self.net(batch[Columns.NEXT_OBS])
            out[QF_TARGET_NEXT_PREDS] = self.target(batch[Columns.NEXT_OBS])
        return out

    def compute_q_values(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return action values (B, n) under RLlib's name for them."""
        return {QF_PREDS: self.net(batch[Columns.OBS])}

    def forward_target(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return the target network's action values (B, n)."""
        return {QF_PREDS: self.target(batch[Columns.OBS])}

    def make_target_networks(self) -> None:
        """Copy the network; RLlib's learner calls this once."""
        self.target = make_target_network(self.net)

    def get_target_network_pairs(self) -> list[tuple[Any, Any]]:
        """Return what follows what."""
        return [(self.net, self.target)]

    def get_non_inference_attributes(self) -> list[str]:
        """Return what environment runners do without."""
        return ["target"]
