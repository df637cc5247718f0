"""Action values, plain or duelling."""

from torch import Tensor, nn

from .bodied import Bodied
from .features import Features, masked
from .head import build_head, read
from .perceptron import ACTIVATIONS, perceptron
from .settings import NetworkSettings

__all__ = ["QNetwork"]


class QNetwork(Bodied):
    """Value of each action: Q, or V + A - mean(A) where `dueling`. Actions that the action mask forbids are worth -1e9.

    Source: Wang et al. 2016, Dueling network architectures for deep reinforcement learning, eq. 9. Duelling heads share all hidden
    layers.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__(settings)
        hidden, activation = settings.hidden, settings.activation
        if hidden:
            *lower, last = hidden
            layers = perceptron(self.width, lower, last, activation, head_gain=2.0**0.5)
            self.body: nn.Module = nn.Sequential(*layers, ACTIVATIONS[activation]())
        else:
            self.body, last = nn.Identity(), self.width
        self.advantage = perceptron(last, (), settings.n_out, activation, head_gain=0.01)
        self.state_value = perceptron(last, (), 1, activation, head_gain=0.01) if settings.dueling else None
        self.forecaster = None
        if settings.forecast:
            below, above = (last, ()) if self.trunk is None else (self.width, hidden)
            self.forecaster = build_head(self.trunk, below, above, settings.forecast, activation, gain=0.01, per_asset=True)

    def forward(self, flat: Tensor) -> Tensor:
        """Return action values, shape (N, n_out), of observations (N, n_in)."""
        return self.values_of(self.features(flat))

    def value(self, flat: Tensor) -> Tensor:
        """Return the value of the best action, (N,)."""
        return self.forward(flat).max(-1).values

    def forecast(self, flat: Tensor) -> Tensor:
        """Return the forecasts of the auxiliary targets, (N, n)."""
        return self.forecast_of(self.features(flat))

    def answer(self, flat: Tensor) -> Tensor:
        """Return what the greedy policy acts on: the action values, shape (N, n_out)."""
        return self.forward(flat)

    def values_of(self, features: Features) -> Tensor:
        """Return action values, (N, n_out)."""
        body = self.body(features.flat)
        advantage: Tensor = self.advantage(body)
        if self.state_value is None:
            return masked(advantage, features.legal)
        value: Tensor = self.state_value(body)
        return masked(value + advantage - advantage.mean(dim=-1, keepdim=True), features.legal)

    def forecast_of(self, features: Features) -> Tensor:
        """Return the forecasts of the auxiliary targets, (N, n); without a body they grow from the last hidden layer."""
        assert self.forecaster is not None
        if self.trunk is None:
            features = features._replace(flat=self.body(features.flat))
        return read(self.forecaster, features)
