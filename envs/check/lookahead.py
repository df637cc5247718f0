"""Nothing that is seen or paid depends on what the tape says later."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ...data.tape import Tape
from ...market.seeding import generator
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
        if subject.encode is None or subject.tape is None:
            raise NotCheckable("the features were given as a table, so nothing is known of how they were made; pass a function")
        return subject.encode, _head(subject.tape), env.view.history, env.leaks
    foreign = _unwrapped(subject.player())
    encode, tape = getattr(foreign, "encode", None), getattr(foreign, "tape", None)
    if not callable(encode) or not isinstance(tape, Tape):
        raise NotCheckable("it offers no `encode` (from a quantgym Tape to features) and no `tape` whose future could be changed")
    return encode, _head(tape), 1, bool(getattr(foreign, "metadata", {}).get("leaks", False))


def _unwrapped(player: Any) -> Any:
    return (player.env if isinstance(player, VectorPlayer) else player.envs[0]).unwrapped


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
    env = subject.native
    if env is None or env.world.source is None:
        raise NotCheckable("there is no tape whose later rows could be changed before it is played")
    n_steps = EPISODE_BARS // 2
    base = env.rebuild(start="first")
    first = trace(VectorPlayer(base), subject.seed, subject.actions(n_steps=n_steps))
    row = base.starts.first + n_steps
    changed = env.rebuild(start="first", tape=corrupted(env.tape, row, subject.seed), features=env.world.table, asset=None)
    again = trace(VectorPlayer(changed), subject.seed, subject.actions(n_steps=n_steps))
    if where := first.difference(again, range(subject.n)):
        yield f"{where} changes with rows of the tape after {row}, which it was before"


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
