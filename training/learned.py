"""What every learner does with its network: hand out what was learned, and stop where it is no longer finite."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..agents.network_policy import NetworkPolicy
from ..agents.networks.network import load_weights
from .learner import NotFiniteError
from .preparation import Prepared

__all__ = ["check_finite", "copied_weights", "policy_of"]


def copied_weights(network: nn.Module) -> dict[str, Tensor]:
    """Return copies of a network's weights by name, on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}


def policy_of(prepared: Prepared, weights: Mapping[str, Tensor]) -> NetworkPolicy:
    """Return the policy of a job's network with these weights, which needs neither Ray nor a learner."""
    job = prepared.job
    network = load_weights(prepared.network, weights)
    return NetworkPolicy(network, prepared.network, prepared.layout, prepared.scheme, name=job.name, seed=job.seed)


def check_finite(network: nn.Module, losses: Mapping[str, float], iteration: int, steps: int) -> None:
    """Raise where learning has run away.

    Args:
        network: What is learned.
        losses: By the name under which they are told.
        iteration: Iterations done.
        steps: Environment steps learned from.

    Raises:
        NotFiniteError: A weight or a loss is NaN or infinite; says when, and what to lower.
    """
    weight = next((name for name, value in network.state_dict().items() if not bool(torch.isfinite(value).all())), None)
    loss = next((name for name, value in losses.items() if not math.isfinite(value)), None)
    if weight is None and loss is None:
        return
    what = f"weight {weight} is no longer finite" if weight is not None else f"{loss} became {losses[str(loss)]}"
    raise NotFiniteError(f"{what} in iteration {iteration} ({steps} steps); lower training.lr or training.grad_clip")
