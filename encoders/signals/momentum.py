"""Momentum: long what rose over the lookback, its latest rows left out."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...market.errors import ConfigError
from ...market.kernel import kernel
from ..column import Column
from ..stream import Memory, StreamEncoder

__all__ = ["Momentum", "MomentumSettings"]


@dataclass(frozen=True, kw_only=True)
class MomentumSettings:
    """What counts as a rise.

    Attributes:
        lookback: Rows over which the return is taken.
        skip: Latest rows left out of it; 21 days of 252 is the usual choice for stocks.
            Source: Jegadeesh & Titman 1993, J. Finance 48(1).
        threshold: Total return (a fraction) beyond which there is a target.
        short: Whether a fall beyond the threshold has the target -1; else it is 0.
    """

    lookback: int = 60
    skip: int = 0
    threshold: float = 0.0
    short: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.skip < self.lookback:
            raise ConfigError(f"momentum needs 0 <= skip < lookback, were {self.skip} and {self.lookback}")
        if not 0.0 <= self.threshold < 1.0:
            raise ConfigError(f"momentum.threshold must lie in [0, 1), was {self.threshold}")


@kernel
def follow(row, asset, rows, lookback, skip, threshold, below, closes, out):  # type: ignore[no-untyped-def]
    """Write one asset's target; `closes` (A, lookback + 1) holds the latest at age % (lookback + 1)."""
    bar = rows[row, asset]
    if bar.age < 0:
        return
    size = lookback + 1
    closes[asset, bar.age % size] = bar.close
    if bar.age >= lookback:
        growth = closes[asset, (bar.age - skip) % size] / closes[asset, (bar.age - lookback) % size] - 1.0
        out[row, asset, 0] = 1.0 if growth > threshold else (below if growth < -threshold else 0.0)


@kernel
def follow_batch(rows, lookback, skip, threshold, below, closes, out):  # type: ignore[no-untyped-def]
    """Write targets, rows in order."""
    for row in range(rows.shape[0]):
        for asset in range(rows.shape[1]):
            follow(row, asset, rows, lookback, skip, threshold, below, closes, out)


class Momentum(StreamEncoder):
    """Target of each asset from the sign of its total return over the lookback. Exact."""

    name = "momentum"
    settings_class = MomentumSettings
    settings: MomentumSettings

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """`momentum_<lookback>`: 1 long, 0 flat, -1 short."""
        low = -1.0 if self.settings.short else 0.0
        return (Column(f"momentum_{self.settings.lookback}", "weight", low, 1.0, self.settings.lookback),)

    def new_memory(self, n_assets: int) -> Memory:
        """Return an empty ring of closes."""
        return {"closes": np.zeros((n_assets, self.settings.lookback + 1))}

    def encode(self, rows: np.ndarray, memory: Memory) -> np.ndarray:
        """Return float32 (n, A, 1)."""
        out = np.zeros((*rows.shape, 1), np.float32)
        settings = self.settings
        below = -1.0 if settings.short else 0.0
        follow_batch(rows, settings.lookback, settings.skip, settings.threshold, below, memory["closes"], out)
        return out
