"""RLlib seeds the global generators of Python, NumPy and torch; this gives them back as they were."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["isolated_randomness"]


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
