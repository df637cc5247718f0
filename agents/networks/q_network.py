"""Action values, plain or duelling."""

from collections.abc import Sequence

import torch
from torch import nn

from .perceptron import ACTIVATIONS, perceptron

__all__ = ["QNetwork"]


class QNetwork(nn.Module):
    """Value of each action: Q, or V + A - mean(A) where `dueling`.

    Source: Wang et al. 2016, Dueling network architectures for deep reinforcement learning, eq. 9.

    Args:
        n_in: Length of the flat observation.
        n_out: Number of actions.
        hidden: Sizes of the hidden layers; duelling heads share all of them.
        activation: `relu` or `tanh`.
        dueling: Whether value and advantage have heads of their own.
    """

    def __init__(self, n_in: int, n_out: int, hidden: Sequence[int], activation: str, *, dueling: bool) -> None:
        super().__init__()
        if hidden:
            *lower, last = hidden
            layers = perceptron(n_in, lower, last, activation, head_gain=2.0**0.5)
            self.body: nn.Module = nn.Sequential(*layers, ACTIVATIONS[activation]())
        else:
            self.body, last = nn.Identity(), n_in
        self.advantage = perceptron(last, (), n_out, activation, head_gain=0.01)
        self.state_value = perceptron(last, (), 1, activation, head_gain=0.01) if dueling else None

    def forward(self, flat: torch.Tensor) -> torch.Tensor:
        """Return action values, shape (B, n_out), of observations (B, n_in)."""
        body = self.body(flat)
        advantage: torch.Tensor = self.advantage(body)
        if self.state_value is None:
            return advantage
        value: torch.Tensor = self.state_value(body)
        return value + advantage - advantage.mean(dim=-1, keepdim=True)

    def answer(self, flat: torch.Tensor) -> torch.Tensor:
        """Return what the greedy policy acts on: the action values, shape (B, n_out)."""
        return self.forward(flat)
