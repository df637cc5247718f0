"""Submission: what a decision asks for becomes market orders for the open, working orders, or counted refusals; kernels."""

import numpy as np

from ..market.kernel import kernel
from .arrays import TapeArrays
from .departure import cancel_orders
from .order_log import log_change
from .pool import FOK, GTC, MARKET, NONE, PENDING, REJECTED, TRAILING_STOP, ZERO, refuse
from .screen import ALONE, screen_market
from .split import GONE
from .ticket import cancel_by_tickets, place, submit_tickets

__all__ = ["submit"]


@kernel
def place_intent(
    e: int,
    row: int,  # of the bar after the decision
    asset: int,
    intents: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """An intent that takes no open at once works from the pool; it holds no date, and its trail stands in its stop."""
    kind, stop = np.int64(intents[e, asset].kind), intents[e, asset].stop_ticks
    place(
        e, row, asset, intents[e, asset].lots, kind, np.int64(intents[e, asset].tif), intents[e, asset].price_ticks, stop,
        stop if kind == TRAILING_STOP else ZERO, 0.0, ZERO, np.int64(intents[e, asset].reduce_only),
        np.int64(intents[e, asset].post_only), ALONE, ZERO, ZERO,
        tape, rules, account, position, orders, record, refused, fills,
    )  # fmt: skip
    intents[e, asset].lots = 0


@kernel(inline=True)
def submit(
    e: int,
    row: int,  # of the decision
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
) -> int:
    """Gives ids, refuses, cancels and fills the pool -> number of market intents left that take the next open."""
    first, n_assets = 0, intents.shape[1]
    ticketed = tickets.shape[1] > 0 and (tickets[e, 0].lots != 0 or tickets[e, 0].cancels != 0)
    while first < n_assets and intents[e, first].lots == 0 and intents[e, first].cancel == 0 and intents[e, first].id != GONE:
        first += 1
    if first == n_assets and not ticketed:
        return 0
    decided_at = tape.clock[row].close_at
    arrives_at = decided_at + rules[e].latency_ns
    at_open = arrives_at <= tape.clock[row + 1].open_at
    waiting = 0
    if account[e].n_working > 0:
        for a in range(first, n_assets):
            if intents[e, a].cancel:
                cancel_orders(e, a, arrives_at, account, orders)
    if ticketed:
        cancel_by_tickets(e, arrives_at, tickets, account, orders, record, refused)
    for a in range(first, n_assets):
        if intents[e, a].lots == 0 and intents[e, a].id != GONE:
            continue
        tif = intents[e, a].tif
        if not (at_open and intents[e, a].kind == MARKET and GTC <= tif <= FOK and intents[e, a].post_only == 0):
            place_intent(
                e, row + 1, a, intents, tape, rules, account, position, orders, record, refused, fills
            )  # fmt: skip
            continue
        intents[e, a].id = account[e].next_order_id
        account[e].next_order_id += 1
        reason = screen_market(e, row + 1, a, intents[e, a].lots, tape, account, position)
        if rules[e].log_orders == 1:
            log_change(
                e, row + 1, decided_at, intents[e, a].id, decided_at, a, MARKET, PENDING if reason == NONE else REJECTED, reason,
                tape, account, position, record, fills,
            )  # fmt: skip
        if reason == NONE:
            waiting += 1
            continue
        refuse(e, reason, record, refused)
        intents[e, a].lots = 0
    if ticketed:
        submit_tickets(e, row + 1, tickets, tape, rules, account, position, orders, record, refused, fills)
    return waiting
