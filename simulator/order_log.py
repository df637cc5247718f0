"""The log of an account's orders: changes of state stand in it beside the fills; kernels."""

import numpy as np

from ..market.kernel import kernel
from ..market.ledger import equity_by_attribution, equity_by_cash
from .arrays import TapeArrays

__all__ = ["change", "log_change"]


@kernel
def log_change(
    e: int,
    row: int,
    at: int,
    order_id: int,
    decided_at: int,
    asset: int,
    kind: int,
    state: int,
    reason: int,
    tape: TapeArrays,
    account: np.ndarray,
    position: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """An order has come into another state without a fill: one line with lots 0."""
    n = record[e].n_logged
    record[e].n_logged = n + 1
    if n >= fills.shape[1]:
        return
    fills[e, n].order_id = order_id
    fills[e, n].row = row
    fills[e, n].decided_at = decided_at
    fills[e, n].filled_at = at
    fills[e, n].lots = 0
    fills[e, n].units = fills[e, n].reference = fills[e, n].price = 0.0
    fills[e, n].spread = fills[e, n].slippage = fills[e, n].impact = 0.0
    fills[e, n].commission = fills[e, n].fees = fills[e, n].risk = 0.0
    fills[e, n].cash = account[e].cash
    fills[e, n].equity = equity_by_cash(e, account, position, tape.instruments)
    fills[e, n].attribution = equity_by_attribution(e, account)
    fills[e, n].asset = asset
    fills[e, n].kind = kind
    fills[e, n].maker = 0
    fills[e, n].state = state
    fills[e, n].reason = reason


@kernel(inline=True)
def change(
    e: int,
    i: int,
    row: int,
    at: int,
    state: int,
    reason: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> None:
    """Order i of the pool comes into another state without a fill; the log says so where it is kept."""
    orders[e, i].state = state
    if rules[e].log_orders == 1:
        log_change(
            e, row, at, orders[e, i].id, orders[e, i].decided_at, np.int64(orders[e, i].asset), np.int64(orders[e, i].kind),
            state, reason, tape, account, position, record, fills,
        )  # fmt: skip
