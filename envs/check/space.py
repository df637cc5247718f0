"""Spaces, dtypes, finiteness, and that nothing handed out is written to again."""

from collections import deque
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Space

from .player import Player, SinglePlayer, Turn, VectorPlayer
from .subject import Subject
from .trace import bits, sampled

__all__ = ["memory_is_not_shared", "observations_lie_in_their_space"]

HANDED_OUT = ("observation", "rewards", "terminated flags", "truncated flags", "final observation")
KEPT = 3  # calls whose results are looked at again


def observations_lie_in_their_space(subject: Subject) -> Iterator[str]:
    """Observations are finite, of the dtype and inside the bounds of their space, rewards finite numbers, flags booleans."""
    player = subject.player()
    fault = _unlike(player, player.reset(subject.seed), "the reset")
    for step, action in enumerate(subject.actions()):
        if fault is not None:
            break
        turn = player.step(action)
        fault = _unlike(player, turn, f"step {step}") or _odd_numbers(player, turn, f"step {step}", subject.native is not None)
    if fault is not None:
        yield fault
    env = subject.native
    if env is not None and env.settings.observation == "flat":
        shape = env.single_observation_space.shape
        if shape != (env.layout.size,):
            yield f"the layout has {env.layout.size} numbers, the space {shape}"


def _unlike(player: Player, turn: Turn, where: str) -> str | None:
    for kind, seen in (("observation", turn.observations), ("final observation", turn.reached)):
        for e, one in enumerate(seen):
            if one is None:
                return f"the {kind} of {where}, sub-environment {e}, is missing"
            for part, space, value in _leaves(player.observation_space, one):
                if (wrong := _wrong(space, value)) is not None:
                    return f"the {kind}{part} of {where}, sub-environment {e}, {wrong}"
    if isinstance(player, VectorPlayer):  # taking its rows apart forgives a row or a name too many
        for part, space, value in _leaves(player.env.observation_space, turn.raw[0]):
            if (wrong := _unlike_shape(space, value)) is not None:
                return f"the batch of observations{part} of {where} {wrong} (observation_space of the batch)"
    return None


def _leaves(space: Any, value: Any, path: str = "") -> Iterator[tuple[str, Space[Any], Any]]:
    inner = getattr(space, "spaces", None)
    if isinstance(inner, dict):
        if not isinstance(value, dict) or set(value) != set(inner):
            yield path, space, value
            return
        for name in inner:
            yield from _leaves(inner[name], value[name], f"{path}[{name!r}]")
    elif isinstance(inner, (tuple, list)) and isinstance(value, (tuple, list)) and len(value) == len(inner):
        for place, one in enumerate(inner):
            yield from _leaves(one, value[place], f"{path}[{place}]")
    else:
        yield path, space, value


def _unlike_shape(space: Space[Any], value: Any) -> str | None:
    if isinstance(names := getattr(space, "spaces", None), dict) and set(value if isinstance(value, dict) else ()) != set(names):
        return f"must be a dict of {sorted(names)}, was " + (
            f"one of {sorted(value)}" if isinstance(value, dict) else type(value).__name__)
    if isinstance(value, (np.ndarray, np.generic)) and space.shape is not None and (
            value.shape != space.shape or value.dtype != space.dtype):
        return f"must be {space.dtype} {space.shape}, was {value.dtype} {value.shape}"
    return None


def _wrong(space: Space[Any], value: Any) -> str | None:
    if (unlike := _unlike_shape(space, value)) is not None:
        return unlike
    if not isinstance(value, (np.ndarray, np.generic)):
        return None if space.contains(value) else f"is {value!r}, which is not in its space {space}"
    if space.contains(value) and (not np.issubdtype(value.dtype, np.floating) or np.isfinite(value).all()):
        return None
    return f"is not finite or not in its space: {_outside(space, np.asarray(value))}"


def _outside(space: Space[Any], value: np.ndarray) -> str:
    """Return in words the first number that is not finite, else the first out of bounds."""
    flat = value.reshape(-1)
    if np.issubdtype(value.dtype, np.floating) and not np.isfinite(flat).all():
        place = int(np.flatnonzero(~np.isfinite(flat))[0])
        return f"{flat[place]} in place {place}"
    if isinstance(space, Box):
        low, high = space.low.reshape(-1), space.high.reshape(-1)
        place = int(np.flatnonzero((flat < low) | (flat > high))[0])
        return f"{flat[place]} in place {place}, bounds {low[place]} to {high[place]}"
    return f"{value.tolist()} in {space}"


def _odd_numbers(player: Player, turn: Turn, where: str, native: bool) -> str | None:
    if isinstance(player, VectorPlayer):
        _, rewards, terminated, truncated = turn.raw
        kind = getattr(rewards, "dtype", None)
        wrong = kind != np.float64 if native else kind is None or not np.issubdtype(kind, np.floating)
        if wrong or rewards.shape != (player.n,):
            return f"rewards must be finite float64 ({player.n},), were {kind} {getattr(rewards, 'shape', None)} in {where}"
        for name, flags in (("terminated", terminated), ("truncated", truncated)):
            if getattr(flags, "dtype", None) != np.bool_ or flags.shape != (player.n,):
                return f"{name} must be bool ({player.n},), was {getattr(flags, 'dtype', type(flags).__name__)} in {where}"
    for e, (reward, *flags) in enumerate(zip(turn.rewards, turn.terminated, turn.truncated, strict=True)):
        if not isinstance(reward, (float, int, np.floating, np.integer)) or not np.isfinite(reward):
            return f"the reward of {where}, sub-environment {e}, must be a finite number, was {reward!r}"
        if not all(isinstance(flag, (bool, np.bool_)) for flag in flags):
            return f"terminated and truncated of {where} must be bool, were {flags}"
    return None


def memory_is_not_shared(subject: Subject) -> Iterator[str]:
    """What was handed out, observations, rewards and flags, stays as it is when the environment goes on; so do actions given."""
    yield from _rewritten(subject.player(), subject)
    if subject.single is not None:
        yield from _rewritten(SinglePlayer([subject.single()]), subject)
    yield from _written_actions(subject.player(), subject)


def _rewritten(player: Player, subject: Subject) -> Iterator[str]:
    given: deque[tuple[str, Any, Any]] = deque(maxlen=KEPT * len(HANDED_OUT))
    turn = player.reset(subject.seed)
    given += _handed_out(player, turn)
    for step, action in enumerate(sampled(player, subject.seed, subject.steps)):
        turn = player.step(action)
        for name, value, kept in given:
            if bits(value) != kept:
                yield f"step {step} writes into the {name} that the call before it returned, or an earlier one; return a copy"
                return
        if isinstance(player, SinglePlayer):
            for e in range(player.n):
                if turn.done(e) and bits(turn.raw[0][e]) != bits(turn.reached[e]):
                    yield f"the reset after step {step} writes into the observation that the step returned; return a copy"
                    return
        given += _handed_out(player, turn)


def _handed_out(player: Player, turn: Turn) -> list[tuple[str, Any, Any]]:
    parts = list(zip(HANDED_OUT, turn.raw if isinstance(player, VectorPlayer) else turn.raw[:1], strict=False))
    return [(name, value, bits(value)) for name, value in (*parts, ("final observation", turn.reached))]


def _written_actions(player: Player, subject: Subject) -> Iterator[str]:
    player.reset(subject.seed)
    for step, actions in enumerate(sampled(player, subject.seed, 4)):
        if isinstance(player, VectorPlayer):
            step_once, action = player.env.step, player.batched(actions)
        else:
            step_once, action = player.envs[0].step, actions[0]  # type: ignore[attr-defined]
        kept = deepcopy(action)
        step_once(action)
        if bits(action) != bits(kept):
            yield f"step {step} writes into the action that it was given; change a copy"
            return
