"""Inside a bar: working orders meet the path, point by point, and `adverse` keeps the worse of two paths for each asset."""

import numpy as np

from ..market.account import ACCOUNT, POSITION, STEP
from ..market.kernel import kernel
from ..market.order import ORDER
from ..market.rules import PATHS
from .arrays import TapeArrays
from .liquidation import watch_margins
from .matching import can_act_inside
from .path import OHLC, OLHC, fx_at
from .power import ALL_ASSETS, REG_T
from .working import take_order

__all__ = ["choose_paths", "play_inside", "walk"]

TIE = 1e-12  # equities that differ by rounding alone are equal
ADVERSE, ADAPTIVE, POLICY_OHLC = PATHS["adverse"], PATHS["adaptive"], PATHS["ohlc"]


@kernel
def walk(
    e: int,
    row: int,
    moving: int,  # the only asset that leaves its open, or ALL_ASSETS
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """Points 1 to 3 in lockstep; at each one reducing orders come first, then increasing ones, each round by id."""
    for point in range(1, 4):
        for stage in range(2):
            for i in range(account[e].n_working):
                if moving == ALL_ASSETS or orders[e, i].asset == moving:
                    take_order(
                        e, i, row, point, moving, stage == 1, np.inf, 0.0, tape, rules,
                        account, position, orders, record, refused, fills,
                    )  # fmt: skip
        if account[e].n_open > 0 and rules[e].account >= REG_T:
            watch_margins(e, row, point, moving, tape, rules, account, position, orders, record, fills)


@kernel(allocates=True)
def choose_paths(
    e: int,
    row: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """For each asset with an order that may act: both paths from the same state, others at their open; the lower equity stays."""
    n = account[e].n_working
    account_kept, position_kept, record_kept = np.empty(1, ACCOUNT), np.empty(1, POSITION), np.empty(1, STEP)
    orders_kept, refused_kept = np.empty(n, ORDER), refused[e].copy()
    account_kept[0], record_kept[0] = account[e], record[e]
    for i in range(n):
        orders_kept[i] = orders[e, i]
    for i in range(n):
        a = np.int64(orders[e, i].asset)
        seen = not can_act_inside(e, i, row, tape, orders)
        for j in range(i):
            seen = seen or (orders[e, j].asset == a and can_act_inside(e, j, row, tape, orders))
        if seen:
            continue
        position_kept[0] = position[e, a]
        low_first, high_first = 0.0, 0.0
        for path in (OLHC, OHLC):
            position[e, a].path = path
            walk(
                e, row, a, tape, rules, account, position, orders, record, refused, fills
            )  # fmt: skip
            scale = tape.instruments[a].multiplier * fx_at(tape.terms, row, a)
            equity = account[e].cash + position[e, a].units * tape.bars[row, a].close * scale
            if path == OLHC:
                low_first = equity
            else:
                high_first = equity
            account[e], record[e], position[e, a] = account_kept[0], record_kept[0], position_kept[0]
            for j in range(n):
                orders[e, j] = orders_kept[j]
            for reason in range(refused.shape[1]):
                refused[e, reason] = refused_kept[reason]
        tie = TIE * max(abs(low_first), account[e].initial_equity)
        position[e, a].path = OHLC if high_first < low_first - tie else OLHC


@kernel
def play_inside(
    e: int,
    row: int,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """The part of the bar after its open; only called while orders work."""
    acts = False
    for i in range(account[e].n_working):
        acts = acts or can_act_inside(e, i, row, tape, orders)
    if not acts:
        return
    policy = rules[e].path
    for a in range(position.shape[1]):
        position[e, a].path = OLHC
        nearer_high = tape.bars[row, a].high - tape.bars[row, a].open < tape.bars[row, a].open - tape.bars[row, a].low
        if policy == POLICY_OHLC or (policy == ADAPTIVE and nearer_high):
            position[e, a].path = OHLC
    if policy == ADVERSE:
        choose_paths(
            e, row, tape, rules, account, position, orders, record, refused, fills
        )  # fmt: skip
    walk(
        e, row, ALL_ASSETS, tape, rules, account, position, orders, record, refused, fills
    )  # fmt: skip
