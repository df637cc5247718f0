"""Soft actor-critic: a squashed Gaussian actor and two critics of actions."""

import torch
from torch import Tensor, nn

from .bodied import Bodied
from .features import Features
from .forecasting import Forecasting
from .head import build_head, read, speaks_by_asset
from .settings import NetworkSettings

__all__ = ["SoftActorCritic", "TwinCritic"]

LOWEST_LOG_STD, HIGHEST_LOG_STD = -5.0, 2.0


class SoftActorCritic(nn.Module):
    """An actor whose actions are tanh of a Gaussian, and the twin critic. Source: Haarnoja et al. 2018, Soft actor-critic.

    Attributes:
        actor: `actor(flat)` gives means and log deviations before the tanh, (N, 2 n_out).
        critic: `critic(flat, actions)` gives both action values, (2, N); a learner keeps a slowly moving copy of it.
    """

    recurrent = False

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.actor = SquashedActor(settings)
        self.critic = TwinCritic(settings)

    def forward(self, flat: Tensor) -> Tensor:
        """Return means and log standard deviations before the tanh, side by side, (N, 2 n_out)."""
        inputs: Tensor = self.actor(flat)
        return inputs

    def answer(self, flat: Tensor) -> Tensor:
        """Return what the deterministic policy does: tanh of the mean, (N, n_out)."""
        return self.forward(flat).chunk(2, -1)[0].tanh()

    def q(self, flat: Tensor, actions: Tensor) -> Tensor:
        """Return both critics' values of actions (N, n_out), (2, N)."""
        values: Tensor = self.critic(flat, actions)
        return values

    def value(self, flat: Tensor) -> Tensor:
        """Return the smaller critic's value of the deterministic action, (N,)."""
        return self.q(flat, self.answer(flat)).min(0).values

    def forecast(self, flat: Tensor) -> Tensor:
        """Return the forecasts of the auxiliary targets from the actor's body, (N, n)."""
        return self.actor.forecast_of(self.actor.features(flat))


class SquashedActor(Forecasting):
    """Means and log deviations that both depend on the observation."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        hidden, activation = settings.hidden, settings.activation
        self.pi = build_head(self.trunk, self.width, hidden, settings.n_out, activation, gain=0.01, per_asset=True, n_each=2)
        self.first_log_std = settings.log_std
        self.grow_forecaster(settings)

    def forward(self, flat: Tensor) -> Tensor:
        """Return means and log standard deviations side by side, (N, 2 n_out)."""
        return self.dist_of(self.features(flat))

    def dist_of(self, features: Features) -> Tensor:
        """Return means and log standard deviations in [-5, 2], (N, 2 n_out)."""
        mean, log_std = read(self.pi, features).chunk(2, -1)
        return torch.cat([mean, (log_std + self.first_log_std).clamp(LOWEST_LOG_STD, HIGHEST_LOG_STD)], dim=-1)


class TwinCritic(nn.Module):
    """Two critics with no weight in common; the smaller value is the safer one. Source: Fujimoto et al. 2018."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.first, self.second = ActionCritic(settings), ActionCritic(settings)

    def forward(self, flat: Tensor, actions: Tensor) -> Tensor:
        """Return both values of actions (N, n_out) at observations (N, n_in), (2, N)."""
        return torch.stack([self.first(flat, actions), self.second(flat, actions)])


class ActionCritic(Bodied):
    """The value of an action. Above a graph each asset is read with its own action, and the mean over assets is judged."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        hidden, n_out = settings.hidden, settings.n_out
        self.by_asset = speaks_by_asset(self.trunk, n_out)
        if self.by_asset:
            assert self.trunk is not None
            self.n_assets = self.trunk.reading.n_assets
            own = self.trunk.node_width + 1 + (n_out - self.n_assets)
            wide = hidden[-1] if hidden else own
            self.asset = build_head(None, own, hidden[:-1], wide, settings.activation, gain=2.0**0.5)
            self.score = build_head(None, self.width + wide, hidden, 1, settings.activation)
        else:
            self.score = build_head(None, self.width + n_out, hidden, 1, settings.activation)

    def forward(self, flat: Tensor, actions: Tensor) -> Tensor:
        """Return values (N,) of actions (N, n_out) at observations (N, n_in)."""
        return self.value_of(self.features(flat), actions)

    def value_of(self, features: Features, actions: Tensor) -> Tensor:
        """Return values (N,) of actions (N, n_out)."""
        if not self.by_asset:
            return read(self.score, Features(torch.cat([features.flat, actions], dim=-1))).squeeze(-1)
        assert features.nodes is not None
        assert features.present is not None
        own, rest = actions[:, : self.n_assets, None], actions[:, None, self.n_assets :].expand(-1, self.n_assets, -1)
        nodes = self.asset(torch.cat([features.nodes, own, rest], dim=-1)).relu()
        there = features.present[..., None].to(nodes.dtype)
        mean = (nodes * there).sum(1) / there.sum(1).clamp(min=1.0)
        return read(self.score, Features(torch.cat([features.flat, mean], dim=-1))).squeeze(-1)
