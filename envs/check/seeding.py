"""Seeds decide everything, and nothing else does."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from .subject import Subject
from .trace import bits, trace

__all__ = ["globals_are_left_alone", "seeds_decide_everything"]


def seeds_decide_everything(subject: Subject) -> Iterator[str]:
    """The same seed and actions give the same bits, on the same batch and on another; another seed gives other episodes."""
    seed, actions, everyone, one = subject.seed, subject.actions(), range(subject.n), subject.player()
    first = trace(one, seed, actions)
    if where := first.difference(trace(one, seed, actions), everyone):
        yield f"reset(seed={seed}) and the same actions on the same environment must give the same bits, differ in {where}"
    if where := first.difference(trace(subject.player(), seed, actions), everyone):
        yield f"two environments with one seed and the same actions must give the same bits, differ in {where}"
    elif _is_random(subject) and first.difference(trace(one, seed + 1, actions), everyone) is None:
        yield "another seed gives the same episodes: it seeds nothing"


def _is_random(subject: Subject) -> bool:
    """Return whether environments that were never seeded differ, as they do where anything is drawn."""
    actions = subject.actions(n_steps=min(subject.steps, 12))
    traces = [trace(subject.player(), None, actions) for _ in range(2)]
    return traces[0].difference(traces[1], range(subject.n)) is not None


def globals_are_left_alone(subject: Subject) -> Iterator[str]:
    """Nothing is drawn from NumPy's or Python's global generators, and nothing seeds them."""
    seed, actions = subject.seed, subject.actions()
    kept: tuple[Any, Any] = np.random.get_state(), random.getstate()  # noqa: NPY002 (others' use of it is what is looked for)
    try:
        before = _globals()
        trace(subject.player(), seed, actions)
        if _globals() != before:
            yield "it draws from a global generator (numpy.random or random), or seeds it; draw from np_random"
    finally:
        np.random.set_state(kept[0])  # noqa: NPY002
        random.setstate(kept[1])


def _globals() -> Any:
    return bits(np.random.get_state()), random.getstate()  # noqa: NPY002
