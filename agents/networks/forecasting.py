"""An actor whose body also learns to say what the assets will return."""

from torch import Tensor, nn

from .bodied import Bodied
from .features import Features
from .head import build_head, read
from .settings import NetworkSettings

__all__ = ["Forecasting"]


class Forecasting(Bodied):
    """A body, an actor's head `pi` above it, and a head of forecasts where settings ask for one.

    Attributes:
        pi: The actor's head.
        forecaster: The forecasts'; None: none.
    """

    pi: nn.Module
    forecaster: nn.Module | None

    def grow_forecaster(self, settings: NetworkSettings) -> None:
        """Set `forecaster`; without a body it stands above the actor's last hidden layer."""
        self.forecaster = None
        if settings.forecast:
            below = settings.hidden[-1] if self.trunk is None and settings.hidden else self.width
            above = () if self.trunk is None else settings.hidden
            self.forecaster = build_head(
                self.trunk, below, above, settings.forecast, settings.activation, gain=0.01, per_asset=True
            )  # fmt: skip

    def forecast_of(self, features: Features) -> Tensor:
        """Return the forecasts of the auxiliary targets, (..., n)."""
        assert self.forecaster is not None
        if self.trunk is None:
            assert isinstance(self.pi, nn.Sequential)
            features = features._replace(flat=self.pi[:-1](features.flat))
        return read(self.forecaster, features)
