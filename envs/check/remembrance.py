"""What is left of an episode in the next one: nothing."""

from collections.abc import Iterator

import numpy as np

from .subject import Subject
from .trace import Trace, trace

__all__ = ["new_episodes_remember_nothing"]

RESETS = 8
FEWEST_DRAWN = 3  # different values that agree, each with its twin, before chance is ruled out
CHANCE = 1e5


def new_episodes_remember_nothing(subject: Subject) -> Iterator[str]:
    """The first observation and info of an episode are the same whatever was done in the one before it."""
    seed, n = subject.seed, subject.n
    fresh = subject.player()
    expected = trace(fresh, seed + 3, [])
    used = subject.player()
    trace(used, seed, subject.actions())
    if where := trace(used, seed + 3, []).difference(expected, range(n)):
        yield f"an environment that was played before begins otherwise than a new one: {where}"
    first, other = (trace(subject.player(), seed, subject.actions(one)) for one in (seed, seed + 1))
    pairs = list(_firsts(first, other, n))
    stale = [(step, e) for step, e, one, twin in pairs if one.shape != twin.shape or (one != twin).any()]
    if stale and (_begin_alike([(one, twin) for _, _, one, twin in pairs]) or _always_begins_alike(subject)):
        yield (f"a new episode begins with the account of the old one: the first observation after step {stale[0][0]} of "
               f"sub-environment {stale[0][1]} depends on what was done before")


def _firsts(first: Trace, other: Trace, n: int) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """Yield (step, sub-environment, observation, its twin) where both begin an episode after episodes of the same lengths."""
    for e in range(n):
        for step in range(1, len(first.ended) - 1):
            if first.ended[step][e] != other.ended[step][e]:
                break
            if first.ended[step][e]:
                place = step + first.seen[step + 1].begun[e]  # the turn that shows the new episode: in mode NEXT_STEP the next one
                one, another = (_numbers(played.seen[place].observations[e]) for played in (first, other))
                yield step - 1, e, one, another


def _begin_alike(pairs: list[tuple[np.ndarray, np.ndarray]]) -> bool:
    """Return whether numbers that are drawn agree in every pair, so that the episodes are the same ones.

    Where actions change how much is drawn, the next episode is another one, and whatever differs says nothing.
    """
    shape = pairs[0][0].shape
    if any(array.shape != shape for pair in pairs for array in pair):
        return False
    one, other = (np.stack([pair[side] for pair in pairs]) for side in (0, 1))
    agreed = one[:, (one == other).all(axis=0)]
    fine = np.abs(agreed * 1e3 - np.round(agreed * 1e3)) > 1e-3  # no grid of decimals: chance does not hit it twice
    drawn = [len(np.unique(column[has])) for column, has in zip(agreed.T, fine.T, strict=True)]
    distinct = len(np.unique(agreed, axis=0)) if agreed.size else 1
    return max(drawn, default=0) >= FEWEST_DRAWN or float(distinct) ** len(pairs) >= CHANCE


def _always_begins_alike(subject: Subject) -> bool:
    """Return whether every episode begins with one observation as long as nothing is played."""
    player = subject.player()
    turns = [player.reset(subject.seed + k if k % 2 else None) for k in range(RESETS)]
    seen = [_numbers(turn.observations[e]) for turn in turns for e in range(subject.n)]
    return all(np.array_equal(one, seen[0]) for one in seen)


def _numbers(value: object) -> np.ndarray:
    return np.concatenate([np.ravel(part) for part in _arrays(value)] or [np.zeros(0)])


def _arrays(value: object) -> Iterator[np.ndarray]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _arrays(part)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _arrays(part)
    elif isinstance(value, str):
        yield np.frombuffer(value.encode(), np.uint8).astype(np.float64)
    elif value is not None:
        yield np.asarray(value, np.float64)
