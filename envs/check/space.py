"""Spaces, dtypes, finiteness, and that nothing handed out is written to again."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium.spaces import Space

from .player import Player, SinglePlayer, Turn, VectorPlayer
from .subject import Subject
from .trace import bits, sampled

__all__ = ["memory_is_not_shared", "observations_lie_in_their_space"]


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
    return None


def _leaves(space: Any, value: Any, path: str = "") -> Iterator[tuple[str, Space[Any], Any]]:
    inner = getattr(space, "spaces", None)
    if isinstance(inner, dict):
        for name in inner:
            yield from _leaves(inner[name], value.get(name) if isinstance(value, dict) else None, f"{path}[{name!r}]")
    elif isinstance(inner, (tuple, list)):
        for place, one in enumerate(inner):
            yield from _leaves(one, value[place] if isinstance(value, (tuple, list)) else None, f"{path}[{place}]")
    else:
        yield path, space, value


def _wrong(space: Space[Any], value: Any) -> str | None:
    if not isinstance(value, (np.ndarray, np.generic)):
        return None if space.contains(value) else f"is {value!r}, which is not in its space {space}"
    if space.shape is not None and (value.shape != space.shape or value.dtype != space.dtype):
        return f"must be {space.dtype} {space.shape}, was {value.dtype} {value.shape}"
    if np.issubdtype(value.dtype, np.floating) and not np.isfinite(value).all():
        return f"is not finite or not in its space: {value.reshape(-1)[~np.isfinite(value.reshape(-1))][0]}"
    return None if space.contains(value) else "is not finite or not in its space"


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
    """An observation that was handed out stays as it is when the environment goes on."""
    yield from _rewritten(subject.player(), subject)
    if subject.single is not None:
        yield from _rewritten(SinglePlayer([subject.single()]), subject)


def _rewritten(player: Player, subject: Subject) -> Iterator[str]:
    turn = player.reset(subject.seed)
    given, kept = turn.raw[0], bits(turn.raw[0])
    for step, action in enumerate(sampled(player, subject.seed, subject.steps)):
        turn = player.step(action)
        if bits(given) != kept:
            yield f"step {step} writes into the observation that the call before it returned; return a copy"
            return
        given, kept = turn.raw[0], bits(turn.raw[0])


