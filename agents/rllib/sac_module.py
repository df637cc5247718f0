"""Our soft actor-critic as RLlib's SAC wants it."""

from typing import Any

import torch
from ray.rllib.algorithms.sac.sac_learner import QF_PREDS, QF_TWIN_PREDS
from ray.rllib.core.columns import Columns
from ray.rllib.core.distribution.torch.torch_distribution import TorchSquashedGaussian
from ray.rllib.core.learner.utils import make_target_network
from ray.rllib.core.rl_module.apis import InferenceOnlyAPI, QNetAPI, TargetNetworkAPI
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import Tensor, nn

from ...agents.distribution import SquashedGaussian
from ..networks.network import NetworkSettings, build_network
from ..networks.soft_actor_critic import SoftActorCritic

__all__ = ["SACModule"]


class SACModule(TorchRLModule, InferenceOnlyAPI, TargetNetworkAPI, QNetAPI):  # type: ignore[misc]
    """The plain network stands in `net`, the slowly moving copy of its critics in `target`, which the learner alone has.

    `model_config` carries `network` (as `NetworkSettings.plain` wrote it) and `seed`.
    """

    net: SoftActorCritic

    def setup(self) -> None:
        """Build the network."""
        net = build_network(NetworkSettings.of(self.model_config["network"]), self.model_config["seed"])
        assert isinstance(net, SoftActorCritic)
        self.net, self.action_dist_cls = net, TorchSquashedGaussian

    @property
    def pi(self) -> nn.Module:
        """The actor, by the name under which RLlib's learner looks for what an optimiser moves; the other three alike."""
        return self.net.actor

    @property
    def qf(self) -> nn.Module:
        """The first critic."""
        return self.net.critic.first

    @property
    def qf_twin(self) -> nn.Module:
        """The second critic."""
        return self.net.critic.second

    @property
    def pi_encoder(self) -> nn.Module:
        """Nothing: bodies are part of actor and critics."""
        return nn.Identity()

    qf_encoder = qf_twin_encoder = pi_encoder

    def _forward(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {Columns.ACTION_DIST_INPUTS: self.net(batch[Columns.OBS])}

    def _forward_train(self, batch: dict[str, Any], **_: Any) -> dict[str, Any]:
        here, there = batch[Columns.OBS], batch[Columns.NEXT_OBS]
        taken = self.net.critic(here, batch[Columns.ACTIONS])
        inputs = self.net.actor(here)
        actions, log_prob = SquashedGaussian.sample_and_log_prob(inputs, SquashedGaussian.noise(inputs))
        with torch.no_grad():
            next_inputs = self.net.actor(there)
            following, next_log_prob = SquashedGaussian.sample_and_log_prob(next_inputs, SquashedGaussian.noise(next_inputs))
            next_value = self.target(there, following).min(0).values
        return {
            QF_PREDS: taken[0],
            QF_TWIN_PREDS: taken[1],
            Columns.ACTION_DIST_INPUTS: inputs,
            "logp_resampled": log_prob,
            "q_curr": self._judged(here, actions),
            "logp_next_resampled": next_log_prob,
            "q_target_next": next_value,
        }

    def _judged(self, flat: Tensor, actions: Tensor) -> Tensor:
        """Return the smaller value of actions; gradients reach the actions and not the critics."""
        weights = [weight for weight in self.net.critic.parameters() if weight.requires_grad]
        for weight in weights:
            weight.requires_grad_(False)
        judged = self.net.q(flat, actions).amin(0)
        for weight in weights:
            weight.requires_grad_(True)
        return judged

    def compute_q_values(self, batch: dict[str, Any]) -> Tensor:
        """Return the smaller of both critics' values of the actions, (B,)."""
        return self.net.q(batch[Columns.OBS], batch[Columns.ACTIONS]).amin(0)

    def forward_target(self, batch: dict[str, Any]) -> Tensor:
        """Return the smaller of both target critics' values of the actions, (B,)."""
        values: Tensor = self.target(batch[Columns.OBS], batch[Columns.ACTIONS])
        return values.amin(0)

    def make_target_networks(self) -> None:
        """Copy the critics; RLlib's learner calls this once."""
        self.target = make_target_network(self.net.critic)

    def get_target_network_pairs(self) -> list[tuple[Any, Any]]:
        """Return what follows what."""
        return [(self.net.critic, self.target)]

    def get_non_inference_attributes(self) -> list[str]:
        """Return what environment runners do without."""
        return ["target"]
