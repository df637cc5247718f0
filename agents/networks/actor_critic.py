"""Actor and critic for policy gradients, with no layer in common."""

from collections.abc import Sequence

import torch
from torch import nn

from .perceptron import perceptron

__all__ = ["ActorCritic"]


class ActorCritic(nn.Module):
    """A policy over a categorical or a diagonal Gaussian, and a value.

    Args:
        n_in: Length of the flat observation.
        n_out: Number of actions (categorical) or of action dimensions (Gaussian).
        hidden: Sizes of the hidden layers of each of the two networks.
        activation: `relu` or `tanh`.
        continuous: True for the Gaussian; its log standard deviations are parameters, independent of the observation.
        log_std: Their first value.
    """

    def __init__(
        self, n_in: int, n_out: int, hidden: Sequence[int], activation: str, *, continuous: bool, log_std: float = -0.5
    ) -> None:
        super().__init__()
        self.pi = perceptron(n_in, hidden, n_out, activation, head_gain=0.01)
        self.vf = perceptron(n_in, hidden, 1, activation)
        self.log_std = nn.Parameter(torch.full((n_out,), log_std)) if continuous else None

    def forward(self, flat: torch.Tensor) -> torch.Tensor:
        """Return the parameters of the action distribution.

        Args:
            flat: Observations, shape (B, n_in).

        Returns:
            Logits of shape (B, n_out), or means and log standard deviations side by side, shape (B, 2 n_out).
        """
        mean: torch.Tensor = self.pi(flat)
        if self.log_std is None:
            return mean
        return torch.cat([mean, self.log_std.clamp(-5.0, 1.0).expand_as(mean)], dim=-1)

    def value(self, flat: torch.Tensor) -> torch.Tensor:
        """Return the value of each observation, shape (B,)."""
        value: torch.Tensor = self.vf(flat)
        return value.squeeze(-1)

    def answer(self, flat: torch.Tensor) -> torch.Tensor:
        """Return what the deterministic policy acts on: logits or means, shape (B, n_out)."""
        answer: torch.Tensor = self.pi(flat)
        return answer
