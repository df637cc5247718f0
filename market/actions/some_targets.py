"""Weights of equity to orders in some of the assets: a kernel for who leaves the others as they are."""

import numpy as np

from ..kernel import kernel
from .sizing import aim
from .targets import kept_share

__all__ = ["decode_some_targets_batch"]


@kernel(inline=True)
def decode_some_targets(
    e: int,
    weights: np.ndarray,
    traded: np.ndarray,
    row: int,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """Weights scaled down where the sum of all exceeds the leverage allowed; orders where `traded` alone."""
    total, n_traded = 0.0, 0
    for a in range(intents.shape[1]):
        total += abs(weights[e, a])
        n_traded += 1 if traded[e, a] else 0
    if n_traded == 0:
        return
    scale = kept_share(e, total, rules, declined)
    for a in range(intents.shape[1]):
        if traded[e, a]:
            aim(e, a, row, weights[e, a] * scale, bars, instruments, rules, account, position, intents, declined)


@kernel
def decode_some_targets_batch(
    weights: np.ndarray,
    traded: np.ndarray,
    rows: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """Trade to weights, float64 (E, A), in the assets where `traded`, bool (E, A)."""
    for e in range(weights.shape[0]):
        decode_some_targets(
            e, weights, traded, rows[e], bars, instruments, rules, account, position, intents, declined
        )  # fmt: skip
