"""RLlib seeds the global generators of Python, NumPy and torch; this gives them back as they were."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

__all__ = ["isolated_randomness", "learner_stream", "random_states", "restore_random_states"]

LEARNER = 2**31  # above every number of a sub-environment


def learner_stream(seed: int, index: int) -> np.random.SeedSequence:
    """Return the seed sequence of stream `index` of a learner; that of sub-environment i is `spawned(seed, i)`."""
    return np.random.SeedSequence(seed, spawn_key=(LEARNER, index))


@contextmanager
def isolated_randomness(seed: int, threads: int) -> Iterator[None]:
    """Seed the global generators inside the block and restore them, and torch's number of threads, after it.

    Args:
        seed: Of all three generators, so that a run depends on nothing that happened before it.
        threads: Torch threads inside the block; more than one loses badly where another process is busy.
    """
    python, numpy, torch_state, before = random.getstate(), np.random.get_state(), torch.get_rng_state(), torch.get_num_threads()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002, TID251 - RLlib draws from it
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
        torch.set_rng_state(torch_state)
        torch.set_num_threads(before)


def random_states(device: torch.device) -> dict[str, Any]:
    """Return the states of the global generators, that of `device` with them where it is a GPU, which draws there."""
    states = {"python": random.getstate(), "numpy": np.random.get_state(), "torch": torch.get_rng_state()}  # noqa: NPY002
    return states | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def restore_random_states(states: Mapping[str, Any], device: torch.device) -> None:
    """Go on from what `random_states` returned; on another kind of device without that of the GPU."""
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])  # noqa: NPY002
    torch.set_rng_state(states["torch"])
    if "cuda" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
