"""Bad actions are refused and leave no trace; so do steps out of turn."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete
from gymnasium.vector import AsyncVectorEnv

from ...market.errors import QuantgymError
from .player import Player, SinglePlayer, VectorPlayer
from .report import NotCheckable
from .subject import Subject
from .trace import sampled, trace

__all__ = ["bad_actions_leave_no_trace", "steps_out_of_turn_are_refused"]

ACCIDENTS = (AttributeError, TypeError, KeyError, IndexError, NameError, ZeroDivisionError)
"""What code raises that was never meant to be called like this: no clear error."""


def bad_actions_leave_no_trace(subject: Subject) -> Iterator[str]:
    """An action of the wrong shape or dtype, NaN, infinite or outside the space is refused, and all goes on as if it never was."""
    found: list[str] = []
    size = 1 if isinstance(subject.player(), SinglePlayer) else None
    yield from _refused(subject.player(size), subject.player(size), subject, found)
    if subject.single is not None:
        yield from _refused(SinglePlayer([subject.single()]), SinglePlayer([subject.single()]), subject, found)


def _refused(played: Player, twin: Player, subject: Subject, found: list[str]) -> Iterator[str]:
    space = played.action_space
    bad = list(bad_actions(space))
    if not bad:
        raise NotCheckable(f"no bad action is known of {type(space).__name__} spaces")
    actions = sampled(played, subject.seed, 8)
    played.reset(subject.seed)
    taken = ends = False
    for name, value in bad:
        before = set(found)
        try:
            played.step(_spoilt(played, actions[0], value, 0 if subject.native is None else played.n - 1))
        except QuantgymError:
            continue
        except Exception as error:
            if ends := _ends_at_errors(played):
                played.close()
                played = subject.player()
                played.reset(subject.seed)
            if subject.native is not None:
                found.append(f"{name} met {type(error).__name__}: {error}; it must be a QuantgymError")
        else:
            taken = True
            found.append(f"{name} was taken; refuse it before anything moves")
        yield from (fault for fault in found if fault not in before)
    if taken or ends:
        return
    twin.reset(subject.seed)
    after, expected = (trace(player, None, actions, begin=False) for player in (played, twin))
    if where := after.difference(expected, range(played.n)):
        yield f"a refused action of one sub-environment left a trace: {where} differs"


def bad_actions(space: Any) -> Iterator[tuple[str, Any]]:
    """Yield (name, action) of single actions that no environment may take."""
    if isinstance(space, Discrete):
        past = int(space.start) + int(space.n)
        for outside in (1_000_000, past, int(space.start) - 1):
            yield f"the action {outside}, outside of {space},", np.int64(outside)
        yield "a fraction as action (0.5)", np.float64(0.5)
        yield "NaN as action", np.float64(np.nan)
        yield "an action of the wrong shape", np.zeros((2, 2), np.int64)
    elif isinstance(space, Box) and np.issubdtype(space.dtype, np.floating):
        good = np.clip(np.zeros(space.shape), space.low, space.high).astype(space.dtype)
        for value in (np.nan, np.inf, -np.inf):
            yield f"the action {value}", _with_last(good, value)
        if np.isfinite(space.high).any():
            place = np.flatnonzero(np.isfinite(space.high).reshape(-1))[-1]
            far = good.copy().reshape(-1)
            far[place] = space.high.reshape(-1)[place] + 1.0
            yield f"the action {far[place]}, outside of its bounds,", far.reshape(space.shape)
        yield "an action of the wrong shape", np.zeros((*space.shape, 2), space.dtype)
        yield "text as action", np.full(space.shape, "a")
    elif isinstance(space, MultiDiscrete):
        above: Any = np.add(space.nvec, space.start)
        yield f"the action {above}, outside of its space,", above
        yield "an action of the wrong shape", np.zeros((*space.shape, 2), np.int64)
    elif isinstance(space, MultiBinary):
        yield "the action 2 of a binary space", np.full(space.shape, 2, np.int8)


def _ends_at_errors(player: Player) -> bool:
    """Return whether an error ends the processes in which sub-environments live, as Gymnasium has it."""
    return any(isinstance(one, AsyncVectorEnv) for one in player.unwrapped)


def _with_last(good: np.ndarray, value: float) -> np.ndarray:
    out = good.copy()
    out.reshape(-1)[-1] = value
    return out


def _spoilt(player: Player, actions: list[Any], value: Any, place: int) -> Any:
    """Return good actions of all but one sub-environment, which has a bad one; a wrong shape is that of the whole batch.

    In ours the bad one comes last, when others could have moved already; Gymnasium's own loops over sub-environments stop there.
    """
    good = np.asarray(actions[place])
    if np.shape(value) != good.shape:
        return np.stack([value] * player.n) if isinstance(player, VectorPlayer) else [value] * player.n
    return [value if e == place else np.asarray(action, np.result_type(value)) for e, action in enumerate(actions)]


def steps_out_of_turn_are_refused(subject: Subject) -> Iterator[str]:
    """A step before the first reset, after an episode's end (mode `disabled`) and after close is a clear error."""
    player = subject.player()
    yield from _clear(player, "step before the first reset")
    if _ends_at_errors(player):
        player.close()
        player = subject.player()
    player.reset(subject.seed)
    player.close()
    try:
        player.close()
    except Exception as error:
        yield f"a second close ends in {type(error).__name__}: {error}; closing what is closed must do nothing"
    env = subject.native
    if env is None:
        return  # Gymnasium leaves open what a foreign environment does after an episode's end and after close
    yield from _clear(player, "step after close")
    late = VectorPlayer(env.rebuild(autoreset_mode="disabled", num_envs=1))
    late.reset(subject.seed)
    for action in sampled(late, subject.seed, subject.steps + 1):
        _, _, terminated, truncated, _ = late.env.step(late.batched(action))
        if terminated[0] or truncated[0]:
            yield from _clear(late, "step after the episode's end (autoreset mode disabled)")
            break
    if subject.single is not None:
        yield from _clear(SinglePlayer([subject.single()]), "step of the single environment before the first reset")


def _clear(player: Player, what: str) -> Iterator[str]:
    try:
        player.step(sampled(player, 0, 1)[0])
    except ACCIDENTS as error:
        yield f"a {what} ends in {type(error).__name__}: {error}; say what was wrong and to call reset()"
    except Exception as error:
        if not str(error):
            yield f"a {what} ends in {type(error).__name__} without a word"
    else:
        yield f"a {what} is taken"
