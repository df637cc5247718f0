"""Target weights with a switch: trade to them, or leave every position as it is."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..desk import Desk
from ..kernel import kernel
from .scheme import ActionScheme
from .targets import decode_targets

__all__ = ["Rebalance", "decode_rebalance"]


@kernel
def decode_rebalance(
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
    """Trade to the weights where the switch is up: holding needs a word of its own, for equal weights still trade (rounding)."""
    if actions[e, intents.shape[1]] > 0.0:
        decode_targets(e, actions, row, bars, instruments, rules, account, position, intents, declined)


@kernel
def decode_rebalance_batch(
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
        decode_rebalance(e, actions, rows[e], bars, instruments, rules, account, position, intents, declined)


@dataclass(frozen=True, kw_only=True)
class Rebalance(ActionScheme):
    """A weights as in `target_weights`, then a switch: above 0 trades to them, else nothing is sent. What rules emit."""

    name: ClassVar[str] = "rebalance"
    discrete: ClassVar[bool] = False

    @property
    def size(self) -> int:
        """One weight an asset and the switch."""
        return self.n_assets + 1

    def decode(self, actions: np.ndarray, desk: Desk) -> None:
        """Write the orders of the decisions; see `ActionScheme.decode`."""
        decode_rebalance_batch(actions, *desk.sheets)
