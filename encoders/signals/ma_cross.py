"""The moving-average cross: long while the fast mean of closes is above the slow one."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...market.errors import ConfigError
from ...market.kernel import kernel
from ..column import Column
from ..stream import Memory, StreamEncoder

__all__ = ["MovingAverageCross", "MovingAverageCrossSettings"]


@dataclass(frozen=True, kw_only=True)
class MovingAverageCrossSettings:
    """The two means.

    Attributes:
        fast: Rows of the fast mean.
        slow: Rows of the slow mean.
        short: Whether the target below the cross is -1; else it is 0.
    """

    fast: int = 20
    slow: int = 50
    short: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.fast < self.slow:
            raise ConfigError(f"ma_cross needs 1 <= fast < slow, were {self.fast} and {self.slow}")


@kernel
def mean_of_last(asset, age, count, closes):  # type: ignore[no-untyped-def]
    """Mean of the last `count` closes in the ring, oldest first."""
    total, size = 0.0, closes.shape[1]
    for step in range(count):
        total += closes[asset, (age - count + 1 + step) % size]
    return total / count


@kernel
def cross(row, asset, rows, fast, slow, below, closes, out):  # type: ignore[no-untyped-def]
    """Write one asset's target; `closes` (A, slow) holds the latest at age % slow."""
    bar = rows[row, asset]
    if bar.age < 0:
        return
    closes[asset, bar.age % slow] = bar.close
    if bar.age >= slow - 1:
        gap = mean_of_last(asset, bar.age, fast, closes) - mean_of_last(asset, bar.age, slow, closes)
        out[row, asset, 0] = 1.0 if gap > 0.0 else (below if gap < 0.0 else 0.0)


@kernel
def cross_batch(rows, fast, slow, below, closes, out):  # type: ignore[no-untyped-def]
    """Write targets, rows in order."""
    for row in range(rows.shape[0]):
        for asset in range(rows.shape[1]):
            cross(row, asset, rows, fast, slow, below, closes, out)


class MovingAverageCross(StreamEncoder):
    """Target of each asset from two simple means of adjusted closes. Exact."""

    name = "ma_cross"
    settings_class = MovingAverageCrossSettings
    settings: MovingAverageCrossSettings

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """`ma_cross_<fast>_<slow>`: 1 long, 0 flat, -1 short."""
        settings = self.settings
        low = -1.0 if settings.short else 0.0
        return (Column(f"ma_cross_{settings.fast}_{settings.slow}", "weight", low, 1.0, settings.slow - 1),)

    def new_memory(self, n_assets: int) -> Memory:
        """Return an empty ring of closes."""
        return {"closes": np.zeros((n_assets, self.settings.slow))}

    def encode(self, rows: np.ndarray, memory: Memory) -> np.ndarray:
        """Return float32 (n, A, 1)."""
        out = np.zeros((*rows.shape, 1), np.float32)
        settings = self.settings
        cross_batch(rows, settings.fast, settings.slow, -1.0 if settings.short else 0.0, memory["closes"], out)
        return out
