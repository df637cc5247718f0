"""Features are seen and nothing else: fills, marks and ends are the same whatever they say."""

from collections.abc import Iterator

import numpy as np

from ...encoders.table import FeatureTable
from ..batch import TradingVectorEnv
from .player import VectorPlayer
from .report import NotCheckable
from .subject import ROUNDS, Subject
from .trace import Trace, trace

__all__ = ["features_decide_nothing"]

PARTS = slice(2, 5)  # reward, terminated, truncated


def features_decide_nothing(subject: Subject) -> Iterator[str]:
    """Rewards, ends and infos are the same with features of 0, of 1, at their bounds and at random.

    It finds what switches trading off at 0, at 1, at a bound, on one side of a threshold, or anywhere in what was played; a value
    that features of this tape never have it cannot find.
    """
    env = subject.native
    if env is None:
        raise NotCheckable("features cannot be given to it")
    first = _played(env, None, subject)
    for name, values in _others(env.world.table, subject.seed):
        if where := _first_change(first, _played(env, values, subject)):
            yield f"{where} changes with features of {name}: trading must depend on actions and prices alone"
            return


def _played(env: TradingVectorEnv, values: np.ndarray | None, subject: Subject) -> Trace:
    """Return what happens with other features; None: those of the world. Worlds that draw theirs are played for one episode."""
    if env.world.source is not None:
        changes = {} if values is None else {"features": env.world.arguments(values=values)["features"]}
        return trace(VectorPlayer(env.rebuild(**changes)), subject.seed, subject.actions())
    player = VectorPlayer(env.rebuild(autoreset_mode="disabled"))
    player.reset(subject.seed)
    if values is not None:
        drawn = player.env.world.table.values  # type: ignore[attr-defined]
        if not drawn.flags.writeable:
            raise NotCheckable("the world draws its own paths, and its features cannot be written over")
        drawn[...] = values
    return trace(player, None, subject.actions(n_steps=subject.steps // ROUNDS), begin=False)


def _others(table: FeatureTable, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    low, high = (np.broadcast_to(bound[: table.layout.n_market], table.values.shape) for bound in table.layout.flat_bounds)
    draw = np.random.default_rng(seed)
    yield "random numbers inside their bounds", (low + (high - low) * draw.random(table.values.shape)).astype(np.float32)
    yield "random numbers near 0", np.clip(draw.normal(0.0, 0.1, table.values.shape), low, high).astype(np.float32)
    for name, value in (("0", 0.0), ("1", 1.0), ("-1", -1.0)):
        yield name, np.clip(np.full(table.values.shape, value), low, high).astype(np.float32)
    yield "their lower bounds", low.astype(np.float32).copy()
    yield "their upper bounds", high.astype(np.float32).copy()


def _first_change(first: Trace, other: Trace) -> str | None:
    for step, (mine, theirs) in enumerate(zip(first.turns, other.turns, strict=True)):
        for e, (one, another) in enumerate(zip(mine, theirs, strict=True)):
            if (*one[PARTS], one[-1]) != (*another[PARTS], another[-1]):
                return f"what step {step - first.begun} pays or reports to sub-environment {e}"
    return None
