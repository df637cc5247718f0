"""What turns observations into features, in two steps, so that market rows seen twice are encoded once."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..features import Features
from ..reading import Reading

__all__ = ["Body", "BodySettings"]


@dataclass(frozen=True, kw_only=True)
class BodySettings:
    """What all bodies have.

    Attributes:
        frozen: Whether its weights stay as they begin, those of `training.start_from`, while the heads learn.
    """

    frozen: bool = False


class Body(nn.Module):
    """A body without memory: what it says depends on the observation alone.

    Attributes:
        reading: What the numbers of an observation are.
        width: Length of `Features.flat`.
        node_width: Length of a node's features; 0 where there are no nodes.
        by_window: Whether `encode` does the work: then a window that many accounts see is encoded once.
        recurrent: Whether it carries a state from one step to the next; see `StepLSTM`.
    """

    width: int
    node_width: int = 0
    by_window: bool = True
    recurrent: bool = False

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading

    @abstractmethod
    def encode(self, market: Tensor) -> Tensor:
        """Return what depends on the market alone, (M, any), of windows (M, W x F)."""

    @abstractmethod
    def join(self, encoded: Tensor, private: Tensor) -> Features:
        """Return the features of encoded windows (N, any) and private parts (N, P)."""

    def forward(self, flat: Tensor) -> Features:
        """Return the features of flat observations (N, W x F + P)."""
        split = self.reading.market_size
        return self.join(self.encode(flat[..., :split]), flat[..., split:])

    def rows(self, market: Tensor) -> Tensor:
        """Return windows (M, W x F) as rows (M, W, F)."""
        return market.reshape(len(market), self.reading.window, self.reading.n_market)

    def with_private(self, encoded: Tensor, private: Tensor) -> Features:
        """Return encoded windows and private numbers side by side; the action mask is no feature."""
        kept = [place for place in range(self.reading.n_private) if place not in self.reading.legal]
        return Features(torch.cat([encoded, private[..., kept] if self.reading.legal else private], dim=-1))

    @property
    def n_kept(self) -> int:
        """Private numbers that `with_private` appends."""
        return self.reading.n_private - len(self.reading.legal)
