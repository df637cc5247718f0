"""Sub-environments know nothing of each other, and nothing of how many there are."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...market.errors import QuantgymError
from .player import SinglePlayer, VectorPlayer
from .report import NotCheckable
from .subject import Subject
from .trace import Trace, trace

__all__ = ["one_alone_equals_one_of_many", "others_change_nothing"]

RUIN = 0.998  # a ruin level that random play soon falls to


def others_change_nothing(subject: Subject) -> Iterator[str]:
    """Other actions, another seed, another reset or the ruin of one sub-environment change no other."""
    n, seed = subject.n, subject.seed
    if n < 2:
        raise NotCheckable("there is one sub-environment; pass n_envs=2 or more")
    actions, further = subject.actions(), subject.actions(seed + 1)
    first = trace(subject.player(), seed, actions)
    for e in (0, n - 1):
        changed = [[*action[:e], another[e], *action[e + 1 :]] for action, another in zip(actions, further, strict=True)]
        second = trace(subject.player(), seed, changed)
        # one generator may serve all episodes that begin later; until one ends nothing is drawn for it
        one, other = (first, second) if subject.listed else _until_an_end(first, second)
        if where := one.difference(other, _without(n, e)):
            yield f"other actions of sub-environment {e} change the others: {where}"
            break
    seeds = subject.seeds
    first = trace(subject.player(), seeds, actions)
    for e in (0, n - 1):
        second = trace(subject.player(), [*seeds[:e], seed + 7, *seeds[e + 1 :]], actions)
        if where := first.difference(second, _without(n, e)):
            yield f"another seed of sub-environment {e} changes the others: {where}"
            break
    yield from _another_reset(subject, seeds)
    yield from _ruin(subject, seeds)


def _without(n: int, e: int) -> list[int]:
    return [one for one in range(n) if one != e]


def _until_an_end(*traces: Trace) -> tuple[Trace, ...]:
    ends = [turn for one in traces for turn, ended in enumerate(one.ended) if any(ended)]
    stop = min(ends, default=len(traces[0].turns))
    return tuple(replace(one, turns=one.turns[:stop]) for one in traces)


def _another_reset(subject: Subject, seeds: list[int | None]) -> Iterator[str]:
    if subject.native is None:
        return
    traces: list[Trace] = []
    for extra in (False, True):
        player = VectorPlayer(subject.native.rebuild(autoreset_mode="disabled"))
        player.reset(seeds)
        if extra:
            player.env.reset(options={"reset_mask": np.arange(subject.n) == 0})
        traces.append(trace(player, None, subject.actions(), begin=False))
    if where := traces[0].difference(traces[1], range(1, subject.n)):
        yield f"another reset of sub-environment 0 changes the others: {where}"


def _ruin(subject: Subject, seeds: list[int | None]) -> Iterator[str]:
    env = subject.native
    if env is None:
        return
    try:
        risky = env.rebuild(costs=replace(env.costs, ruin_equity_fraction=RUIN))
    except QuantgymError:
        return
    actions = subject.actions()
    changed = [[other[0], *action[1:]] for action, other in zip(actions, subject.actions(subject.seed + 1), strict=True)]
    first = trace(VectorPlayer(risky), seeds, actions)
    if where := first.difference(trace(VectorPlayer(risky.rebuild()), seeds, changed), range(1, subject.n)):
        yield f"the ruin of sub-environment 0 changes the others: {where}"


def one_alone_equals_one_of_many(subject: Subject) -> Iterator[str]:
    """A sub-environment gives the same bits in a batch, in a batch of one, and as the single environment of its id."""
    if not subject.sizes:
        raise NotCheckable(f"it has {subject.n} sub-environments whatever num_envs says")
    n, actions = subject.n, subject.actions()
    seeds = subject.seeds
    many = trace(subject.player(), seeds, actions)
    for e in sorted({0, n // 2, n - 1}):
        own = [[action[e]] for action in actions]
        if where := trace(subject.player(1), [seeds[e]], own).difference(many, [0], [e]):
            yield f"sub-environment {e} and the same one alone must give the same bits, differ in {where}"
        if subject.single is None:
            continue
        if where := trace(SinglePlayer([subject.single()]), [seeds[e]], own).difference(many, [0], [e]):
            yield f"sub-environment {e} and the single environment must give the same bits, differ in {where}"
