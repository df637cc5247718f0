"""Random numbers of scenarios: one stream for each seed, asset and purpose, so that none depends on how many others there are."""

from collections.abc import Callable, Sequence
from enum import IntEnum

import numpy as np

from ...market.errors import ConfigError
from ...market.seeding import generator, spawned

__all__ = ["MARKET", "Purpose", "check_seeds", "drawn", "generators"]

MARKET = 1 << 30
"""Index of the stream that belongs to the market as a whole, beyond every asset's."""


class Purpose(IntEnum):
    """What a stream is for."""

    MOVE = 0
    RANGE = 1
    VOLUME = 2
    VARIANCE = 3
    JUMP = 4


def check_seeds(seeds: Sequence[int]) -> None:
    """Raise `ConfigError` where a seed is no whole number of at least 0."""
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise ConfigError(f"seed must be a whole number of at least 0, was {seed!r}")


def generators(seed: int, n_assets: int, purpose: Purpose) -> list[np.random.Generator]:
    """Return the generators of assets 0 to A - 1 of scenario `seed` for one purpose."""
    return [_generator(seed, asset, purpose) for asset in range(n_assets)]


def drawn(
    seeds: Sequence[int],
    n_assets: int,
    purpose: Purpose,
    shape: tuple[int, ...],
    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] = np.random.Generator.standard_normal,
) -> np.ndarray:
    """Return random numbers, float64 (S, A, *shape): standard normal ones, or what `draw` takes from a generator.

    With `n_assets` 0 the market's own stream is drawn from, for S alone: (S, *shape).
    """
    if n_assets == 0:
        return np.stack([draw(_generator(seed, MARKET, purpose), shape) for seed in seeds])
    return np.stack([[draw(random, shape) for random in generators(seed, n_assets, purpose)] for seed in seeds])


def _generator(seed: int, index: int, purpose: Purpose) -> np.random.Generator:
    return generator(spawned(seed, index).spawn(len(Purpose))[purpose])
