"""What a trade may lose at its initial stops: results are read in multiples of it; kernels."""

import numpy as np

from ..market.grid import on_grid, whole_lots
from ..market.kernel import kernel
from .arrays import TapeArrays
from .path import fx_at
from .pool import STOP, STOP_LIMIT, TRAILING_STOP, works
from .trailing import trail_distance

__all__ = ["growth", "note_turn", "risk_of"]


@kernel(inline=True)
def growth(e: int, asset: int, lots: int, tape: TapeArrays, position: np.ndarray) -> int:
    """By how many lots a fill of `lots`, just settled, has enlarged the position; all of it where the position has turned."""
    after = whole_lots(position[e, asset].units, tape.instruments[asset].lot)
    before = after - lots
    if (after > 0 and before < 0) or (after < 0 and before > 0):
        return int(abs(after))
    return int(max(abs(after) - abs(before), 0))


@kernel
def note_turn(e: int, asset: int, lots: int, tape: TapeArrays, position: np.ndarray) -> None:
    """A position that a fill of `lots` has turned round begins anew."""
    after = whole_lots(position[e, asset].units, tape.instruments[asset].lot)
    if after == 0 or (after > 0) != (after - lots > 0):
        position[e, asset].risk = 0.0


@kernel
def risk_of(
    e: int,
    i: int,
    row: int,
    lots: int,  # that order i has just filled, signed
    price: float,
    tape: TapeArrays,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
) -> float:
    """What a fill of order i would lose at its stop, account currency: the first working child on its asset that is a stop."""
    asset = np.int64(orders[e, i].asset)
    for j in range(account[e].n_working):
        kind = orders[e, j].kind
        if orders[e, j].parent != orders[e, i].id or orders[e, j].asset != asset or not works(e, j, orders):
            continue
        if kind == TRAILING_STOP:
            distance = trail_distance(e, j, price, tape, orders)
        elif kind in (STOP, STOP_LIMIT):
            stop = on_grid(orders[e, j].stop_ticks, tape.instruments[asset].tick)
            distance = price - stop if lots > 0 else stop - price
        else:
            continue
        if distance <= 0.0:
            return 0.0
        units = on_grid(growth(e, asset, lots, tape, position), tape.instruments[asset].lot)
        return float(distance * units * tape.instruments[asset].multiplier * fx_at(tape.terms, row, asset))
    return 0.0
