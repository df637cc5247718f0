"""Margins: whether what an account holds is still covered, and closing it by force where it is not."""

import numpy as np

from ..market.kernel import kernel
from .arrays import TapeArrays

__all__ = ["may_be_liquidated", "watch_margins"]


@kernel
def may_be_liquidated(e: int, row: int, tape: TapeArrays, rules: np.ndarray, account: np.ndarray, position: np.ndarray) -> bool:
    """A quick look before any path is run: could a point of this bar find the margin short."""
    return False


@kernel
def watch_margins(
    e: int,
    row: int,
    point: int,
    moving: int,  # the only asset that leaves its open, or ALL_ASSETS
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """After the orders of a point: close by force what is no longer covered."""
