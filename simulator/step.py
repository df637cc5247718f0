"""One step of one environment: the decision at the close of a row meets the next bar."""

import numpy as np

from ..market.account import DAYS_KEPT
from ..market.kernel import kernel
from ..market.ledger import equity_by_attribution, equity_by_cash, mark_to
from .arrays import TapeArrays
from .carry import carry
from .inside import play_inside
from .opening import play_open
from .path import fx_at
from .pool import EXPIRED, IOC, OPEN, drop_split, sweep, wake
from .submission import submit

__all__ = ["begin", "close", "open_account", "step"]


@kernel(inline=True)
def begin(e: int, account: np.ndarray, position: np.ndarray, rules: np.ndarray, record: np.ndarray) -> None:
    """The record holds the ledgers' lines as they stand; `close` turns them into this step's share."""
    record[e].equity_before = account[e].equity
    record[e].gross = account[e].gross
    record[e].dividends = account[e].dividends
    record[e].funding = account[e].funding
    record[e].interest = account[e].interest
    record[e].commission = account[e].commission
    record[e].fees = account[e].fees
    record[e].spread = account[e].spread
    record[e].slippage = account[e].slippage
    record[e].impact = account[e].impact
    record[e].borrow = account[e].borrow
    record[e].liquidation = account[e].liquidation
    record[e].traded_notional = account[e].traded_notional
    record[e].n_fills = record[e].n_logged = 0
    record[e].path_gap = 0.0
    record[e].liquidated = 0
    if rules[e].participation < np.inf:
        for a in range(position.shape[1]):
            position[e, a].bar_lots = 0


@kernel(inline=True)
def close(
    e: int,
    row: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
) -> None:
    """Marks, equity, ruin and what the step did; where nothing could be traded the last mark stays."""
    for a in range(position.shape[1]):
        price = tape.bars[row, a].close if tape.bars[row, a].tradable else position[e, a].mark
        mark_to(e, account, position, tape.instruments, fx_at(tape.terms, row, a), a, price)
    equity = equity_by_cash(e, account, position, tape.instruments)
    account[e].equity = equity
    if equity > account[e].peak_equity:
        account[e].peak_equity = equity
    record[e].row = row
    record[e].equity = equity
    record[e].cash = account[e].cash
    record[e].attribution = equity_by_attribution(e, account)
    record[e].gross = account[e].gross - record[e].gross
    record[e].dividends = account[e].dividends - record[e].dividends
    record[e].funding = account[e].funding - record[e].funding
    record[e].interest = account[e].interest - record[e].interest
    record[e].commission = account[e].commission - record[e].commission
    record[e].fees = account[e].fees - record[e].fees
    record[e].spread = account[e].spread - record[e].spread
    record[e].slippage = account[e].slippage - record[e].slippage
    record[e].impact = account[e].impact - record[e].impact
    record[e].borrow = account[e].borrow - record[e].borrow
    record[e].liquidation = account[e].liquidation - record[e].liquidation
    record[e].traded_notional = account[e].traded_notional - record[e].traded_notional
    ruined = equity <= rules[e].ruin_equity_fraction * account[e].initial_equity
    record[e].ruined = 1 if ruined and not account[e].ruined else 0
    if ruined:
        account[e].ruined = 1
    if account[e].n_working > 0:
        closes = tape.clock[row].close_at
        for i in range(account[e].n_working):
            arrived = orders[e, i].state >= OPEN
            if ruined or orders[e, i].expires_at <= closes or (arrived and orders[e, i].tif == IOC):
                orders[e, i].state = EXPIRED
        sweep(e, account, orders)


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
    carry(e, nxt, intents, tape, rules, account, position, orders)
    if account[e].n_working > 0 and tape.terms.shape[0] > 0:
        drop_split(e, account, orders, record, refused)
    waiting = submit(e, row, intents, tickets, tape, rules, account, position, orders, record, refused)
    if account[e].n_working > 0:
        wake(e, nxt, tape, account, orders, record, refused)
    if waiting > 0 or account[e].n_working > 0:
        play_open(
            e, nxt, waiting, intents, tape, rules, account, position, orders, record, refused, fills
        )  # fmt: skip
    if account[e].n_working > 0:
        play_inside(e, nxt, tape, rules, account, position, orders, record, refused, fills)
    close(e, nxt, tape, rules, account, position, orders, record)


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
