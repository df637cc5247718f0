"""Weights of equity to orders: the kernels under every scheme that aims at weights."""

import numpy as np

from ..kernel import constant, kernel
from ..order import Refusal
from .sizing import aim, decline

__all__ = ["decode_targets", "decode_targets_batch", "kept_share"]

LEVERAGE = constant(Refusal.LEVERAGE)


@kernel(inline=True)
def kept_share(e: int, total: float, rules: np.ndarray, declined: np.ndarray) -> float:
    """Return what weights of the absolute sum `total` are multiplied with to keep to the leverage allowed, and count the cut."""
    if total <= rules[e].max_leverage:
        return 1.0
    if total > rules[e].max_leverage * (1.0 + 1e-6):
        decline(e, LEVERAGE, declined)
    return float(rules[e].max_leverage / total)


@kernel(inline=True)
def decode_targets(
    e: int,
    actions: np.ndarray,
    row: int,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """Weights as given, scaled down where their sum exceeds the leverage allowed."""
    total = 0.0
    for a in range(intents.shape[1]):
        total += abs(actions[e, a])
    scale = kept_share(e, total, rules, declined)
    for a in range(intents.shape[1]):
        aim(e, a, row, actions[e, a] * scale, bars, instruments, rules, account, position, intents, declined)


@kernel
def decode_targets_batch(
    actions: np.ndarray,
    rows: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """Trade to weights, float64 (E, A), in every environment."""
    for e in range(actions.shape[0]):
        decode_targets(e, actions, rows[e], bars, instruments, rules, account, position, intents, declined)
