"""Adam that clips the gradient by itself, so that every algorithm of stable-baselines3 honours `training.grad_clip`."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["ClippedAdam"]


class ClippedAdam(torch.optim.Adam):
    """Adam over gradients whose norm is cut to `max_norm`.

    Args:
        parameters: What is learned.
        lr: Learning rate.
        max_norm: Largest norm of all gradients together; None: any.

    Attributes:
        norm: Norm of the gradient in the last step, before it was cut; 0 before the first.
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, max_norm: float | None) -> None:
        super().__init__(parameters, lr=lr)
        self.max_norm = math.inf if max_norm is None else max_norm
        self.norm = 0.0

    def step(self, closure: Callable[[], float] | None = None) -> Any:  # type: ignore[override]
        """Cut the gradient, then step."""
        parameters = [one for group in self.param_groups for one in group["params"]]
        self.norm = float(torch.nn.utils.clip_grad_norm_(parameters, self.max_norm))
        return super().step(closure)
