"""The losses of soft actor-critic: twin critics, a squashed Gaussian actor, a learned temperature."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...agents.distribution import SquashedGaussian

__all__ = ["ActorLoss", "CriticLoss", "actor_loss", "alpha_loss", "critic_loss", "critic_targets"]

Actor = Any  # a module from observations (B, D) to means and log deviations (B, 2 n)
Critic = Any  # a module from observations (B, D) and actions (B, n) to two values of each, (2, B)


class CriticLoss(NamedTuple):
    """What one batch says to the critics.

    Attributes:
        loss: Mean weighted squared error of both, added.
        errors: How far both values are from the target, mean of the two distances, (B,): errors of opposite sign do not cancel.
        values: Of the actions that were taken, mean of both, (B,).
    """

    loss: Tensor
    errors: Tensor
    values: Tensor


class ActorLoss(NamedTuple):
    """What one batch says to the actor.

    Attributes:
        loss: Mean of alpha log pi - Q.
        log_prob: Of the actions drawn anew, (B,), without gradient.
    """

    loss: Tensor
    log_prob: Tensor


@torch.no_grad()
def critic_targets(actor: Actor, target: Critic, batch: Mapping[str, Tensor], alpha: Tensor, noise: Tensor) -> Tensor:
    """Return r + gamma^k (min Q'(s', a') - alpha log pi(a' | s')) where the episode goes on, r where it has ended, (B,).

    a' is drawn from the actor by `noise` (B, n). Source: Haarnoja et al. 2018, Soft actor-critic algorithms and applications, eq. 3
    and section 5; of n steps only the last one's entropy counts.
    """
    reached = batch["next_obs"]
    actions, log_prob = SquashedGaussian.sample_and_log_prob(actor(reached), noise)
    following = target(reached, actions).min(dim=0).values - alpha * log_prob
    return batch["rewards"] + batch["discounts"] * torch.where(batch["terminated"], 0.0, following)


def critic_loss(critic: Critic, batch: Mapping[str, Tensor], goal: Tensor) -> CriticLoss:
    """Return the loss of both critics against targets (B,)."""
    values = critic(batch["obs"], batch["actions"])
    errors = values - goal
    loss = 0.5 * (batch["weights"] * errors.square()).mean(dim=1).sum()
    return CriticLoss(loss, errors.detach().abs().mean(dim=0), values.detach().mean(dim=0))


def actor_loss(actor: Actor, critic: Critic, obs: Tensor, alpha: Tensor, noise: Tensor) -> ActorLoss:
    """Return the loss of the actor at observations (B, D) with actions drawn by `noise` (B, n). Source: as above, eq. 7."""
    actions, log_prob = SquashedGaussian.sample_and_log_prob(actor(obs), noise)
    worth = critic(obs, actions).min(dim=0).values
    return ActorLoss((alpha * log_prob - worth).mean(), log_prob.detach())


def alpha_loss(log_alpha: Tensor, log_prob: Tensor, target_entropy: float) -> Tensor:
    """Return the loss of the temperature's logarithm: it rises while the entropy is below its target. Source: as above, eq. 18."""
    return -(log_alpha * (log_prob + target_entropy)).mean()
