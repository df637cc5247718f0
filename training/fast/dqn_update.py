"""RLlib's learner of the fast DQN."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .dqn_loss import dqn_loss
from .off_policy_update import OffPolicyUpdate, learned

__all__ = ["DQNUpdate"]


class DQNUpdate(OffPolicyUpdate):
    """Double, duelling, over n steps, by priority: as the job says."""

    def prepare(self) -> None:
        """See `OffPolicyUpdate.prepare`."""
        self._weights = self.groups(self.net)["q"]
        self._copied_at = 0
        self._loss = self.compiled(dqn_loss)

    def tags(self) -> tuple[str, ...]:
        """See `OffPolicyUpdate.tags`."""
        return ("learn/total_loss", "learn/q_loss", "learn/q_mean", "learn/td_error", "learn/gradient_norm")

    def groups(self, module: Any) -> dict[str, list[nn.Parameter]]:
        """See `OffPolicyUpdate.groups`."""
        return {"q": learned(module.net)}

    def learn(self, batch: Mapping[str, Tensor], steps: int) -> tuple[np.ndarray, Tensor]:
        """Follow the gradient once, and copy the network every `target_update_steps` environment steps."""
        optimizer = self.get_optimizer(optimizer_name="q")
        found = self._loss(self.net.net, self.net.target, batch, self.training.double)
        forecast = self.forecast(batch["obs"])
        total = self.with_forecast(found.loss, forecast)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        norm = self.clip(self._weights)
        optimizer.step()
        if steps - self._copied_at >= self.training.target_update_steps:
            self.net.catch_up()
            self._copied_at = steps
        loss = found.loss.detach()
        means = [total.detach(), loss, found.values.mean(), found.errors.abs().mean(), norm]
        figures = torch.stack([*means, *(one.detach() for one in forecast)])
        return found.errors.cpu().numpy(), figures

    def compute_loss_for_module(self, *, module_id: str, config: Any, batch: Mapping[str, Tensor], fwd_out: Any) -> Tensor:
        """Return the loss of a batch of `Batch`'s columns, as RLlib asks for it."""
        module = self.module[module_id]
        return dqn_loss(module.net, module.target, batch, self.training.double).loss

    def state(self) -> dict[str, Any]:
        """See `OffPolicyUpdate.state`."""
        return {**super().state(), "copied_at": self._copied_at}

    def load(self, state: dict[str, Any]) -> None:
        """See `OffPolicyUpdate.load`."""
        super().load(state)
        self._copied_at = state["copied_at"]
