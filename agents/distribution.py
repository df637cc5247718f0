"""Distributions of actions as plain functions of a network's numbers."""

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from .networks.settings import NetworkSettings

__all__ = ["Categorical", "DiagonalGaussian", "Distribution", "SquashedGaussian", "distribution_of"]

LOG_2PI = math.log(2.0 * math.pi)
LOG_2 = math.log(2.0)
EDGE = 1.0 - 2.0**-23  # the float32 before 1 that stays below it when multiplied
TANH_EDGE = 1.0 - 1e-6


class Distribution(Protocol):
    """Functions over `dist_inputs` (..., K); noise is drawn by `noise`, so that a sample is a function."""

    @staticmethod
    def noise(dist_inputs: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return the random numbers that `sample` needs."""

    @staticmethod
    def sample(dist_inputs: Tensor, noise: Tensor) -> Tensor:
        """Return actions: int64 (...,) or float32 (..., n)."""

    @staticmethod
    def log_prob(dist_inputs: Tensor, actions: Tensor) -> Tensor:
        """Return the log probability (density) of actions, (...,)."""

    @staticmethod
    def entropy(dist_inputs: Tensor) -> Tensor:
        """Return the entropy in nats, (...,)."""

    @staticmethod
    def kl(p: Tensor, q: Tensor) -> Tensor:
        """Return the divergence KL(p || q) in nats, (...,)."""


class Categorical:
    """Over logits (..., K). An action at -1e9 has probability 0 and is never drawn, unless all of them are."""

    @staticmethod
    def noise(dist_inputs: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return uniform numbers in [0, 1), (...,)."""
        shape = dist_inputs.shape[:-1]
        return torch.rand(shape, generator=generator, device=dist_inputs.device, dtype=dist_inputs.dtype)

    @staticmethod
    def sample(dist_inputs: Tensor, noise: Tensor) -> Tensor:
        """Return the first action at which the cumulative probability exceeds the noise, int64 (...,)."""
        cumulative = _actions_first(dist_inputs).softmax(0).cumsum(0)
        total = cumulative[-1]
        below = cumulative <= (noise * total).minimum(total * EDGE)
        return below.sum(0)

    @staticmethod
    def log_prob(dist_inputs: Tensor, actions: Tensor) -> Tensor:
        """Return the log probability of int64 actions (...,)."""
        return _actions_first(dist_inputs).log_softmax(0).gather(0, actions.long()[None]).squeeze(0)

    @staticmethod
    def entropy(dist_inputs: Tensor) -> Tensor:
        """Return - sum p log p, (...,)."""
        log_p = _actions_first(dist_inputs).log_softmax(0)
        return -(log_p.exp() * log_p).sum(0)

    @staticmethod
    def kl(p: Tensor, q: Tensor) -> Tensor:
        """Return sum p (log p - log q), (...,)."""
        log_p, log_q = (_actions_first(one).log_softmax(0) for one in (p, q))
        return (log_p.exp() * (log_p - log_q)).sum(0)


class DiagonalGaussian:
    """Over means and log standard deviations side by side (..., 2 n); independent dimensions, not clipped."""

    @staticmethod
    def noise(dist_inputs: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return standard normal numbers, (..., n)."""
        shape = (*dist_inputs.shape[:-1], dist_inputs.shape[-1] // 2)
        return torch.randn(shape, generator=generator, device=dist_inputs.device, dtype=dist_inputs.dtype)

    @staticmethod
    def sample(dist_inputs: Tensor, noise: Tensor) -> Tensor:
        """Return mean + deviation x noise, (..., n)."""
        mean, log_std = dist_inputs.chunk(2, -1)
        return mean + log_std.exp() * noise

    @staticmethod
    def log_prob(dist_inputs: Tensor, actions: Tensor) -> Tensor:
        """Return the log density of actions (..., n)."""
        mean, log_std = dist_inputs.chunk(2, -1)
        z = (actions - mean) * (-log_std).exp()
        return -(0.5 * z * z + log_std).sum(-1) - 0.5 * LOG_2PI * mean.shape[-1]

    @staticmethod
    def entropy(dist_inputs: Tensor) -> Tensor:
        """Return the sum of log deviations + n (1 + log 2 pi) / 2, (...,)."""
        log_std = dist_inputs.chunk(2, -1)[1]
        return log_std.sum(-1) + 0.5 * (1.0 + LOG_2PI) * log_std.shape[-1]

    @staticmethod
    def kl(p: Tensor, q: Tensor) -> Tensor:
        """Return log(s_q / s_p) + (s_p^2 + (m_p - m_q)^2) / (2 s_q^2) - 1/2, summed over dimensions, (...,)."""
        (mean, log_std), (other_mean, other_log_std) = p.chunk(2, -1), q.chunk(2, -1)
        spread = (2.0 * (log_std - other_log_std)).exp() + ((mean - other_mean) * (-other_log_std).exp()) ** 2
        return (other_log_std - log_std + 0.5 * spread - 0.5).sum(-1)


class SquashedGaussian:
    """tanh of a diagonal Gaussian: actions inside (-1, 1). Source: Haarnoja et al. 2018, Soft actor-critic, appendix C.

    Its entropy has no closed form: - log_prob of a sample estimates it. KL is that of the Gaussian, since tanh is one to one.
    """

    noise = staticmethod(DiagonalGaussian.noise)
    kl = staticmethod(DiagonalGaussian.kl)

    @staticmethod
    def sample(dist_inputs: Tensor, noise: Tensor) -> Tensor:
        """Return tanh(mean + deviation x noise), (..., n)."""
        return DiagonalGaussian.sample(dist_inputs, noise).tanh()

    @staticmethod
    def sample_and_log_prob(dist_inputs: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return actions (..., n) and their log densities (...,), exact also where tanh is flat; gradients flow through both."""
        unbounded = DiagonalGaussian.sample(dist_inputs, noise)
        return unbounded.tanh(), DiagonalGaussian.log_prob(dist_inputs, unbounded) - _log_slope(unbounded)

    @staticmethod
    def log_prob(dist_inputs: Tensor, actions: Tensor) -> Tensor:
        """Return the log density of actions (..., n) in [-1, 1]; those nearer to an end than 1e-6 count as that near."""
        unbounded = actions.clamp(-TANH_EDGE, TANH_EDGE).atanh()
        return DiagonalGaussian.log_prob(dist_inputs, unbounded) - _log_slope(unbounded)


def distribution_of(settings: NetworkSettings) -> type[Distribution]:
    """Return the distribution that an actor-critic of these settings means by its numbers."""
    return DiagonalGaussian if settings.continuous else Categorical


def _actions_first(dist_inputs: Tensor) -> Tensor:
    """Return (K, ...): over a short last axis torch goes number by number, over the first by vectors, in a third of the time."""
    return dist_inputs.movedim(-1, 0).contiguous()


def _log_slope(unbounded: Tensor) -> Tensor:
    """Return the sum over dimensions of log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2 u)), which never underflows."""
    return (2.0 * (LOG_2 - unbounded - functional.softplus(-2.0 * unbounded))).sum(-1)
