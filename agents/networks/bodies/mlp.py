"""Layers over the flat observation that actor and critic share."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ....market.errors import ConfigError
from ..features import Features
from ..perceptron import ACTIVATIONS, perceptron
from ..reading import Reading
from .body import Body, BodySettings

__all__ = ["MLPBody", "MLPSettings"]


@dataclass(frozen=True, kw_only=True)
class MLPSettings(BodySettings):
    """A multilayer perceptron.

    Attributes:
        shared: Sizes of layers that stand beneath those of `hidden` and that every head shares; none: as without a body.
    """

    shared: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for index, size in enumerate(self.shared):
            if size < 1:
                raise ConfigError(f"shared.{index} must be at least 1, was {size}")


class MLPBody(Body):
    """Shared layers, an activation after each."""

    by_window = False

    def __init__(self, settings: MLPSettings, reading: Reading, activation: str) -> None:
        super().__init__(reading)
        *lower, last = settings.shared
        layers = perceptron(reading.size, lower, last, activation, head_gain=2.0**0.5)
        self.layers = nn.Sequential(*layers, ACTIVATIONS[activation]())
        self.width = last

    def encode(self, market: Tensor) -> Tensor:
        """Return the windows as they are: the first layer reads all of an observation."""
        return market

    def join(self, encoded: Tensor, private: Tensor) -> Features:
        """See `Body.join`."""
        return self.forward(torch.cat([encoded, private], dim=-1))

    def forward(self, flat: Tensor) -> Features:
        """See `Body.forward`."""
        return Features(self.layers(flat))
