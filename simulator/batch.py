"""The loops over environments above the step kernel, serial and parallel; both give the same bytes."""

import numba
import numpy as np

from ..market.kernel import kernel
from ..market.prefetch import prefetch
from .arrays import TapeArrays
from .step import open_account, step

__all__ = ["bad_cash", "bad_start", "open_batch", "past_end", "step_batch", "step_batch_parallel"]

AHEAD = 12  # environments: far enough for memory to answer, near enough for its answer to stay in the first cache


@kernel(inline=True)
def prepare(e: int, declined: np.ndarray, record: np.ndarray, refused: np.ndarray) -> None:
    """What the decoder declined counts as refused in the step that it led to; most often there is nothing to count."""
    if record[e].n_refused > 0:
        for reason in range(refused.shape[1]):
            refused[e, reason] = 0
    record[e].n_refused = declined[e, 0]
    if declined[e, 0] > 0:
        for reason in range(1, refused.shape[1]):
            refused[e, reason] = declined[e, reason]
            declined[e, reason] = 0
        declined[e, 0] = 0


@kernel(inline=True)
def drop(e: int, declined: np.ndarray) -> None:
    """An environment that does not step, or begins anew, forgets what its decoder declined."""
    if declined[e, 0] > 0:
        for reason in range(declined.shape[1]):
            declined[e, reason] = 0


@kernel(inline=True)
def clear_intents(e: int, intents: np.ndarray) -> None:
    """Nothing of a decision stays for the next one."""
    for a in range(intents.shape[1]):
        intents[e, a].id = 0
        intents[e, a].lots = 0
        intents[e, a].price_ticks = 0
        intents[e, a].stop_ticks = 0
        intents[e, a].kind = 0
        intents[e, a].tif = 0
        intents[e, a].reduce_only = 0
        intents[e, a].cancel = 0
        intents[e, a].post_only = 0


@kernel(inline=True)
def clear_tickets(e: int, tickets: np.ndarray) -> None:
    """Tickets stand in the first slots: the first unused one ends them."""
    for i in range(tickets.shape[1]):
        if tickets[e, i].lots == 0 and tickets[e, i].cancels == 0:
            break
        tickets[e, i].lots = 0
        tickets[e, i].cancels = 0


@kernel
def past_end(rows: np.ndarray, active: np.ndarray, n_rows: int) -> int:
    """The first active environment without a bar after its row, or -1."""
    for e in range(rows.shape[0]):
        if active[e] and not 0 <= rows[e] < n_rows - 1:
            return e
    return -1


@kernel(inline=True)
def look_ahead(row: int, bars: np.ndarray, clock: np.ndarray) -> None:
    """Ask for what an environment at `row` plays next; every other bar lies across two lines of memory."""
    prefetch(bars, row + 1)
    prefetch(bars, row + 2)
    prefetch(clock, row)
    prefetch(clock, row + 1)


@kernel
def step_batch(
    rows: np.ndarray,
    active: np.ndarray,
    intents: np.ndarray,
    tickets: np.ndarray,
    declined: np.ndarray,
    bars: np.ndarray,
    terms: np.ndarray,
    clock: np.ndarray,
    instruments: np.ndarray,
    tariff: np.ndarray,
    brackets: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> int:
    """Every active environment plays one bar and its row goes on by one -> -1, or the environment that cannot (nothing is done)."""
    tape = TapeArrays(bars, terms, clock, instruments, tariff, brackets)
    bad = past_end(rows, active, clock.shape[0])
    if bad >= 0:
        return int(bad)
    for e in range(rows.shape[0]):
        if e + AHEAD < rows.shape[0]:
            look_ahead(rows[e + AHEAD], bars, clock)
        if active[e]:
            prepare(e, declined, record, refused)
            step(e, rows[e], intents, tickets, tape, rules, account, position, orders, record, refused, fills)
            rows[e] += 1
        else:
            drop(e, declined)
        clear_intents(e, intents)
        clear_tickets(e, tickets)
    return -1


@kernel(parallel=True)
def step_batch_parallel(
    rows: np.ndarray,
    active: np.ndarray,
    intents: np.ndarray,
    tickets: np.ndarray,
    declined: np.ndarray,
    bars: np.ndarray,
    terms: np.ndarray,
    clock: np.ndarray,
    instruments: np.ndarray,
    tariff: np.ndarray,
    brackets: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> int:
    """The twin of step_batch over threads; prange counts in uint64, which would compile every kernel a second time."""
    tape = TapeArrays(bars, terms, clock, instruments, tariff, brackets)
    bad = past_end(rows, active, clock.shape[0])
    if bad >= 0:
        return int(bad)
    for i in numba.prange(rows.shape[0]):
        e = np.int64(i)
        if active[e]:
            prepare(e, declined, record, refused)
            step(e, rows[e], intents, tickets, tape, rules, account, position, orders, record, refused, fills)
            rows[e] += 1
        else:
            drop(e, declined)
        clear_intents(e, intents)
        clear_tickets(e, tickets)
    return -1


@kernel
def bad_start(start: np.ndarray, chosen: np.ndarray, last: int) -> int:
    """The first chosen environment whose first row leaves no bar to trade, or -1."""
    for e in range(start.shape[0]):
        if chosen[e] and not 0 <= start[e] <= last:
            return e
    return -1


@kernel
def bad_cash(cash: np.ndarray, chosen: np.ndarray) -> int:
    """The first chosen environment whose cash is not positive and finite, or -1."""
    for e in range(cash.shape[0]):
        if chosen[e] and not 0.0 < cash[e] < np.inf:
            return e
    return -1


@kernel
def open_batch(
    start: np.ndarray,
    cash: np.ndarray,
    chosen: np.ndarray,
    rows: np.ndarray,
    intents: np.ndarray,
    tickets: np.ndarray,
    declined: np.ndarray,
    bars: np.ndarray,
    terms: np.ndarray,
    clock: np.ndarray,
    instruments: np.ndarray,
    tariff: np.ndarray,
    brackets: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
) -> None:
    """Fresh accounts in the chosen environments."""
    tape = TapeArrays(bars, terms, clock, instruments, tariff, brackets)
    for e in range(rows.shape[0]):
        if chosen[e]:
            rows[e] = start[e]
            clear_intents(e, intents)
            clear_tickets(e, tickets)
            drop(e, declined)
            open_account(e, rows[e], cash[e], tape, account, position, orders, record, refused)
