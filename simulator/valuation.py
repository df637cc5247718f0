"""What an asset is worth to an account while a bar is played: the price of a point, displaced; kernels."""

import numpy as np

from ..market.displacement import displaced
from ..market.kernel import kernel
from .arrays import TapeArrays
from .path import point_price

__all__ = ["present_price"]


@kernel(inline=True)
def present_price(
    e: int, row: int, asset: int, point: int, tape: TapeArrays, rules: np.ndarray, position: np.ndarray
) -> float:
    """Price at point 0..3 of the asset's path as the account finds it; an asset that is not traded stands at its last close."""
    price = point_price(tape.bars, row, asset, np.int64(position[e, asset].path), point)
    return float(displaced(e, asset, price, rules, position))
