"""One pass over the environments of a batch: decide, play, pay, end and observe each while its records lie in the first cache.

Every stage is a branch on a code, since a compiled function that is handed over as an argument is never cached, and calls the
scalar kernel that the stage's own loop calls; so both give the same bytes.
"""

from typing import NamedTuple

import numba
import numpy as np

from ..market.actions.holding import hold
from ..market.actions.positions import decode_position
from ..market.actions.six_actions import decode_six
from ..market.actions.targets import decode_targets
from ..market.actions.weights import decode_portfolio
from ..market.kernel import kernel
from ..market.prefetch import prefetch
from ..simulator.arrays import TapeArrays
from ..simulator.batch import clear_intents, clear_tickets, drop, look_ahead, prepare
from ..simulator.step import open_account, step
from .parts.account import write_account, write_weights
from .rewards.gross_minus_cost import gross_minus_cost
from .rewards.log_return import log_return
from .rewards.moments import differential_ratio, write_moments_of
from .view import write_reference
from .window import copy_window

__all__ = ["ABOVE", "Payment", "Sight", "begin_some", "first_bad_choice", "first_bad_number", "observe_some",
           "play_range", "play_range_parallel"]

AHEAD = 8  # environments: far enough for memory to answer, near enough for its answer to stay in the first cache
LINE = 16  # float32 in a line of memory
MOST_LINES = 6  # of a window that are asked for; the processor sees the rest coming

ABOVE = 0  # the stage is done outside, by the object's own method
SIX, POSITIONS, TARGETS, PORTFOLIO, UNITS = 1, 2, 3, 4, 5  # schemes
LOG_RETURN, GROSS_MINUS_COST, DIFFERENTIAL = 1, 2, 3  # rewards
ACCOUNT, WEIGHTS = 1, 2  # parts
ROWS, REFERENCE = 1, 2  # the market's half


class Payment(NamedTuple):
    """How a step is paid; fields that the reward does not know are not read."""

    reward: int
    floor: float = 0.0
    cost_weight: float = 0.0
    losses: bool = False
    eta: float = 0.0
    warmup: int = 0
    clip: float = 0.0


class Sight(NamedTuple):
    """What is observed, and from which column on."""

    market: int
    window: int
    width: int
    page: int
    part: int
    part_at: int
    reward_at: int


@kernel
def first_bad_choice(choices: np.ndarray, n: int) -> int:
    """Return the first environment whose discrete action is none of the `n`, or -1."""
    for e in range(choices.shape[0]):
        if not 0 <= choices[e] < n:
            return e
    return -1


@kernel
def first_bad_number(actions: np.ndarray) -> int:
    """Return the first environment whose continuous action has an entry outside [-1, 1], or NaN; or -1."""
    for e in range(actions.shape[0]):
        for i in range(actions.shape[1]):
            if not -1.0 <= actions[e, i] <= 1.0:
                return e
    return -1


@kernel(inline=True)
def decide(
    e: int,
    row: int,
    scheme: int,
    offset: int,
    rebalance: bool,
    choices: np.ndarray,
    numbers: np.ndarray,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    intents: np.ndarray,
    declined: np.ndarray,
) -> None:
    """The intents of one environment's action."""
    if scheme == SIX:
        decode_six(e, choices[e], row, tape.bars, tape.instruments, rules, account, position, intents, declined)
    elif scheme == POSITIONS:
        decode_position(
            e, choices[e] - offset, rebalance, row, tape.bars, tape.instruments, rules, account, position, intents, declined
        )  # fmt: skip
    elif scheme == TARGETS:
        decode_targets(e, numbers, row, tape.bars, tape.instruments, rules, account, position, intents, declined)
    elif scheme == PORTFOLIO:
        decode_portfolio(e, numbers, row, tape.bars, tape.instruments, rules, account, position, intents, declined)
    elif scheme == UNITS:
        for a in range(intents.shape[1]):
            hold(e, a, numbers[e, a], row, tape.bars, tape.instruments, rules, position, intents, declined)


@kernel(inline=True)
def pay(e: int, payment: Payment, record: np.ndarray, account: np.ndarray, moments: np.ndarray) -> float:
    """The reward of one environment's step; 0 where it is paid outside."""
    if payment.reward == LOG_RETURN:
        return float(log_return(e, record, payment.floor))
    if payment.reward == GROSS_MINUS_COST:
        return float(gross_minus_cost(e, record, account, payment.cost_weight))
    if payment.reward == DIFFERENTIAL:
        return float(differential_ratio(e, record, moments, payment.losses, payment.eta, payment.warmup, payment.clip))
    return 0.0


@kernel(inline=True)
def observe(
    e: int,
    row: int,
    sight: Sight,
    payment: Payment,
    features: np.ndarray,
    instruments: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    moments: np.ndarray,
    out: np.ndarray,
) -> None:
    """One environment's row of `out`, but for what is written outside."""
    if sight.market == ROWS:
        copy_window(e, row, sight.window, sight.width, features, out)
    else:
        write_reference(e, row, sight.page, out)
    if sight.part == ACCOUNT:
        write_account(e, row, instruments, account, position, out, sight.part_at)
    elif sight.part == WEIGHTS:
        write_weights(e, instruments, account, position, out, sight.part_at)
    if payment.reward == DIFFERENTIAL:
        write_moments_of(e, moments, payment.losses, payment.warmup, out, sight.reward_at)


@kernel(inline=True)
def look_ahead_at_features(row: int, sight: Sight, features: np.ndarray) -> None:
    """Ask for the window that ends at `row`; its rows rarely begin where a line of memory does."""
    first, size = (row - sight.window + 1) * sight.width, sight.window * sight.width
    for i in range(0, min(size, MOST_LINES * LINE), LINE):
        prefetch(features, first + i)
    prefetch(features, first + size - 1)


@kernel
def play_range(
    start: int,
    stop: int,
    active: np.ndarray,
    scheme: int,
    offset: int,
    rebalance: bool,
    choices: np.ndarray,
    numbers: np.ndarray,
    rows: np.ndarray,
    episode: np.ndarray,
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
    payment: Payment,
    moments: np.ndarray,
    sight: Sight,
    features: np.ndarray,
    out: np.ndarray,
    rewards: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
) -> int:
    """Play one bar in start <= e < stop -> how many episodes ended; -1 - e where e has no bar, and then nothing is done.

    Args:
        active: bool (E,), who plays; the others' intents are dropped, they are paid 0 and not observed.
        scheme, payment.reward, sight.part: Codes; ABOVE: the stage is done outside, before (intents) or after this pass.
        out: float32 (E, D), written but for columns that are written outside.
        rewards, terminated, truncated: (E,), written.
    """
    tape = TapeArrays(bars, terms, clock, instruments, tariff, brackets)
    for e in range(start, stop):
        if active[e] and not 0 <= rows[e] < clock.shape[0] - 1:
            return -1 - e
    ended = 0
    for e in range(start, stop):
        if e < 0:  # never: what the compiler knows to be an index from the front needs no look from the back
            break
        if e + AHEAD < stop:
            look_ahead(rows[e + AHEAD], bars, clock)
            if sight.market == ROWS:
                look_ahead_at_features(rows[e + AHEAD] + 1, sight, features)
        if not active[e]:
            drop(e, declined)
            clear_intents(e, intents)
            clear_tickets(e, tickets)
            rewards[e] = 0.0
            terminated[e] = truncated[e] = False
            continue
        row = rows[e]
        decide(e, row, scheme, offset, rebalance, choices, numbers, tape, rules, account, position, intents, declined)
        prepare(e, declined, record, refused)
        step(e, row, intents, tickets, tape, rules, account, position, orders, record, refused, fills)
        row += 1
        rows[e] = row
        clear_intents(e, intents)
        clear_tickets(e, tickets)
        rewards[e] = pay(e, payment, record, account, moments)
        ruined = record[e].ruined != 0
        over = not ruined and row >= episode[e].last_row
        terminated[e], truncated[e] = ruined, over
        if ruined or over:
            ended += 1
        observe(e, row, sight, payment, features, instruments, account, position, moments, out)
    return ended


@kernel(parallel=True)
def play_range_parallel(
    ended: np.ndarray,
    active: np.ndarray,
    scheme: int,
    offset: int,
    rebalance: bool,
    choices: np.ndarray,
    numbers: np.ndarray,
    rows: np.ndarray,
    episode: np.ndarray,
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
    payment: Payment,
    moments: np.ndarray,
    sight: Sight,
    features: np.ndarray,
    out: np.ndarray,
    rewards: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
) -> None:
    """The twin of play_range over threads: each takes one stretch of environments; `ended` int64 (threads,) is written.

    Every active environment must have a bar: a thread that stopped would leave the others' steps done.
    """
    n_envs, n_parts = np.int64(rows.shape[0]), np.int64(ended.shape[0])
    for part in numba.prange(n_parts):
        i = np.int64(part)
        ended[i] = play_range(
            i * n_envs // n_parts, (i + 1) * n_envs // n_parts, active, scheme, offset, rebalance, choices, numbers, rows, episode,
            intents, tickets, declined, bars, terms, clock, instruments, tariff, brackets, rules, account, position, orders,
            record, refused, fills, payment, moments, sight, features, out, rewards, terminated, truncated,
        )  # fmt: skip


@kernel
def begin_some(
    chosen: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    cash: float,
    n_rows: int,
    rows: np.ndarray,
    episode: np.ndarray,
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
) -> bool:
    """Open accounts and episodes in the environments `chosen` int64 (n,) -> whether all can; else nothing is done."""
    tape = TapeArrays(bars, terms, clock, instruments, tariff, brackets)
    for k in range(chosen.shape[0]):
        if not 0 <= first[k] < n_rows - 1:
            return False
    for k in range(chosen.shape[0]):
        e = chosen[k]
        if k + AHEAD < chosen.shape[0]:
            look_ahead(first[k + AHEAD], bars, clock)
        rows[e], episode[e].first_row, episode[e].last_row = first[k], first[k], last[k]
        clear_intents(e, intents)
        clear_tickets(e, tickets)
        drop(e, declined)
        open_account(e, first[k], cash, tape, account, position, orders, record, refused)
    return True


@kernel
def observe_some(
    chosen: np.ndarray,
    rows: np.ndarray,
    sight: Sight,
    payment: Payment,
    features: np.ndarray,
    instruments: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    moments: np.ndarray,
    out: np.ndarray,
) -> None:
    """Write the observations of the environments `chosen` int64 (n,), but for what is written outside."""
    for k in range(chosen.shape[0]):
        e = chosen[k]
        if sight.market == ROWS and k + AHEAD < chosen.shape[0]:
            look_ahead_at_features(rows[chosen[k + AHEAD]], sight, features)
        observe(e, rows[e], sight, payment, features, instruments, account, position, moments, out)
