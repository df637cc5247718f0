"""Random streams of sub-environments: one generator each, so that no batch size changes what any of them draws."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..market.errors import ConfigError, ShapeError
from ..market.kernel import kernel
from ..market.seeding import generator, spawned

__all__ = ["Streams"]

BLOCK = 8  # uniforms drawn at a time; one call of a generator costs as much as a step of a sub-environment


@kernel
def take_uniforms(indices: np.ndarray, block: np.ndarray, used: np.ndarray, drawn: np.ndarray) -> int:
    """Take the next number of the streams `indices`, unless some have none left -> how many of them."""
    n_empty = 0
    for k in range(indices.shape[0]):
        if used[indices[k]] == block.shape[1]:
            n_empty += 1
    if n_empty > 0:
        return n_empty
    for k in range(indices.shape[0]):
        e = indices[k]
        drawn[k] = block[e, used[e]]
        used[e] += 1
    return 0


class Streams:
    """The generators of a batch.

    Sub-environment i of `seed(s)` draws from SeedSequence(s, spawn_key=(i,)); of `seed([s0, s1, ...])` from SeedSequence(si).
    A generator is made when it is first drawn from.
    """

    def __init__(self, n_envs: int) -> None:
        self.n_envs = n_envs
        self.seeds: list[int] = [-1] * n_envs
        self._sequences: list[np.random.SeedSequence | None] = [None] * n_envs
        self._generators: list[np.random.Generator | None] = [None] * n_envs
        self._block = np.zeros((n_envs, BLOCK))
        self._used = np.full(n_envs, BLOCK, np.int64)

    def seed(self, seed: int | Sequence[int | None] | None, envs: np.ndarray) -> np.ndarray:
        """Begin new streams in the sub-environments of the mask `envs` (E,).

        Args:
            seed: None goes on with the streams as they are (fresh entropy where there is none yet); an int seeds sub-environment
                i with (seed, i); a sequence of length E gives each its own, None in it leaves that stream as it is.
            envs: bool (E,), those being reset.

        Returns:
            Those of them that were given a seed, bool (E,).

        Raises:
            ConfigError: A seed is not a non-negative int.
            ShapeError: A sequence has not E entries.
        """
        if seed is None:
            given: list[np.random.SeedSequence | None] = [None] * self.n_envs
            seeds: list[int | None] = [None] * self.n_envs
        elif not isinstance(seed, Sequence):
            root = _checked(seed)
            given = [spawned(root, index) if envs[index] else None for index in range(self.n_envs)]
            seeds = [root] * self.n_envs
        else:
            if len(seed) != self.n_envs:
                raise ShapeError(f"reset(seed=[...]) needs one seed for each of {self.n_envs} sub-environments, had {len(seed)}")
            seeds = [None if one is None else _checked(one) for one in seed]
            given = [None if one is None else np.random.SeedSequence(one) for one in seeds]
        asked = envs & np.array([number is not None for number in seeds], np.bool_)
        fresh: np.random.SeedSequence | None = None
        for index in np.flatnonzero(envs):
            sequence, number = given[index], seeds[index]
            if sequence is None and self._sequences[index] is None:
                fresh = fresh or np.random.SeedSequence()
                sequence = np.random.SeedSequence(fresh.entropy, spawn_key=(int(index),))
            if sequence is not None:
                self.seeds[index] = -1 if number is None else number
                self._sequences[index], self._generators[index] = sequence, None
                self._used[index] = BLOCK
        return asked

    def generator(self, index: int) -> np.random.Generator:
        """Return the generator of one sub-environment."""
        made = self._generators[index]
        if made is None:
            sequence = self._sequences[index]
            made = generator(np.random.SeedSequence() if sequence is None else sequence)
            self._generators[index] = made
        return made

    def uniform(self, indices: np.ndarray) -> np.ndarray:
        """Return one number in [0, 1) for each sub-environment of `indices` (n,), from its own stream."""
        drawn = np.empty(len(indices))
        if take_uniforms(indices, self._block, self._used, drawn) > 0:
            empty = indices[self._used[indices] == BLOCK]
            for index in empty.tolist():
                (self._generators[index] or self.generator(index)).random(out=self._block[index])
            self._used[empty] = 0
            take_uniforms(indices, self._block, self._used, drawn)
        return drawn

    def state(self) -> dict[str, Any]:
        """Return everything that decides the next draws; `load` takes it back."""
        return {
            "seeds": list(self.seeds), "sequences": list(self._sequences), "block": self._block.copy(), "used": self._used.copy(),
            "generators": [None if made is None else made.bit_generator.state for made in self._generators],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.seeds, self._sequences = list(state["seeds"]), list(state["sequences"])
        self._block[:], self._used[:] = state["block"], state["used"]
        self._generators = [None] * self.n_envs
        for index, bits in enumerate(state["generators"]):
            if bits is not None:
                self.generator(index).bit_generator.state = bits


def _checked(seed: object) -> int:
    if isinstance(seed, (bool, np.bool_)) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ConfigError(f"a seed must be an int of 0 or more, was {seed!r}")
    return int(seed)
