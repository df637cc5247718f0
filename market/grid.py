"""The grid of an instrument: ticks to prices, lots to units and back, rounded once by a named rule."""

import math

from .kernel import kernel

__all__ = ["LARGEST_COUNT", "on_grid", "snapped", "whole_lots"]

LARGEST_COUNT = 1.0e15  # up to here the floats of units lie closer together than lots: each count has its own
HAIR = 2.0**-51  # by what part of its terms a sum of two rounded floats may be off


@kernel(inline=True)
def on_grid(count: int, step: float) -> float:
    """The decimal `count x step` as a tape would hold it: 10050 ticks of 0.01 are 10050 / 100, correctly rounded."""
    if step == 1.0:
        return float(count)
    inverse = math.floor(1.0 / step + 0.5)
    if inverse > 0.0 and abs(inverse * step - 1.0) < 1e-9:
        return count / inverse
    return count * step


@kernel(inline=True)
def whole_lots(units: float, lot: float) -> int:
    """Units in whole lots, towards zero; a quotient within 1e-9 of a whole number is that number (0.3 / 0.1 is three lots)."""
    # no min and max here: numba compiles them as calls, and this stands on the way of every fill
    ratio = units if lot == 1.0 else units / lot
    if abs(ratio) > LARGEST_COUNT:
        return int(math.copysign(LARGEST_COUNT, ratio))
    whole = int(ratio)
    if whole == ratio:
        return whole
    nearest = math.floor(ratio + 0.5)
    gap = abs(ratio - nearest)
    if gap <= 1e-9 or gap <= 1e-9 * abs(nearest):
        return int(nearest)
    return whole


@kernel(inline=True)
def snapped(units: float, lot: float, summed: float = 0.0) -> float:
    """The grid value that `units` means, so that sums of fills never drift; off the grid it stays as it is.

    `summed` is the size of the numbers that `units` is the sum of: 400 - 400 may leave 1e-13, a thousandth of a lot of 1e-10.
    """
    if lot == 1.0 and abs(units) < LARGEST_COUNT and units == int(units):
        return units + 0.0  # never a negative zero
    ratio = units if lot == 1.0 else units / lot
    nearest = math.floor(ratio + 0.5)
    gap = abs(ratio - nearest)
    if (gap <= 1e-6 or gap * lot <= HAIR * summed) and abs(nearest) < LARGEST_COUNT:
        return float(on_grid(int(nearest), lot))
    return units
