"""The two ends of a step: what the record holds before it, and marks, equity and ruin at the close."""

import numpy as np

from ..market.displacement import closing_mark
from ..market.kernel import kernel
from ..market.ledger import equity_by_attribution, mark_to
from .arrays import TapeArrays
from .departure import leave_at_close
from .path import fx_at

__all__ = ["begin", "close"]


@kernel(inline=True)
def write_lines(
    e: int,
    record: np.ndarray,
    gross: float,
    dividends: float,
    funding: float,
    interest: float,
    commission: float,
    fees: float,
    spread: float,
    slippage: float,
    impact: float,
    borrow: float,
    liquidation: float,
    traded_notional: float,
) -> None:
    """The lines of the ATTRIBUTION ledger into the record, all read before the first is written."""
    record[e].gross = gross
    record[e].dividends = dividends
    record[e].funding = funding
    record[e].interest = interest
    record[e].commission = commission
    record[e].fees = fees
    record[e].spread = spread
    record[e].slippage = slippage
    record[e].impact = impact
    record[e].borrow = borrow
    record[e].liquidation = liquidation
    record[e].traded_notional = traded_notional


@kernel(inline=True)
def begin(e: int, account: np.ndarray, position: np.ndarray, rules: np.ndarray, record: np.ndarray) -> None:
    """The record holds the ledgers' lines as they stand; `close` turns them into this step's share."""
    record[e].equity_before = account[e].equity
    write_lines(
        e, record, account[e].gross, account[e].dividends, account[e].funding, account[e].interest, account[e].commission,
        account[e].fees, account[e].spread, account[e].slippage, account[e].impact, account[e].borrow, account[e].liquidation,
        account[e].traded_notional,
    )  # fmt: skip
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
    fills: np.ndarray,
) -> None:
    """Marks, equity by cash in the same pass, ruin and what the step did."""
    equity = account[e].cash
    for a in range(position.shape[1]):
        price = closing_mark(e, a, tape.bars[row, a].close, np.int64(tape.bars[row, a].tradable), rules, position)
        mark_to(e, account, position, tape.instruments, fx_at(tape.terms, row, a), a, price)
        units = position[e, a].units
        if units != 0.0:
            equity += units * tape.instruments[a].multiplier * position[e, a].mark * position[e, a].fx
    account[e].equity = equity
    if equity > account[e].peak_equity:
        account[e].peak_equity = equity
    record[e].row = row
    record[e].equity = equity
    record[e].cash = account[e].cash
    record[e].attribution = equity_by_attribution(e, account)
    write_lines(
        e, record, account[e].gross - record[e].gross, account[e].dividends - record[e].dividends,
        account[e].funding - record[e].funding, account[e].interest - record[e].interest,
        account[e].commission - record[e].commission, account[e].fees - record[e].fees,
        account[e].spread - record[e].spread, account[e].slippage - record[e].slippage,
        account[e].impact - record[e].impact, account[e].borrow - record[e].borrow,
        account[e].liquidation - record[e].liquidation,
        account[e].traded_notional - record[e].traded_notional,
    )  # fmt: skip
    ruined = equity <= rules[e].ruin_equity_fraction * account[e].initial_equity
    record[e].ruined = 1 if ruined and not account[e].ruined else 0
    if ruined:
        account[e].ruined = 1
    if account[e].n_working > 0:
        leave_at_close(e, row, bool(ruined), tape, rules, account, position, orders, record, fills)
