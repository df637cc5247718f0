"""One step of one environment: the decision at the close of a row meets the next bar."""

import numpy as np

from ..market.account import DAYS_KEPT
from ..market.kernel import kernel
from .arrays import TapeArrays
from .arrival import wake
from .carry import carry
from .closing import begin, close
from .departure import leave_before
from .family import bind_children
from .inside import play_inside
from .liquidation import may_be_liquidated, watch_margins
from .matching import TO_OPEN
from .opening import play_open
from .path import AT_OPEN, fx_at
from .power import ALL_ASSETS, REG_T
from .split import split_tickets
from .submission import submit

__all__ = ["open_account", "step"]


@kernel(inline=True)
def step(
    e: int,
    row: int,
    intents: np.ndarray,
    tickets: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """Environment e decided at the close of `row`: play the bar of row + 1 and mark at its close.

    `intents[e]` are used up; `refused[e]` and `record[e].n_refused` hold on entry what the decoder declined, and are added to.
    """
    nxt = row + 1
    begin(e, account, position, rules, record)
    carry(e, nxt, intents, tape, rules, account, position, orders, record, fills)
    if tickets.shape[1] > 0 and tape.terms.shape[0] > 0:
        split_tickets(e, nxt, tape, tickets)
    if account[e].n_working > 0:
        leave_before(e, nxt, tape, rules, account, position, orders, record, refused, fills)
    waiting = submit(e, row, intents, tickets, tape, rules, account, position, orders, record, refused, fills)
    found = np.int64(0)
    if account[e].n_working > 0:
        found = wake(e, nxt, tape, rules, account, position, orders, record, refused, fills)
    working = account[e].n_working if found & TO_OPEN else 0
    if waiting + working > 0:
        play_open(
            e, nxt, waiting, working, intents, tape, rules, account, position, orders, record, refused, fills
        )  # fmt: skip
    if working > 0:
        bind_children(e, nxt, AT_OPEN, tape, rules, account, position, orders, record, fills)
    if account[e].n_open > 0 and rules[e].account >= REG_T:
        watch_margins(e, nxt, AT_OPEN, ALL_ASSETS, tape, rules, account, position, orders, record, refused, fills)
    if found > 0 or may_be_liquidated(e, nxt, tape, rules, account, position):
        play_inside(e, nxt, found, tape, rules, account, position, orders, record, refused, fills)
    close(e, nxt, tape, rules, account, position, orders, record, fills)


@kernel
def open_account(
    e: int,
    row: int,
    cash: float,
    tape: TapeArrays,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
) -> None:
    """A fresh account whose first decision is at the close of `row`; every field is written."""
    account[e].cash = account[e].initial_equity = account[e].equity = account[e].peak_equity = cash
    account[e].gross = account[e].dividends = account[e].funding = account[e].interest = 0.0
    account[e].commission = account[e].fees = account[e].spread = account[e].slippage = 0.0
    account[e].impact = account[e].borrow = account[e].liquidation = account[e].traded_notional = 0.0
    account[e].next_order_id = 1
    account[e].n_fills = account[e].n_working = account[e].n_open = 0
    account[e].opened_row = row
    account[e].trade_row = -1
    account[e].ruined = 0
    account[e].n_liquidations = account[e].turnover_day = 0
    account[e].volume_30d = 0.0
    for day in range(DAYS_KEPT):
        account[e].turnover[day] = 0.0
    for a in range(position.shape[1]):
        position[e, a].units = position[e, a].average_price = position[e, a].realised = 0.0
        position[e, a].mark = tape.bars[row, a].close
        position[e, a].fx = fx_at(tape.terms, row, a)
        position[e, a].opened_row = -1
        position[e, a].bar_lots = position[e, a].path = 0
        position[e, a].displacement = position[e, a].margin = position[e, a].risk = 0.0
    for i in range(orders.shape[1]):
        orders[e, i].state = 0
    record[e].row = row
    record[e].equity_before = record[e].equity = cash
    record[e].gross = record[e].dividends = record[e].funding = record[e].interest = 0.0
    record[e].commission = record[e].fees = record[e].spread = record[e].slippage = 0.0
    record[e].impact = record[e].borrow = record[e].liquidation = record[e].traded_notional = 0.0
    record[e].n_fills = record[e].n_logged = record[e].n_refused = 0
    record[e].ruined = record[e].liquidated = 0
    record[e].cash = record[e].attribution = cash
    record[e].path_gap = 0.0
    for reason in range(refused.shape[1]):
        refused[e, reason] = 0
