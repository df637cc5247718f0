"""RLlib's learner of the fast SAC."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...agents.distribution import SquashedGaussian
from .off_policy_update import OffPolicyUpdate, learned
from .sac_loss import actor_loss, alpha_loss, critic_loss, critic_targets

__all__ = ["SACUpdate"]


class SACUpdate(OffPolicyUpdate):
    """Critics, actor, temperature and the critics' copy, once each an update."""

    def prepare(self) -> None:
        """See `OffPolicyUpdate.prepare`."""
        self._groups = self.groups(self.net)
        self._n_actions = self.net.model_config["network"]["n_out"]
        asked = self.training.target_entropy
        self._target_entropy = -float(self._n_actions) if asked is None else asked
        self._targets, self._critic_loss, self._actor_loss = map(self.compiled, (critic_targets, critic_loss, actor_loss))
        self._followed = list(self.net.net.critic.parameters()), list(self.net.target.parameters())

    def tags(self) -> tuple[str, ...]:
        """See `OffPolicyUpdate.tags`."""
        return ("learn/total_loss", "learn/critic_loss", "learn/actor_loss", "learn/temperature", "learn/q_mean", "learn/td_error",
                "learn/entropy", "learn/gradient_norm")

    def groups(self, module: Any) -> dict[str, list[nn.Parameter]]:
        """See `OffPolicyUpdate.groups`."""
        net = module.net
        return {"actor": learned(net.actor), "critic": learned(net.critic), "alpha": [module.log_alpha]}

    def learn(self, batch: Mapping[str, Tensor], steps: int) -> tuple[np.ndarray, Tensor]:
        """Follow each gradient once; source: Haarnoja et al. 2018, Soft actor-critic algorithms and applications, algorithm 1."""
        net, alpha = self.net.net, self.net.log_alpha.detach().exp()
        noise = torch.randn(2, len(batch["rewards"]), self._n_actions, device=alpha.device)
        goal = self._targets(net.actor, self.net.target, batch, alpha, noise[0])
        critic = self._critic_loss(net.critic, batch, goal)
        norm = self._follow("critic", critic.loss)
        actor = self._actor_loss(net.actor, net.critic, batch["obs"], alpha, noise[1])
        forecast = self.forecast(batch["obs"])
        self._follow("actor", self.with_forecast(actor.loss, forecast))
        self._follow("alpha", alpha_loss(self.net.log_alpha, actor.log_prob, self._target_entropy))
        with torch.no_grad():
            torch._foreach_lerp_(self._followed[1], self._followed[0], self.training.tau)
        loss, policy = critic.loss.detach(), actor.loss.detach()
        told = tuple(one.detach() for one in forecast)
        total = self.with_forecast(loss + policy, told)
        means = [total, loss, policy, alpha, critic.values.mean(), critic.errors.abs().mean(), -actor.log_prob.mean(), norm]
        return critic.errors.cpu().numpy(), torch.stack([*means, *told])

    def compute_loss_for_module(self, *, module_id: str, config: Any, batch: Mapping[str, Tensor], fwd_out: Any) -> Tensor:
        """Return the critics' and the actor's loss of a batch of `Batch`'s columns, added, as RLlib asks for it."""
        module = self.module[module_id]
        alpha, noise = module.log_alpha.detach().exp(), SquashedGaussian.noise(module.net.actor(batch["obs"]))
        goal = critic_targets(module.net.actor, module.target, batch, alpha, noise)
        critic = critic_loss(module.net.critic, batch, goal).loss
        return critic + actor_loss(module.net.actor, module.net.critic, batch["obs"], alpha, noise).loss

    def _follow(self, name: str, loss: Tensor) -> Tensor:
        """Move one group of weights along the gradient of `loss`, of which no other weight gets a part; return its norm."""
        weights: Sequence[nn.Parameter] = self._groups[name]
        for weight, gradient in zip(weights, torch.autograd.grad(loss, weights, allow_unused=True), strict=True):
            weight.grad = gradient
        norm = self.clip(weights)
        self.get_optimizer(optimizer_name=name).step()
        return norm
