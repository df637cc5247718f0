"""Random streams: everything random is drawn from a generator that somebody passed in."""

import numpy as np

__all__ = ["generator", "spawned"]


def generator(seed: int | np.random.SeedSequence) -> np.random.Generator:
    """Return the generator (PCG64) of a seed."""
    return np.random.Generator(np.random.PCG64(seed))


def spawned(seed: int, index: int) -> np.random.SeedSequence:
    """Return the seed sequence of part `index` (sub-environment, resample, fold) of a run with `seed`.

    Part i has the same stream however many parts there are, so a batch of 7 equals the first 7 of a batch of 1,024.
    """
    return np.random.SeedSequence(seed, spawn_key=(index,))
