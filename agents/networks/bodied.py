"""What networks with a body have in common: features first, heads above them."""

import torch
from torch import Tensor, nn

from .bodies.body import Body
from .bodies.lstm import StepLSTM
from .bodies.registry import build_body
from .features import Features
from .gather import Gather
from .settings import NetworkSettings

__all__ = ["Bodied", "read_references"]


class Bodied(nn.Module):
    """A body, which may be none, and the places of the action mask.

    Attributes:
        trunk: The body; None: heads read the flat observation.
        width: Length of the features that heads read.
        recurrent: Whether the body carries a state from one step to the next.
        gather: What turns references into observations; None: it is given flat ones. See `read_references`.
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
        self.gather: Gather | None = None
        from_the_end = [place - settings.n_in for place in settings.legal_at]  # so they hold in references, too
        self.register_buffer("legal_at", torch.tensor(from_the_end, dtype=torch.int64), persistent=False)

    def features(self, seen: Tensor) -> Features:
        """Return what heads read of observations (N, n_in), or of references (N, 2 + P) where a table is set."""
        trunk, gather = self.trunk, self.gather
        if trunk is None:
            return self.allowed(Features(self.flat_of(seen)), seen)
        if gather is None or not trunk.by_window:
            return self.allowed(trunk(self.flat_of(seen)), seen)
        windows, which = gather.unique(seen)
        return self.allowed(trunk.join(trunk.encode(windows)[which], gather.private(seen)), seen)

    def flat_of(self, seen: Tensor) -> Tensor:
        """Return flat observations."""
        flat: Tensor = seen if self.gather is None else self.gather(seen)
        return flat

    def allowed(self, features: Features, seen: Tensor) -> Features:
        """Return `features` with the action mask of the observations."""
        return features if len(self.legal_at) == 0 else features._replace(legal=seen[..., self.legal_at] > 0.5)

    @property
    def memory(self) -> StepLSTM:
        """The recurrent body."""
        assert isinstance(self.trunk, StepLSTM)
        return self.trunk


def read_references(network: nn.Module, gather: Gather | None) -> None:
    """Let every method of a network take references to the table of `gather` in place of flat observations; None: flat ones again.

    The weights are those of flat observations, and the table is not among them. A body over the window encodes each different
    window of a batch once, and what it made of it is scattered back.
    """
    for module in network.modules():
        if isinstance(module, Bodied):
            module.gather = gather
