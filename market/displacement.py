"""The private displacement: by how much an account's own trades have moved the price for itself; kernels."""

import numpy as np

from .halving import halved
from .kernel import constant, kernel
from .rules import IMPACTS

__all__ = ["LARGEST", "LEAST", "closing_mark", "decay", "displace", "displaced", "impact_of"]

SQUARE_ROOT, ALMGREN_CHRISS = constant(IMPACTS["square_root"]), constant(IMPACTS["almgren_chriss"])
TRANSIENT = constant(IMPACTS["transient"])
LEAST, LARGEST = -0.5, 1.0


@kernel(inline=True)
def displaced(e: int, asset: int, price: float, rules: np.ndarray, position: np.ndarray) -> float:
    """A price of the tape as this account finds it."""
    if rules[e].impact == SQUARE_ROOT:
        return price
    return float(price * (1.0 + position[e, asset].displacement))


@kernel(inline=True)
def closing_mark(e: int, asset: int, price: float, tradable: int, rules: np.ndarray, position: np.ndarray) -> float:
    """Value of a unit at the close of a row; an asset that is not traded carries its last close, which is the mark it has."""
    if rules[e].impact == SQUARE_ROOT:
        return float(price if tradable else position[e, asset].mark)
    return float(price * (1.0 + position[e, asset].displacement))


@kernel
def impact_of(e: int, asset: int, units: float, instruments: np.ndarray, rules: np.ndarray, position: np.ndarray) -> float:
    """Impact of trading `units` (signed), a fraction of the reference, as a loss (+) or a gain (-); not for the square root.

    Source: Almgren & Chriss 2000, J. Risk 3(2), eqs. 6 to 8 (each slice pays what those before it have moved); Obizhaeva &
    Wang 2013, J. Financial Markets 16, sections 3 and 4 (a block book: on average half of the order's own impact is paid).
    """
    own = 0.0
    if instruments[asset].liquidity > 0.0:
        size = units / instruments[asset].liquidity
        own = rules[e].impact_temporary * size if rules[e].impact == ALMGREN_CHRISS else 0.5 * rules[e].impact_permanent * size
    moved = position[e, asset].displacement + own
    return float(moved if units > 0.0 else -moved)


@kernel
def displace(e: int, asset: int, units: float, instruments: np.ndarray, rules: np.ndarray, position: np.ndarray) -> None:
    """After a fill of `units`: what lasts of its impact."""
    if instruments[asset].liquidity > 0.0:
        moved = position[e, asset].displacement + rules[e].impact_permanent * (units / instruments[asset].liquidity)
        position[e, asset].displacement = max(LEAST, min(LARGEST, moved))


@kernel
def decay(e: int, elapsed_ns: int, rules: np.ndarray, position: np.ndarray) -> None:
    """A transient displacement fades by half every `impact_half_life_ns`."""
    left = halved(float(elapsed_ns), rules[e].impact_half_life_ns)
    for a in range(position.shape[1]):
        if position[e, a].displacement != 0.0:
            position[e, a].displacement *= left
