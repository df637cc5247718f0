"""Why episodes end, and where: ruin and the end of the task terminate, the end of the data truncates."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..batch import TradingVectorEnv
from .ledger import in_variants
from .player import VectorPlayer
from .report import NotCheckable
from .subject import Subject
from .trace import sampled, trace

__all__ = ["ends_say_why"]


def ends_say_why(subject: Subject) -> Iterator[str]:
    """`terminated` is ruin or the end of the task, `truncated` the end of the rows, never both; rows follow each other."""
    yield from in_variants(subject, _native, _foreign)


def _native(played: TradingVectorEnv, subject: Subject) -> str | None:
    sim, player = played.simulator, VectorPlayer(played)
    start, stop = np.min(played.world.rows), np.max(played.world.rows)
    has_task = type(played).task_done is not TradingVectorEnv.task_done
    played.reset(seed=subject.seed)
    for step, action in enumerate(sampled(player, subject.seed, subject.steps)):
        before = sim.rows.copy()
        _, _, terminated, truncated, _ = played.step(player.batched(action))
        rows, ruined = sim.rows, sim.account["ruined"] != 0
        if (terminated & truncated).any():
            return f"step {step} says terminated and truncated of one sub-environment"
        if (ruined & ~terminated).any():
            return f"an account is ruined in step {step} and its episode is not terminated"
        if not has_task and (terminated & ~ruined).any():
            return (f"terminated must say ruin and nothing else, was {terminated} in step {step}; the end of the data is "
                    "truncation, the end of a task is said by `task_done`")
        if (rows != before + 1).any() or (rows >= stop).any() or (before < start).any():
            return f"step {step} goes from rows {before} to {rows}; an episode moves on by one row inside [{start}, {stop})"
        if (rows > played.books.episode["last_row"]).any():
            return f"an episode goes on in step {step} after its last row"
        if (across := segments_crossed(played, before, rows)) is not None:
            return f"an episode runs across the end of a tape in step {step}, from row {before[across]} to {rows[across]}"
        done = terminated | truncated
        if done.any():
            played.reset(options={"reset_mask": done})
    return None


def segments_crossed(played: TradingVectorEnv, before: np.ndarray, after: np.ndarray) -> int | None:
    """Return a sub-environment whose step left its stretch of rows, at the end of a tape or at a gap; None: there is none."""
    stretches = np.atleast_2d(np.asarray(played.world.rows))
    stretch = np.searchsorted(stretches[:, 0], before, side="right") - 1
    left = np.flatnonzero(after >= stretches[stretch, 1])
    return int(left[0]) if len(left) else None


def _foreign(subject: Subject) -> Iterator[str]:
    found = trace(subject.player(), subject.seed, subject.actions())
    lengths: dict[tuple[bool, bool], set[int]] = {}
    broke, begun = True, [0] * subject.n
    for step, turn in enumerate(found.seen[1:]):
        for e in range(subject.n):
            if turn.begun[e]:
                begun[e] = step + 1
            elif turn.done(e):
                kind = bool(turn.terminated[e]), bool(turn.truncated[e])
                lengths.setdefault(kind, set()).add(step + 1 - begun[e])
                begun[e] = step + 1
                equity = turn.infos[e].get("equity")
                broke &= equity is None or (turn.terminated[e] and float(equity) <= 0.0)
    if not lengths:
        raise NotCheckable(f"no episode ended in {subject.steps} steps")
    if "equity" not in found.seen[1].infos[0]:
        raise NotCheckable("info carries no `equity`, so ruin cannot be told from the end of the data")
    yield from _judged(subject, found, lengths)


def _judged(subject: Subject, found: Any, lengths: dict[tuple[bool, bool], set[int]]) -> Iterator[str]:
    for step, turn in enumerate(found.seen[1:]):
        for e in range(subject.n):
            if not turn.done(e) or "equity" not in turn.infos[e]:
                continue
            if turn.infos[e]["equity"] <= 0.0 and not turn.terminated[e]:
                yield f"step {step} ends with an equity of {turn.infos[e]['equity']} and is truncated; ruin is terminated"
                return
    metadata = getattr(subject.player().unwrapped[0], "metadata", None) or {}
    solvent = [turn for turn in found.seen[1:] for e in range(subject.n)
               if turn.done(e) and turn.terminated[e] and float(turn.infos[e].get("equity", 0.0)) > 0.0]
    if solvent and set(lengths) == {(True, False)} and len(lengths[True, False]) == 1 and not metadata.get("task", False):
        (length,) = lengths[True, False]
        yield (f"every episode is terminated after {length} steps with money left: the end of the data is truncated "
               "(metadata['task'] = True where a task ends there)")
