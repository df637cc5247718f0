"""One step of matching by intensity: limit orders stand around the mid while orders of others reach out from it; kernels."""

import numba
import numpy as np

from ..market.grid import on_grid
from ..market.kernel import constant, kernel
from .arrays import TapeArrays
from .batch import clear_intents, clear_tickets, drop, past_end, prepare
from .carry import carry
from .closing import begin, close
from .fill import take
from .order_log import change
from .pool import CANCELLED, DAY, EXPIRED, FILLED, FREE, LIMIT, NONE, OPEN, ZERO, works
from .power import CASH
from .submission import submit
from .working import why

__all__ = ["intensity_batch", "intensity_batch_parallel"]

MAKER, PART = constant(True), constant(False)
NO_SUCH_TIME = constant(127)  # a time in force that screening refuses as BAD_ORDER
BELOW, ABOVE = constant(0), constant(1)  # last axis of a reach


@kernel
def keep_quotes(e: int, intents: np.ndarray, tickets: np.ndarray) -> None:
    """Only limit orders without families stand here, for one step: of the others the screening makes a BAD_ORDER."""
    for a in range(intents.shape[1]):
        if intents[e, a].lots != 0 and (intents[e, a].kind != LIMIT or not 0 <= intents[e, a].tif <= DAY):
            intents[e, a].tif = NO_SUCH_TIME
    for i in range(tickets.shape[1]):
        if tickets[e, i].lots == 0 and tickets[e, i].cancels == 0:
            break
        parent = tickets[e, i].parent
        if 0 < parent <= i:  # an entry does not stand without what protects it
            tickets[e, parent - 1].tif = NO_SUCH_TIME
        alone = parent == 0 and tickets[e, i].group == 0
        if tickets[e, i].kind != LIMIT or not 0 <= tickets[e, i].tif <= DAY or not alone:
            tickets[e, i].tif = NO_SUCH_TIME


@kernel(inline=True)
def power_at_marks(e: int, tape: TapeArrays, rules: np.ndarray, account: np.ndarray, position: np.ndarray) -> float:
    """Cash, or for a margin account max_leverage x equity - gross exposure, at the mids of the decision."""
    if rules[e].account == CASH:
        return float(account[e].cash)
    equity, gross = account[e].cash, 0.0
    for a in range(position.shape[1]):
        value = position[e, a].units * position[e, a].mark * tape.instruments[a].multiplier * position[e, a].fx
        equity += value
        gross += abs(value)
    return float(rules[e].max_leverage * equity - gross)


@kernel(inline=True)
def is_reached(
    e: int, i: int, row: int, drawn: int, reach: np.ndarray, tape: TapeArrays, position: np.ndarray, orders: np.ndarray
) -> bool:
    """Whether the orders of others come as far as order i, which stands at its limit around the mid of the decision."""
    asset = np.int64(orders[e, i].asset)
    if tape.bars[row, asset].tradable == 0:
        return False
    price, mid = on_grid(orders[e, i].price_ticks, tape.instruments[asset].tick), position[e, asset].mark
    if orders[e, i].lots > 0:
        return bool(mid - price <= reach[drawn, asset, BELOW])
    return bool(price - mid <= reach[drawn, asset, ABOVE])


@kernel
def fill_reached(
    e: int,
    i: int,
    row: int,
    at: int,
    increasing: bool,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """Order i is filled at its limit, as a maker, as far as the account allows; the rest leaves."""
    asset, lots, entry = np.int64(orders[e, i].asset), orders[e, i].lots, record[e].n_logged
    limit = on_grid(orders[e, i].price_ticks, tape.instruments[asset].tick)
    power = power_at_marks(e, tape, rules, account, position)
    handled, filled, _, _, _, _ = take(
        e, row, increasing, np.inf, power, asset, orders[e, i].id, lots, np.int64(orders[e, i].kind),
        np.int64(orders[e, i].reduce_only), PART, MAKER, 0.0, 0.0, 0.0, orders[e, i].decided_at, at, limit, 0.0,
        tape, rules, account, position, record, refused, fills,
    )  # fmt: skip
    if not handled:
        return
    if filled == 0:
        reason = why(
            e, row, asset, lots, np.int64(orders[e, i].tif), np.int64(orders[e, i].reduce_only), limit, tape, rules, position
        )  # fmt: skip
        change(e, i, row, at, CANCELLED, reason, tape, rules, account, position, orders, record, fills)
        return
    orders[e, i].filled += filled
    orders[e, i].state = FILLED if filled == lots else CANCELLED
    if entry < fills.shape[1]:
        fills[e, entry].state = orders[e, i].state


@kernel
def match_quotes(
    e: int,
    row: int,  # of the bar after the decision
    drawn: int,  # row of the reach
    reach: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """What is reached fills, what reduces a position first, each round by id; then every order leaves."""
    decided_at, ended_at = tape.clock[row - 1].close_at, tape.clock[row].close_at
    at = decided_at + (ended_at - decided_at) // 2
    for i in range(account[e].n_working):
        change(e, i, row, decided_at, OPEN, NONE, tape, rules, account, position, orders, record, fills)
    for stage in range(2):
        for i in range(account[e].n_working):
            if orders[e, i].state == OPEN and is_reached(e, i, row, drawn, reach, tape, position, orders):
                fill_reached(
                    e, i, row, at, stage == 1, tape, rules, account, position, orders, record, refused, fills
                )  # fmt: skip
    for i in range(account[e].n_working):
        if works(e, i, orders):
            change(e, i, row, ended_at, EXPIRED, NONE, tape, rules, account, position, orders, record, fills)
        orders[e, i].state = FREE
    account[e].n_working = ZERO


@kernel(inline=True)
def intensity_step(
    e: int,
    row: int,
    drawn: int,
    reach: np.ndarray,
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
    """Environment e decided at the close of `row`: its quotes meet the reach, then the row after it comes, and is marked."""
    begin(e, account, position, rules, record)
    keep_quotes(e, intents, tickets)
    submit(e, row, intents, tickets, tape, rules, account, position, orders, record, refused, fills)
    if account[e].n_working > 0:
        match_quotes(e, row + 1, drawn, reach, tape, rules, account, position, orders, record, refused, fills)
    clear_intents(e, intents)
    carry(e, row + 1, intents, tape, rules, account, position, orders, record, fills)
    close(e, row + 1, tape, rules, account, position, orders, record, fills)


@kernel
def intensity_batch(
    reach: np.ndarray,
    reach_rows: np.ndarray,
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
    """As `batch.step_batch`, by intensity: rows of tape and reach go on by one."""
    tape = TapeArrays(bars, terms, clock, instruments, tariff, brackets)
    bad = past_end(rows, active, clock.shape[0])
    if bad >= 0:
        return int(bad)
    for e in range(rows.shape[0]):
        if active[e]:
            prepare(e, declined, record, refused)
            intensity_step(
                e, rows[e], reach_rows[e], reach, intents, tickets, tape, rules, account, position, orders, record, refused, fills
            )  # fmt: skip
            rows[e] += 1
            reach_rows[e] += 1
        else:
            drop(e, declined)
            clear_intents(e, intents)
        clear_tickets(e, tickets)
    return -1


@kernel(parallel=True)
def intensity_batch_parallel(
    reach: np.ndarray,
    reach_rows: np.ndarray,
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
    """The twin of intensity_batch over threads."""
    tape = TapeArrays(bars, terms, clock, instruments, tariff, brackets)
    bad = past_end(rows, active, clock.shape[0])
    if bad >= 0:
        return int(bad)
    for i in numba.prange(rows.shape[0]):
        e = np.int64(i)
        if active[e]:
            prepare(e, declined, record, refused)
            intensity_step(
                e, rows[e], reach_rows[e], reach, intents, tickets, tape, rules, account, position, orders, record, refused, fills
            )  # fmt: skip
            rows[e] += 1
            reach_rows[e] += 1
        else:
            drop(e, declined)
            clear_intents(e, intents)
        clear_tickets(e, tickets)
    return -1
