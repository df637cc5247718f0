"""A setting a little up or down: how a population looks around the settings of its better members."""

import json
from typing import Any

from .dimension import Choice, Dimension

__all__ = ["perturbed"]


def perturbed(dimension: Dimension, value: Any, factor: float, *, up: bool) -> Any:
    """Return `value` times or divided by `factor`, within the dimension; of a choice a neighbour.

    Whole numbers and steps go to the nearest one, at least one further. Where the bound leaves no way to go, it is the other way.

    Args:
        dimension: What `value` is of.
        value: A number, or one of the values of a choice.
        factor: Above 1.
        up: Times; else divided by. Of a choice, the next value; else the one before.
    """
    for forward in (up, not up):
        if isinstance(dimension, Choice):
            moved = _neighbour(dimension, value, forward)
        else:
            moved = _scaled(dimension, value, factor, forward)
        if moved != value:
            return moved
    return value


def _neighbour(choice: Choice, value: Any, forward: bool) -> Any:
    texts = [choice.parameter(one) for one in choice.values]
    place = texts.index(json.dumps(value, sort_keys=True)) + (1 if forward else -1)
    return json.loads(texts[min(max(place, 0), len(texts) - 1)])


def _scaled(dimension: Dimension, value: float, factor: float, up: bool) -> float:
    low, high = dimension.ends
    wanted = min(max(value * factor if up else value / factor, low), high)
    step = getattr(dimension, "step", None)
    if step is None:
        return float(wanted)
    place, here, last = round((wanted - low) / step), round((value - low) / step), round((high - low) / step)
    if place == here:
        further = wanted > value if wanted != value else up
        place += 1 if further else -1
    return type(value)(low + min(max(place, 0), last) * step)
