"""The loop over the rows of one account: a stream of targets in one call, where nothing happens only marks are made."""

import math

import numpy as np

from ..market.actions.targets import decode_targets
from ..market.grid import whole_lots
from ..market.kernel import constant, kernel
from ..market.ledger import equity_by_cash, mark_to
from ..market.order import OrderKind, TimeInForce
from ..market.rules import ACCOUNTS, IMPACTS
from .batch import step_batch

__all__ = ["GRID_HAIR", "LEAVE", "lots_of_units", "play_stream"]

LEAVE = constant(np.iinfo(np.int64).min)  # a target: leave the position as it is
MARKET, IOC = constant(OrderKind.MARKET), constant(TimeInForce.IOC)
REG_T, SQUARE_ROOT = constant(ACCOUNTS["reg_t"]), constant(IMPACTS["square_root"])
ENV = constant(0)
GRID_HAIR = 2.0**-48  # by what part of itself a quotient of decimals may be off its whole number


@kernel
def lots_of_units(units: np.ndarray, instruments: np.ndarray, towards_zero: bool, lots: np.ndarray) -> int:
    """Targets in units (N, A) to whole lots, NaN to LEAVE -> position of the first that lies off the grid or beyond it, or -1."""
    n_assets = units.shape[1]
    for i in range(units.shape[0]):
        for a in range(n_assets):
            wanted = units[i, a]
            if i > 0 and wanted == units[i - 1, a]:
                lots[i, a] = lots[i - 1, a]
            elif math.isnan(wanted):
                lots[i, a] = LEAVE
            else:
                ratio = wanted / instruments[a].lot
                if abs(ratio) > 1e15:
                    return int(i * n_assets + a)
                count = whole_lots(wanted, instruments[a].lot)
                gap = abs(ratio - count)
                if not towards_zero and gap > 1e-9 and gap > GRID_HAIR * abs(ratio):
                    return int(i * n_assets + a)
                lots[i, a] = count
    return -1


@kernel
def is_calm(
    intents: np.ndarray,
    tickets: np.ndarray,
    declined: np.ndarray,
    terms: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
) -> bool:
    """Whether a bar without a decision only marks: nothing works, nothing accrues, nothing can be closed by force."""
    if account[ENV].n_working > 0 or terms.shape[0] > 0 or declined[ENV, 0] > 0:
        return False
    if rules[ENV].account >= REG_T or rules[ENV].impact != SQUARE_ROOT or rules[ENV].cash_interest_rate != 0.0:
        return False
    if account[ENV].cash < 0.0 and rules[ENV].margin_interest_rate != 0.0:
        return False
    if tickets.shape[1] > 0 and (tickets[ENV, 0].lots != 0 or tickets[ENV, 0].cancels != 0):
        return False
    busy = False
    for a in range(position.shape[1]):
        if position[ENV, a].units < 0.0 or position[ENV, a].displacement != 0.0:
            busy = True
        if intents[ENV, a].lots != 0 or intents[ENV, a].cancel != 0:
            busy = True
    return not busy


@kernel
def play_calm(
    first: int,  # decision
    last: int,  # one past the last decision that may be played here
    row: int,  # of the first decision
    targets: np.ndarray,
    curve: np.ndarray,
    bars: np.ndarray,
    instruments: np.ndarray,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
) -> int:
    """Marks, equity, peak and ruin of rows until a target differs from what is held -> the decision that it stopped at."""
    n_assets = position.shape[1]
    for i in range(first, last):
        after = row + i - first + 1
        for a in range(n_assets):
            target = targets[i, a]
            units = position[ENV, a].units
            # a target that was reached one decision before still is: no division
            if (i == first or target != targets[i - 1, a]) and target != LEAVE and target != whole_lots(units, instruments[a].lot):
                return i
            if units != 0.0 and not bars[after, a].present:
                return i
        for a in range(n_assets):
            price = bars[after, a].close if bars[after, a].tradable else position[ENV, a].mark
            mark_to(ENV, account, position, instruments, 1.0, a, price)
        equity = equity_by_cash(ENV, account, position, instruments)
        account[ENV].equity = equity
        if equity > account[ENV].peak_equity:
            account[ENV].peak_equity = equity
        if equity <= rules[ENV].ruin_equity_fraction * account[ENV].initial_equity:
            account[ENV].ruined = 1
        if curve.shape[0] > 0:
            curve[i] = equity
    return last


@kernel
def play_stream(
    first: int,
    targets: np.ndarray,  # lots, int64 (N, A), or (0, A)
    weights: np.ndarray,  # of equity, float64 (N, A), or (0, A); a row that begins with NaN leaves positions as they are
    curve: np.ndarray,  # equity after each decision, float64 (N,) or (0,)
    steps: np.ndarray,  # STEP (N,) or (0,)
    log: np.ndarray,  # FILL (L,) or (0,)
    totals: np.ndarray,  # counts by Refusal, added to
    rows: np.ndarray,  # this and what follows: the arrays of a simulator with one environment
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
) -> tuple[int, int]:
    """Decisions `first` to N - 1 -> (the next decision, entries of the log): short of N where the log is full; -1 entries
    where a step wrote more than `fills` holds.

    The last decision of a call is always a whole step, so that record and counts are those of `step`.
    """
    by_weight = weights.shape[0] > 0
    n = weights.shape[0] if by_weight else targets.shape[0]
    skips = not by_weight and steps.shape[0] == 0
    logged = 0
    i = first
    while i < n:
        if log.shape[0] > 0 and logged + fills.shape[1] > log.shape[0]:
            return i, logged
        if skips and i + 1 < n and is_calm(intents, tickets, declined, terms, rules, account, position):
            reached = play_calm(i, n - 1, rows[ENV], targets, curve, bars, instruments, rules, account, position)
            rows[ENV] += reached - i
            i = reached
        if by_weight:
            if not math.isnan(weights[i, 0]):
                decode_targets(
                    ENV, weights[i : i + 1], rows[ENV], bars, instruments, rules, account, position, intents, declined
                )  # fmt: skip
        else:
            for a in range(intents.shape[1]):
                if targets[i, a] != LEAVE:
                    lots = targets[i, a] - whole_lots(position[ENV, a].units, instruments[a].lot)
                    if lots != 0:
                        intents[ENV, a].lots = lots
                        intents[ENV, a].kind = MARKET
                        intents[ENV, a].tif = IOC
        step_batch(
            rows, active, intents, tickets, declined, bars, terms, clock, instruments, tariff, brackets, rules,
            account, position, orders, record, refused, fills,
        )  # fmt: skip
        if curve.shape[0] > 0:
            curve[i] = account[ENV].equity
        if steps.shape[0] > 0:
            steps[i] = record[ENV]
        if record[ENV].n_refused > 0:
            for reason in range(totals.shape[0]):
                totals[reason] += refused[ENV, reason]
        if log.shape[0] > 0:
            if record[ENV].n_logged > fills.shape[1]:
                return i, -1
            for k in range(record[ENV].n_logged):
                log[logged] = fills[ENV, k]
                logged += 1
        i += 1
    return i, logged
