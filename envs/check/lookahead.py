"""Nothing that is seen or paid depends on what the tape says later."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ...data.tape import Tape
from ...market.seeding import generator
from ..batch import TradingVectorEnv
from .player import VectorPlayer
from .report import NotCheckable
from .subject import EPISODE_BARS, Subject
from .trace import trace

__all__ = ["features_know_no_later_row", "leaking_row", "play_knows_no_later_row"]

ROWS = 4_000  # of a tape that is encoded for the check
PLACES = 5


def features_know_no_later_row(subject: Subject) -> Iterator[str]:
    """Rows of features stay as they are when later rows of the tape are changed; worlds that declare `leaks` must be found."""
    encode, tape, history, declared = _encoder(subject)
    row = leaking_row(encode, tape, history, subject.seed)
    if row is not None and not declared:
        yield f"features of row {row} change with later rows of the tape"
    elif row is None and declared:
        yield "declared in metadata['leaks'], but no feature knows the future"


def _encoder(subject: Subject) -> tuple[Callable[[Tape], Any], Tape, int, bool]:
    env = subject.native
    if env is not None:
        if subject.encode is None and env.world.source is None:
            raise NotCheckable("the world draws its features with its paths, and has no `encode` that makes them from a tape")
        if subject.encode is None or subject.tape is None:
            raise NotCheckable("the features were given as a table, so nothing is known of how they were made; pass a function")
        return subject.encode, _head(subject.tape), env.view.history, env.leaks
    foreign = subject.player().unwrapped[0]
    encode, tape = getattr(foreign, "encode", None), getattr(foreign, "tape", None)
    if not callable(encode) or not isinstance(tape, Tape):
        raise NotCheckable("it offers no `encode` (from a quantgym Tape to features) and no `tape` whose future could be changed")
    return encode, _head(tape), 1, bool(getattr(foreign, "metadata", {}).get("leaks", False))


def _head(tape: Tape) -> Tape:
    return tape if tape.n_rows <= ROWS else tape.slice(0, ROWS)


def leaking_row(encode: Callable[[Tape], Any], tape: Tape, history: int, seed: int) -> int | None:
    """Return the first row whose features change when later rows of the tape do; None where there is none."""
    true = _values(encode(tape))
    for row in np.linspace(min(history, tape.n_rows - 2), tape.n_rows - 2, PLACES).astype(int):
        changed = _values(encode(corrupted(tape, int(row), seed)))[: row + 1] != true[: row + 1]
        if changed.any():
            return int(np.flatnonzero(changed.reshape(len(changed), -1).any(axis=1))[0])
    return None


def _values(encoded: Any) -> np.ndarray:
    return np.array(getattr(encoded, "values", encoded))


def play_knows_no_later_row(subject: Subject) -> Iterator[str]:
    """What happens up to a row is the same whatever later rows hold: fills, marks, costs, observations."""
    env, n_steps = subject.native, EPISODE_BARS // 2
    if env is None:
        raise NotCheckable("there is no tape whose later rows could be changed before it is played")
    actions = subject.actions(n_steps=n_steps)
    if env.world.source is None:
        traces = [trace(_drawn(env, n_steps, subject.seed, spoil), None, actions, begin=False) for spoil in (False, True)]
        rows = f"those that come {n_steps} rows or more after its first"
    else:
        base = env.rebuild(start="first", tape_weights=None)
        traces = [trace(VectorPlayer(base), subject.seed, actions)]
        row = int(base.starts.draw(np.arange(1), base.streams)[0][0]) + n_steps
        first, *others = env.world.tapes  # of several tapes the first one is played first
        world = env.world.arguments([corrupted(first, row, subject.seed), *others])
        changed = env.rebuild(start="first", tape_weights=None, asset=None, **world)
        traces.append(trace(VectorPlayer(changed), subject.seed, actions))
        rows = f"those after {row}"
    if where := traces[0].difference(traces[1], range(subject.n)):
        yield f"{where} changes with later rows of the tape, {rows}"


def _drawn(env: TradingVectorEnv, n_steps: int, seed: int, spoil: bool) -> VectorPlayer:
    """Return a world that drew its paths and was reset; `spoil` writes over what comes after `n_steps` steps."""
    player = VectorPlayer(env.rebuild(autoreset_mode="disabled"))
    player.reset(seed)
    played: Any = player.env
    bars, features = getattr(played, "_bars", None), played.world.table.values
    if bars is None or not features.flags.writeable:
        raise NotCheckable("the world draws its own paths, and they cannot be written over")
    if spoil:
        draw = generator(seed)
        for first, last in zip(played.books.episode["first_row"], played.books.episode["last_row"], strict=True):
            later = slice(first + n_steps + 1, last + 1)
            for name in ("open", "high", "low", "close"):
                bars[name][later] *= 2.0
            features[later] = draw.random(features[later].shape)
    return player


def corrupted(tape: Tape, row: int, seed: int) -> Tape:
    """Return the tape with every price and volume after `row` changed."""
    bars, draw = tape.bars.copy(), generator(np.random.SeedSequence(seed, spawn_key=(row,)))
    future = bars[row + 1 :]
    factor = np.exp(draw.normal(0.0, 0.3, future.shape))
    for name in ("open", "high", "low", "close"):
        future[name] *= factor
    future["volume"] *= np.exp(draw.normal(0.0, 1.0, future.shape))
    bars.flags.writeable = False
    return replace(tape, bars=bars)
