"""What happens when episodes end: the declared mode does what Gymnasium says of it."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from gymnasium.vector import AutoresetMode

from .player import VectorPlayer
from .report import NotCheckable
from .subject import Subject
from .trace import Trace, bits, trace

__all__ = ["episodes_begin_again_as_declared"]

FEWEST_ENDS = 4
MOVING_SHARE = 0.9  # of ordinary steps


def episodes_begin_again_as_declared(subject: Subject) -> Iterator[str]:
    """In every mode transitions are those of a loop that resets by hand, with the true final observation."""
    if subject.native is not None:
        yield from _same_step(subject)
        yield from _next_step(subject)
        return
    player = subject.player()
    if not isinstance(player, VectorPlayer):
        raise NotCheckable("a single environment is reset by whoever plays it")
    if not isinstance(player.mode, AutoresetMode) or "autoreset_mode" not in player.env.metadata:
        yield "metadata['autoreset_mode'] must be an AutoresetMode; without it nobody knows which observation is the last one"
        return
    if player.mode is AutoresetMode.SAME_STEP:
        yield from _final_observations(subject)
    elif player.mode is AutoresetMode.NEXT_STEP:
        yield from _ignored_actions(subject)
    else:
        yield from _masked_resets(subject)


def _same_step(subject: Subject) -> Iterator[str]:
    env, actions = subject.native, subject.actions()
    assert env is not None
    by_hand = trace(VectorPlayer(env.rebuild(autoreset_mode="disabled")), subject.seed, actions)
    same = VectorPlayer(env.rebuild(autoreset_mode="same_step"))
    if same.mode is not AutoresetMode.SAME_STEP:
        yield "metadata['autoreset_mode'] must say SAME_STEP"
        return
    if not any(any(ended) for ended in by_hand.ended):
        yield f"no episode ended in {len(actions)} steps, nothing could be compared"
    if where := trace(same, subject.seed, actions).difference(by_hand, range(subject.n)):
        yield f"same_step: {where}, is not the true one: a loop that resets by hand has another"


def _next_step(subject: Subject) -> Iterator[str]:
    env, actions = subject.native, subject.actions()
    assert env is not None
    seeds: list[int | None] = [subject.seed + e for e in range(subject.n)]
    batch = VectorPlayer(env.rebuild(autoreset_mode="next_step"))
    if batch.mode is not AutoresetMode.NEXT_STEP:
        yield "metadata['autoreset_mode'] must say NEXT_STEP"
        return
    found = trace(batch, seeds, actions)
    alone = VectorPlayer(env.rebuild(num_envs=1, autoreset_mode="disabled"))
    for e in {0, subject.n // 2, subject.n - 1}:
        played = [step for step in range(len(actions)) if not found.seen[step + 1].begun[e]]
        own = trace(alone, [seeds[e]], [[actions[step][e]] for step in played])
        for place, step in enumerate(played):
            mine, expected = found.turns[step + 1][e], own.turns[place + 1][0]
            if mine[1:5] != expected[1:5]:
                yield f"next_step: step {step} of sub-environment {e} differs from a loop that resets by hand one step later"
                return
        for step in range(len(actions)):
            if not found.seen[step + 1].begun[e]:
                continue
            turn, place = found.seen[step + 1], len([one for one in played if one < step])
            if turn.rewards[e] != 0.0 or turn.done(e) or found.turns[step + 1][e][0] != own.turns[place][0][0]:
                yield (f"next_step: step {step} must only begin an episode of sub-environment {e}: reward 0, no flags, "
                       "its first observation")
                return


def _final_observations(subject: Subject) -> Iterator[str]:
    found = trace(subject.player(), subject.seed, subject.actions())
    ended = 0
    if (where := _ends_that_stand_still(found)) is not None:
        yield f"same_step: the final observation of {where} is the one before that step; it must be the one that the step reached"
        return
    for step, turn in enumerate(found.seen[1:]):
        for e in range(subject.n):
            if not turn.done(e):
                continue
            ended += 1
            if turn.reached[e] is None:
                yield f"same_step: step {step} ended the episode of sub-environment {e} and info has no final_obs for it"
                return
            if bits(turn.reached[e]) == bits(turn.observations[e]) and _moves(found, e):
                yield f"same_step: the final observation of step {step}, sub-environment {e}, is that of the new episode"
                return
    if not ended:
        raise NotCheckable(f"no episode ended in {subject.steps} steps")


def _moves(found: Trace, e: int) -> bool:
    return len({turn[e][0] for turn in found.turns}) > 2


def _ignored_actions(subject: Subject) -> Iterator[str]:
    actions, player = subject.actions(), subject.player()
    found = trace(player, subject.seed, actions)
    where = [(step, e) for step, turn in enumerate(found.seen[1:]) for e in range(subject.n) if turn.begun[e]]
    if not where:
        raise NotCheckable(f"no episode ended in {subject.steps} steps")
    for step, e in where:
        turn = found.seen[step + 1]
        if float(turn.rewards[e]) != 0.0 or turn.done(e):
            yield f"next_step: step {step} only begins an episode of sub-environment {e}, it must pay 0 and end nothing"
            break
    other, changed = subject.actions(subject.seed + 1), [list(action) for action in actions]
    for step, e in where:
        changed[step][e] = other[step][e]
    again = trace(subject.player(), subject.seed, changed)
    for step, e in where:
        if again.turns[step + 1][e] != found.turns[step + 1][e]:
            yield f"next_step: the action of step {step}, which only begins an episode of sub-environment {e}, was played"
            return


def _ends_that_stand_still(found: Trace) -> str | None:
    """Return where an episode was truncated, if every one was with the observation before it and other steps change theirs.

    A terminating action may change nothing that is seen, so `terminated` says nothing here.
    """
    still: list[tuple[int, int]] = []
    moves: list[bool] = []
    for step, (before, turn) in enumerate(pairwise(found.seen)):
        for e, (one, other) in enumerate(zip(before.observations, turn.reached, strict=True)):
            changed = bits(one) != bits(other)
            if not turn.done(e):
                moves.append(changed)
            elif turn.truncated[e] and not turn.terminated[e]:
                if changed:
                    return None
                still.append((step, e))
    if len(still) < FEWEST_ENDS or not moves or np.mean(moves) < MOVING_SHARE:
        return None
    return f"step {still[0][0]}, sub-environment {still[0][1]},"


def _masked_resets(subject: Subject) -> Iterator[str]:
    player = subject.player()
    assert isinstance(player, VectorPlayer)
    turn, mixed = player.reset(subject.seed), 0
    for step, action in enumerate(subject.actions()):
        turn = player.step(action)
        done = [turn.done(e) for e in range(subject.n)]
        mixed += any(done) and not all(done)
        for e in range(subject.n):
            if any(done) and not done[e] and bits(turn.observations[e]) != bits(turn.reached[e]):
                yield (f"disabled: reset(options={{'reset_mask': mask}}) after step {step} must begin episodes only where the mask "
                       f"is True, it changed sub-environment {e}")
                return
    if not mixed:
        raise NotCheckable(f"no episode ended alone in {subject.steps} steps")
