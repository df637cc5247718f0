"""A causal Transformer over the window of one observation."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....market.errors import ConfigError
from ..features import Features
from ..reading import Reading
from .body import Body, BodySettings

__all__ = ["TransformerBody", "TransformerSettings"]


@dataclass(frozen=True, kw_only=True)
class TransformerSettings(BodySettings):
    """A Transformer.

    Attributes:
        width: Length of a token; one token a market row.
        heads: Attention heads; they divide the width.
        layers: Blocks of attention and feed-forward.
    """

    width: int = 64
    heads: int = 4
    layers: int = 2

    def __post_init__(self) -> None:
        for name in ("width", "heads", "layers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, was {getattr(self, name)}")
        if self.width % self.heads:
            raise ConfigError(f"width must be a multiple of heads, were {self.width} and {self.heads}")


class Block(nn.Module):
    """Attention of each row to itself and those before it, then a feed-forward layer; normalised first, added to what came in.

    Sources: Vaswani et al. 2017, Attention is all you need; Xiong et al. 2020 for the place of the normalisation.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key_value, self.out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor, last_only: bool) -> Tensor:
        """Return tokens (M, W, width) of tokens (M, W, width); (M, 1, width), those of the last row, where no other is needed."""
        normal = self.before_attention(tokens)
        asking, tokens = (normal[:, -1:], tokens[:, -1:]) if last_only else (normal, tokens)
        query = self._by_head(self.query(asking))
        key, value = (self._by_head(part) for part in self.key_value(normal).chunk(2, -1))
        heard = functional.scaled_dot_product_attention(query, key, value, is_causal=not last_only)
        tokens = tokens + self.out(heard.transpose(1, 2).flatten(2))
        grown: Tensor = tokens + self.narrow(functional.gelu(self.wide(self.before_forward(tokens))))
        return grown

    def _by_head(self, tokens: Tensor) -> Tensor:
        batch, window, width = tokens.shape
        return tokens.reshape(batch, window, self.heads, width // self.heads).transpose(1, 2)


class TransformerBody(Body):
    """Market rows as tokens with learned places; the newest row's token and the private part are the features.

    Nothing asks what the older rows become in the last block, so it computes the newest alone.
    """

    def __init__(self, settings: TransformerSettings, reading: Reading) -> None:
        super().__init__(reading)
        self.embed = nn.Linear(reading.n_market, settings.width)
        self.place = nn.Parameter(0.02 * torch.randn(reading.window, settings.width))
        self.blocks = nn.ModuleList(Block(settings.width, settings.heads) for _ in range(settings.layers))
        self.last = nn.LayerNorm(settings.width)
        self.width = settings.width + self.n_kept

    def tokens(self, market: Tensor) -> Tensor:
        """Return what every row has become before the last block, (M, W, width): of rows up to its own alone."""
        tokens: Tensor = self.embed(self.rows(market)) + self.place
        for block in list(self.blocks)[:-1]:
            tokens = block(tokens, last_only=False)
        return tokens

    def encode(self, market: Tensor) -> Tensor:
        """See `Body.encode`."""
        newest: Tensor = self.last(self.blocks[-1](self.tokens(market), last_only=True)[:, 0])
        return newest

    def join(self, encoded: Tensor, private: Tensor) -> Features:
        """See `Body.join`."""
        return self.with_private(encoded, private)
