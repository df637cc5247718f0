"""The members of one generation, one after the other in this process or several at a time in Ray's; both with the same result."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..preparation import Prepared
from .stint import InterruptedStintError, Stint
from .trial_record import Judged

__all__ = ["at_once", "in_turn"]

PATIENCE_S, FAREWELL_S = 0.2, 30.0


def in_turn(stints: Sequence[Stint], prepared: Prepared, asked: Callable[[], bool]) -> Iterator[Judged]:
    """Learn in this process; yield members as they are judged.

    Args:
        stints: What to learn.
        prepared: The job that all members start from.
        asked: Whether to end after this iteration, with what is under way given up.
    """
    for stint in stints:
        if asked():
            return
        try:
            judged = stint.learn(prepared, asked)
        except InterruptedStintError:
            return
        yield judged


def at_once(stints: Sequence[Stint], prepared: Prepared, concurrent: int, asked: Callable[[], bool]) -> Iterator[Judged]:
    """Learn in processes of Ray, which is up; yield members as they are judged, in any order.

    Args:
        stints: What to learn.
        prepared: The job that all members start from.
        concurrent: So many at a time.
        asked: Whether to end now, with what is under way given up.
    """
    import ray

    learn = ray.remote(num_cpus=1, max_retries=1)(_learn)
    base, waiting, running = ray.put(prepared), list(stints), list[Any]()
    try:
        while waiting or running:
            while waiting and len(running) < concurrent:
                running.append(learn.remote(waiting.pop(0), base))
            ready, _ = ray.wait(running, timeout=PATIENCE_S)
            if asked():
                return
            for one in ready:
                running.remove(one)
                yield ray.get(one)
    finally:
        for one in running:
            ray.cancel(one, force=True)
        if running:  # their run folders are locked until they are gone
            ray.wait(running, num_returns=len(running), timeout=FAREWELL_S)


def _learn(stint: Stint, prepared: Prepared) -> Judged:
    return stint.learn(prepared)
