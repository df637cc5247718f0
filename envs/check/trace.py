"""Everything that a player returned, as bits that can be compared and kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .player import Player, Seeds, Turn

__all__ = ["Trace", "bits", "sampled", "trace"]

FIELDS = ("observation", "final observation", "reward", "terminated", "truncated")


@dataclass
class Trace:
    """Bits of every turn.

    Attributes:
        turns: For each turn (the reset is turn 0), for each sub-environment, the bits of `FIELDS` and of infos by name.
        ended: For each turn, whether episodes ended, bool (E,).
        seen: The turns themselves, observations copied.
        begun: Whether turn 0 is a reset.
    """

    turns: list[list[tuple[Any, ...]]] = field(default_factory=list)
    ended: list[list[bool]] = field(default_factory=list)
    seen: list[Turn] = field(default_factory=list)
    begun: bool = True

    def difference(self, other: "Trace", envs: Iterable[int], other_envs: Iterable[int] | None = None) -> str | None:
        """Return in words where the chosen sub-environments first differ in a bit from those of another trace; None: nowhere."""
        pairs = [(e, e) for e in envs] if other_envs is None else list(zip(envs, other_envs, strict=True))
        for step, (mine, theirs) in enumerate(zip(self.turns, other.turns, strict=True)):
            for e, other_e in pairs:
                if mine[e] == theirs[other_e]:
                    continue
                where = "the reset" if self.begun and step == 0 else f"step {step - self.begun}"
                return f"the {_name_of(mine[e], theirs[other_e])} of {where}, sub-environment {e}"
        return None


def _name_of(mine: tuple[Any, ...], theirs: tuple[Any, ...]) -> str:
    for name, one, other in zip(FIELDS, mine, theirs, strict=False):
        if one != other:
            return name
    names = sorted(name for name in {*mine[-1], *theirs[-1]} if mine[-1].get(name) != theirs[-1].get(name))
    return f"info {names[0]!r}"


def bits(value: Any) -> Any:
    """Return what tells two values apart: dtype, shape and bytes of arrays, inside dicts and tuples too."""
    if isinstance(value, dict):
        return {name: bits(one) for name, one in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(bits(one) for one in value)
    if isinstance(value, (np.ndarray, np.generic, int, float)):
        array = np.asarray(value)
        return repr(array.tolist()) if array.dtype == object else (str(array.dtype), array.shape, array.tobytes())
    return repr(value) if value is None or isinstance(value, (str, bytes)) else type(value).__name__


def _timeless(info: dict[str, Any]) -> Any:
    """Return the bits of an info without the seconds that Gymnasium's RecordEpisodeStatistics adds, its only clock."""
    episode = info.get("episode")
    if isinstance(episode, dict) and {"r", "l", "t"} <= set(episode):
        info = {**info, "episode": {name: value for name, value in episode.items() if name != "t"}}
    return bits(info)


def sampled(player: Player, seed: int, n_steps: int) -> list[list[Any]]:
    """Return random actions: for each of `n_steps` a list of E."""
    space = player.action_space
    space.seed(seed)
    return [[space.sample() for _ in range(player.n)] for _ in range(n_steps)]


def trace(player: Player, seed: Seeds, actions: Sequence[Sequence[Any]], *, begin: bool = True) -> Trace:
    """Reset with `seed` (unless `begin` is False), step with `actions`, return everything that came back."""
    out = Trace(begun=begin)
    if begin:
        _note(out, player.reset(seed), player.n)
    for action in actions:
        _note(out, player.step(action), player.n)
    return out


def _note(out: Trace, turn: Turn, n: int) -> None:
    played = bool(turn.rewards)
    out.turns.append([
        (bits(turn.observations[e]), bits(turn.reached[e]),
         *(bits(values[e]) if played else None for values in (turn.rewards, turn.terminated, turn.truncated)),
         _timeless(turn.infos[e]))
        for e in range(n)
    ])
    out.ended.append([played and turn.done(e) for e in range(n)])
    turn.observations, turn.reached = _copied(turn.observations), _copied(turn.reached)
    out.seen.append(turn)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copied(one) for one in value]
    return value.copy() if isinstance(value, np.ndarray) else value
