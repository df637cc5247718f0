"""Seeds decide everything, and nothing else does."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from .player import SinglePlayer
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
    elif first.difference(trace(one, seed + 1, actions), everyone) is None:
        if _is_random(subject):
            yield "another seed gives the same episodes: it seeds nothing"
    else:
        yield from _all_alike(subject)
        yield from _goes_on(subject)


def _all_alike(subject: Subject) -> Iterator[str]:
    if subject.n < 2 or isinstance(subject.player(), SinglePlayer):  # a row of single ones is seeded one by one
        return
    alike = [[action[0]] * subject.n for action in subject.actions()]
    found = trace(subject.player(), subject.seed, alike)
    if all(found.difference(found, [0], [e]) is None for e in range(1, subject.n)):
        yield (f"reset(seed={subject.seed}) gives every sub-environment the same episodes; seed sub-environment i with "
               f"{subject.seed} + i, or from a SeedSequence")


def _goes_on(subject: Subject) -> Iterator[str]:
    actions, player = subject.actions(), subject.player()
    player.reset(subject.seed)
    traces = [trace(player, None, actions) for _ in range(2)]
    if traces[0].difference(traces[1], range(subject.n)) is None:
        yield ("reset() without a seed begins the same episodes every time, though seeds decide them; a reset without a seed must "
               "go on drawing from np_random")


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
