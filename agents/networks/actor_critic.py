"""Actor and critic for policy gradients, with no layer in common but the body."""

from typing import Any

import torch
from torch import Tensor, nn

from .features import Features, masked
from .forecasting import Forecasting
from .head import build_head, n_spreads, read
from .settings import NetworkSettings

__all__ = ["ActorCritic"]

LOWEST_LOG_STD, HIGHEST_LOG_STD = -5.0, 1.0


class Held(torch.autograd.Function):
    """Clamps log deviations to [-5, 1]; from outside, where a clamp has no gradient and learning would end, it lets those back
    that are pulled back."""

    @staticmethod
    def forward(ctx: Any, free: Tensor) -> Tensor:
        """Return the clamped numbers."""
        ctx.save_for_backward(free)
        return free.clamp(LOWEST_LOG_STD, HIGHEST_LOG_STD)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        """Return the gradient, 0 where following it would lead further out."""
        (free,) = ctx.saved_tensors
        out = ((free < LOWEST_LOG_STD) & (gradient > 0.0)) | ((free > HIGHEST_LOG_STD) & (gradient < 0.0))
        return gradient.masked_fill(out, 0.0)


class ActorCritic(Forecasting):
    """A policy over a categorical or a diagonal Gaussian, a value, and where asked for a forecast.

    Logits of actions that the action mask forbids are -1e9. Log standard deviations of the Gaussian are parameters, independent of
    the observation. `features`, then `dist_of`, `value_of` and `forecast_of` spare the body a second run; `both` is the first two.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        hidden, activation, n_out = settings.hidden, settings.activation, settings.n_out
        self.n_out = n_out
        per_asset = settings.continuous
        self.pi = build_head(self.trunk, self.width, hidden, n_out, activation, gain=0.01, per_asset=per_asset)
        self.vf = build_head(self.trunk, self.width, hidden, 1, activation)
        n_free = n_spreads(self.pi, n_out)
        self.log_std = nn.Parameter(torch.full((n_free,), settings.log_std)) if settings.continuous else None
        self.grow_forecaster(settings)

    def forward(self, flat: Tensor) -> Tensor:
        """Return the parameters of the action distribution.

        Args:
            flat: Observations, shape (N, n_in).

        Returns:
            Logits of shape (N, n_out), or means and log standard deviations side by side, shape (N, 2 n_out).
        """
        return self.dist_of(self.features(flat))

    def value(self, flat: Tensor) -> Tensor:
        """Return the value of each observation, shape (N,)."""
        return self.value_of(self.features(flat))

    def both(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Return distribution parameters (N, K) and values (N,); the body runs once."""
        features = self.features(flat)
        return self.dist_of(features), self.value_of(features)

    def forecast(self, flat: Tensor) -> Tensor:
        """Return the forecasts of the auxiliary targets, (N, n)."""
        return self.forecast_of(self.features(flat))

    def answer(self, flat: Tensor) -> Tensor:
        """Return what the deterministic policy acts on: logits or means, shape (N, n_out)."""
        return self.forward(flat)[..., : self.n_out]

    def dist_of(self, features: Features) -> Tensor:
        """Return the parameters of the action distribution, (..., K)."""
        mean = masked(read(self.pi, features), features.legal)
        if self.log_std is None:
            return mean
        return torch.cat([mean, self.deviations().expand_as(mean)], dim=-1)

    def value_of(self, features: Features) -> Tensor:
        """Return values, (...,)."""
        return read(self.vf, features).squeeze(-1)

    def deviations(self) -> Tensor:
        """Return log standard deviations, (n_out,), inside [-5, 1]; assets of a graph share one."""
        assert self.log_std is not None
        if torch.is_grad_enabled():
            free: Tensor = Held.apply(self.log_std)  # type: ignore[no-untyped-call]
        else:
            free = self.log_std.clamp(LOWEST_LOG_STD, HIGHEST_LOG_STD)
        n_shared = self.n_out - len(free) + 1
        return free if n_shared == 1 else torch.cat([free[:1].expand(n_shared), free[1:]])

    def initial(self, batch: int) -> Tensor:
        """Return the state before the first step of `batch` episodes, zeros (B, S); recurrent networks alone."""
        weight = next(self.parameters())
        return torch.zeros(batch, self.memory.state_size, dtype=weight.dtype, device=weight.device)

    def advance(self, flat: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return distribution parameters (B, K), values (B,) and the state (B, S) after one step: (B, n_in), `state` (B, S)."""
        features, after = self.memory.advance(self.flat_of(flat), state)
        features = self.allowed(features, flat)
        return self.dist_of(features), self.value_of(features), after

    def sequence(self, flat: Tensor, state: Tensor, began: Tensor) -> tuple[Tensor, Tensor]:
        """Return distribution parameters (T, B, K) and values (T, B); see `sequence_features`."""
        features = self.sequence_features(flat, state, began)
        return self.dist_of(features), self.value_of(features)

    def sequence_features(self, flat: Tensor, state: Tensor, began: Tensor) -> Features:
        """Return the features of T steps of B accounts.

        Args:
            flat: (T, B, n_in).
            state: Before the first step, (B, S).
            began: bool (T, B): the state is zeroed before this step.
        """
        return self.allowed(self.memory.sequence(self.flat_of(flat), state, began), flat)
