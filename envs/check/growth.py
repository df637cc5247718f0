"""A step costs the same after a thousand trades, and memory is given back after each episode."""

import gc
import sys
import time
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from types import FrameType
from typing import Any

import numpy as np

from ...market.errors import QuantgymError
from .player import Player, VectorPlayer
from .reach import reached_bytes
from .subject import Subject
from .trace import sampled

__all__ = ["memory_does_not_grow", "steps_do_not_slow_down"]

EPISODES, BARS, WINDOWS = 16, 10, 4
LEAST_HELD = 8  # bytes an episode that can be reached from the environment: an entry in a list
LEAST_TRACED = 512  # of the whole program, where caches of Python and NumPy make some noise
LONG = 1_600  # steps of a long episode
MARKS = (400, 1_000, LONG)  # where it is looked at what a step costs
SPAN = 60
LEAST_EVENTS = 25  # lines of Python by which a step must have grown from mark to mark
LEAST_NS = 10_000
LEAST_BYTES = 4_096  # by which what a step allocates must have grown from mark to mark
SLOWER = (1.25, 1.2)  # from the first mark to the second, from the second to the third: quadratic work has 2.5 and 1.6


def memory_does_not_grow(subject: Subject) -> Iterator[str]:
    """After a number of episodes an environment holds on to as much memory as after fewer, and so does the program."""
    player = subject.player(min(2, subject.n) if subject.sizes else None)
    actions = sampled(player, subject.seed, BARS)
    held, traced = [], []
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start(1)
    gc.collect()
    gc.freeze()  # what was there before need not be looked through again and again
    try:
        for _ in range(WINDOWS):
            for episode in range(EPISODES):
                player.reset(subject.seed + episode)
                for action in actions:
                    player.step(action)
            player.reset(subject.seed)
            held.append(sum(reached_bytes(one) for one in player.unwrapped))
            gc.collect()
            traced.append(tracemalloc.get_traced_memory()[0])
    finally:
        gc.unfreeze()
        if not tracing:
            tracemalloc.stop()
    for grown, least in ((_growth(held), LEAST_HELD), (_growth(traced), LEAST_TRACED)):
        if grown >= least:
            yield f"memory grows by {grown:.0f} bytes with every episode"
            return


def _growth(used: list[int]) -> float:
    """Return bytes an episode by which memory grew in every window: the least of them."""
    return min(after - before for before, after in pairwise(used)) / EPISODES


def steps_do_not_slow_down(subject: Subject) -> Iterator[str]:
    """A step of a long episode with many trades costs what it cost before them: lines of Python, memory taken, processor time."""
    actions = sampled(_long(subject), subject.seed, LONG)
    lines, taken, times = _measured(_long(subject), subject.seed, actions)
    for figure, least, what, unit in ((lines, LEAST_EVENTS, "runs", "lines of Python"), (taken, LEAST_BYTES, "takes", "bytes")):
        if all(after > before + least for before, after in pairwise(figure)):
            yield (f"a step {what} {figure[0]:.0f} {unit} after {MARKS[0]} steps and {figure[-1]:.0f} after {MARKS[-1]}: "
                   "runs are quadratic")
            return
    runs = [times] if not _slows(times) else [times, *(_measured(_long(subject), subject.seed, actions)[2] for _ in range(2))]
    if sum(_slows(run) for run in runs) >= 2:
        yield (f"a step takes {times[0] / 1e3:.0f} us after {MARKS[0]} steps and {times[-1] / 1e3:.0f} us after {MARKS[-1]}: "
               "runs are quadratic")


def _slows(times: list[float]) -> bool:
    return all(after > factor * before and after > before + LEAST_NS
               for factor, before, after in zip(SLOWER, times[:-1], times[1:], strict=True))


def _long(subject: Subject) -> Player:
    env = subject.native
    if env is not None:
        for bars in (LONG, None):
            try:
                return VectorPlayer(env.rebuild(num_envs=1, episode_bars=bars, start="first", tape_weights=None))
            except QuantgymError:
                continue
    return subject.player(1 if subject.sizes else None)


def _measured(player: Player, seed: int, actions: list[list[Any]]) -> tuple[list[float], list[float], list[float]]:
    """Return lines of Python, bytes taken at once, and processor time in ns, of a step before each mark."""
    lines: list[float] = []
    taken: list[float] = []
    times: list[float] = []
    spent: list[float] = []
    player.reset(seed)
    for step, action in enumerate(actions, 1):
        if step + 1 in MARKS:
            taken.append(_taken(player, action))
        elif step in MARKS:
            lines.append(_events(player, action))
            times.append(float(np.quantile(spent, 0.1)))  # what others do on this machine only ever adds
            spent = []
        elif any(mark - SPAN <= step < mark for mark in MARKS):
            began = time.process_time_ns()
            player.step(action)
            spent.append(time.process_time_ns() - began)
        else:
            player.step(action)
    return lines, taken, times


def _taken(player: Player, action: list[Any]) -> float:
    """Return by how many bytes memory in use rises above where it stood, at most, within one step."""
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start(1)
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        player.step(action)
        return float(tracemalloc.get_traced_memory()[1] - before)
    finally:
        if not tracing:
            tracemalloc.stop()


def _events(player: Player, action: list[Any]) -> float:
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        player.step(action)
    finally:
        sys.settrace(before)
    return float(count)
