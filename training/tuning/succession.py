"""Who takes over whom at the end of a generation, and with which settings: a function of the search and its record."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...market.seeding import generator
from .perturbation import perturbed
from .search import Search
from .trial_record import Judged

__all__ = ["Succession", "successions"]

STREAM = 23


@dataclass(frozen=True)
class Succession:
    """What a member goes on from.

    Attributes:
        source: Number of the member whose checkpoint it takes over.
        settings: With which it goes on.
    """

    source: int
    settings: dict[str, Any]


def successions(search: Search, generation: int, members: Mapping[int, Judged]) -> dict[int, Succession]:
    """Return who takes over whom after a generation, by number; members that go on by themselves are left out.

    Members are ranked by the policy that has just been judged; of equal ones the earlier number is first. The lowest quantile (at
    least one, at most half of them) and those with an error take over one of the highest quantile each, drawn evenly, and change
    every setting, up or down with equal chance. Source: Jaderberg et al. 2017, section 4 (truncation selection, perturbation).

    Args:
        search: The search.
        generation: 1, 2, ...
        members: All of them, by number; nobody takes over anything where none is without an error.
    """
    settings, sign = search.settings, -1.0 if search.settings.mode == "max" else 1.0
    alive = [number for number, one in members.items() if one.record.error is None]
    if not alive:
        return {}
    alive.sort(key=lambda number: (sign * members[number].record.checkpoints[-1].value, number))
    failed = sorted(set(members) - set(alive))
    ranking = [*alive, *failed]
    n = min(math.ceil(settings.scheduler.quantile * len(ranking)), len(ranking) // 2)
    losers = {*ranking[-n:], *failed}
    winners = [number for number in ranking[:n] if number not in losers]
    found = {}
    for number in sorted(losers):
        draw = generator(np.random.SeedSequence(settings.seed, spawn_key=(STREAM, generation, number)))
        source = winners[int(draw.integers(len(winners)))]
        found[number] = Succession(source, {
            path: perturbed(dimension, members[source].settings[path], settings.scheduler.factor, up=bool(draw.integers(2)))
            for path, dimension in search.space.items()
        })  # fmt: skip
    return found
