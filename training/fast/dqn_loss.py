"""The loss of DQN: double or not, over n steps, weighted."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["DQNLoss", "dqn_loss", "dqn_targets"]

Net = Any  # a module from observations (B, D) to action values (B, n)


class DQNLoss(NamedTuple):
    """What one batch says.

    Attributes:
        loss: Mean weighted Huber loss.
        errors: Value minus target, (B,).
        values: Of the actions that were taken, (B,).
    """

    loss: Tensor
    errors: Tensor
    values: Tensor


@torch.no_grad()
def dqn_targets(net: Net, target: Net, batch: Mapping[str, Tensor], double: bool) -> Tensor:
    """Return r + gamma^k Q'(s', a') where the episode goes on, r where it has ended, (B,).

    a' is the best action by `net` where `double` (van Hasselt, Guez & Silver 2016, eq. 4), else by `target` (Mnih et al. 2015);
    Q' is `target` in both.
    """
    reached = batch["next_obs"]
    worth = target(reached)
    if double:
        best = net(reached).argmax(dim=1, keepdim=True)
        following = worth.gather(1, best).squeeze(1)
    else:
        following = worth.max(dim=1).values
    return batch["rewards"] + batch["discounts"] * torch.where(batch["terminated"], 0.0, following)


def dqn_loss(net: Net, target: Net, batch: Mapping[str, Tensor], double: bool) -> DQNLoss:
    """Return the loss of a batch of `Batch`'s columns; its gradient is that of `net` alone."""
    goal = dqn_targets(net, target, batch, double)
    values = net(batch["obs"]).gather(1, batch["actions"][:, None]).squeeze(1)
    loss = (batch["weights"] * functional.huber_loss(values, goal, reduction="none")).mean()
    return DQNLoss(loss, (values - goal).detach(), values.detach())
