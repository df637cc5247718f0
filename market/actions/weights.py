"""Continuous schemes: a long-only portfolio with cash, and weights as they are."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..kernel import kernel
from .scheme import ActionScheme
from .sizing import aim

__all__ = ["TargetWeights", "Weights", "decode_portfolio"]


@kernel(inline=True)
def decode_portfolio(
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
    """Entries to [0, 1], divided by their sum; the last one is cash."""
    total = 0.0
    for a in range(actions.shape[1]):
        total += 0.5 * (actions[e, a] + 1.0)
    for a in range(intents.shape[1]):
        weight = 0.5 * (actions[e, a] + 1.0) / total if total > 0.0 else 0.0
        aim(e, a, row, weight, bars, instruments, rules, account, position, intents, declined)


@kernel
def decode_portfolio_batch(
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
    for e in range(actions.shape[0]):
        decode_portfolio(e, actions, rows[e], bars, instruments, rules, account, position, intents, declined)


@dataclass(frozen=True, kw_only=True)
class TargetWeights(ActionScheme):
    """Weights of equity, one an asset, negative for shorts; what rules and allocators emit. The rest is cash."""

    name: ClassVar[str] = "target_weights"
    discrete: ClassVar[bool] = False

    @property
    def size(self) -> int:
        """One weight an asset."""
        return self.n_assets

    def weights(self, actions: np.ndarray, desk: Desk) -> np.ndarray:
        """Return the actions as they are."""
        return actions


@dataclass(frozen=True, kw_only=True)
class Weights(ActionScheme):
    """A long-only portfolio: A + 1 entries to [0, 1], divided by their sum (all cash where it is 0); the last one is cash."""

    name: ClassVar[str] = "weights"
    discrete: ClassVar[bool] = False

    @property
    def size(self) -> int:
        """One entry an asset and one for cash."""
        return self.n_assets + 1

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        decode_portfolio_batch(actions, *desk.sheets)
