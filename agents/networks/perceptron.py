"""A multilayer perceptron with orthogonal weights."""

import math
from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["ACTIVATIONS", "perceptron"]

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


def perceptron(n_in: int, hidden: Sequence[int], n_out: int, activation: str, *, head_gain: float = 1.0) -> nn.Sequential:
    """Return layers n_in -> hidden -> n_out, an activation after each hidden layer.

    Weights are orthogonal with gain sqrt(2) in hidden layers and `head_gain` in the last one, biases zero.
    Source: Saxe, McClelland & Ganguli 2014; the gains are those of Schulman et al.'s PPO baselines.
    """
    layers: list[nn.Module] = []
    width = n_in
    for size in hidden:
        layers += [_linear(width, size, math.sqrt(2.0)), ACTIVATIONS[activation]()]
        width = size
    return nn.Sequential(*layers, _linear(width, n_out, head_gain))


def _linear(n_in: int, n_out: int, gain: float) -> nn.Linear:
    layer = nn.Linear(n_in, n_out)
    nn.init.orthogonal_(layer.weight, gain)
    with torch.no_grad():
        layer.bias.zero_()
    return layer
