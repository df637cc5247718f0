"""What networks with a body have in common: features first, heads above them."""

import torch
from torch import Tensor, nn

from .bodies.body import Body
from .bodies.lstm import StepLSTM
from .bodies.registry import build_body
from .features import Features
from .settings import NetworkSettings

__all__ = ["Bodied"]


class Bodied(nn.Module):
    """A body, which may be none, and the places of the action mask.

    Attributes:
        trunk: The body; None: heads read the flat observation.
        width: Length of the features that heads read.
        recurrent: Whether the body carries a state from one step to the next.
    """

    legal_at: Tensor

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.trunk: Body | None = None
        if settings.body is not None:
            assert settings.reading is not None
            self.trunk = build_body(settings.body, settings.reading, settings.activation)
        self.width = settings.n_in if self.trunk is None else self.trunk.width
        self.recurrent = self.trunk is not None and self.trunk.recurrent
        self.register_buffer("legal_at", torch.tensor(settings.legal_at, dtype=torch.int64), persistent=False)

    def features(self, flat: Tensor) -> Features:
        """Return what heads read of flat observations (N, n_in)."""
        return self.allowed(Features(flat) if self.trunk is None else self.trunk(flat), flat)

    def allowed(self, features: Features, flat: Tensor) -> Features:
        """Return `features` with the action mask of the observations."""
        return features if len(self.legal_at) == 0 else features._replace(legal=flat[..., self.legal_at] > 0.5)

    @property
    def memory(self) -> StepLSTM:
        """The recurrent body."""
        assert isinstance(self.trunk, StepLSTM)
        return self.trunk
