"""Inside a bar: working orders meet the path, point by point, and `adverse` keeps the worse of two paths for each asset."""

import numpy as np

from ..market.account import ACCOUNT, POSITION, STEP
from ..market.displacement import displaced
from ..market.kernel import kernel
from ..market.order import ORDER
from ..market.rules import PATHS
from .arrays import TapeArrays
from .family import bind_children
from .liquidation import may_be_liquidated, watch_margins
from .matching import INSIDE, TO_OPEN, TRAILS, quick_look
from .path import AT_OPEN, OHLC, OLHC, fx_at
from .power import ALL_ASSETS, REG_T
from .trailing import follow_bar, follow_point
from .valuation import present_price
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
                if (moving == ALL_ASSETS or orders[e, i].asset == moving) and quick_look(e, i, row, tape, orders) & INSIDE:
                    take_order(
                        e, i, row, point, moving, stage == 1, np.inf, 0.0, tape, rules,
                        account, position, orders, record, refused, fills,
                    )  # fmt: skip
        bind_children(e, row, point, tape, rules, account, position, orders, record, fills)
        if account[e].n_open > 0 and rules[e].account >= REG_T:
            watch_margins(e, row, point, moving, tape, rules, account, position, orders, record, refused, fills)
        follow_point(e, row, point, moving, tape, account, position, orders)


@kernel
def worth_at_close(
    e: int,
    row: int,
    moving: int,
    liquid: bool,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
) -> float:
    """Equity with one asset at its close and the others at their open; where no force closes them their part is left out."""
    if not liquid:
        scale = tape.instruments[moving].multiplier * fx_at(tape.terms, row, moving)
        close = displaced(e, moving, tape.bars[row, moving].close, rules, position)
        return float(account[e].cash + position[e, moving].units * close * scale)
    equity = account[e].cash
    for a in range(position.shape[1]):
        if position[e, a].units != 0.0:
            price = present_price(e, row, a, 3 if a == moving else AT_OPEN, tape, rules, position)
            equity += position[e, a].units * price * tape.instruments[a].multiplier * fx_at(tape.terms, row, a)
    return float(equity)


@kernel
def may_move(
    e: int, row: int, asset: int, liquid: bool, tape: TapeArrays, account: np.ndarray, position: np.ndarray, orders: np.ndarray
) -> bool:
    """Whether the order of an asset's points could matter: an order may act, or the position may be closed by force."""
    if tape.bars[row, asset].tradable == 0:
        return False
    found = liquid and position[e, asset].units != 0.0
    for i in range(account[e].n_working):
        found = found or (orders[e, i].asset == asset and quick_look(e, i, row, tape, orders) & INSIDE != 0)
    return bool(found)


@kernel(allocates=True)
def choose_paths(
    e: int,
    row: int,
    liquid: bool,  # whether positions may be closed by force
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """For each asset that may move: both paths from the same state, others at their open; the lower equity stays."""
    n, n_assets = account[e].n_working, position.shape[1]
    account_kept, record_kept = np.empty(1, ACCOUNT), np.empty(1, STEP)
    position_kept, orders_kept, refused_kept = np.empty(n_assets if liquid else 1, POSITION), np.empty(n, ORDER), refused[e].copy()
    account_kept[0], record_kept[0] = account[e], record[e]
    for i in range(n):
        orders_kept[i] = orders[e, i]
    gap = 0.0
    for a in range(n_assets):
        if not may_move(e, row, a, liquid, tape, account, position, orders):
            continue
        if liquid:
            for b in range(n_assets):
                position_kept[b] = position[e, b]
        else:
            position_kept[0] = position[e, a]
        low_first, high_first = 0.0, 0.0
        for path in (OLHC, OHLC):
            position[e, a].path = path
            walk(
                e, row, a, tape, rules, account, position, orders, record, refused, fills
            )  # fmt: skip
            equity = worth_at_close(e, row, a, liquid, tape, rules, account, position)
            if path == OLHC:
                low_first = equity
            else:
                high_first = equity
            account[e], record[e] = account_kept[0], record_kept[0]
            if liquid:
                for b in range(n_assets):
                    position[e, b] = position_kept[b]
            else:
                position[e, a] = position_kept[0]
            for j in range(n):
                orders[e, j] = orders_kept[j]
            for reason in range(refused.shape[1]):
                refused[e, reason] = refused_kept[reason]
        tie = TIE * max(abs(low_first), account[e].initial_equity)
        position[e, a].path = OHLC if high_first < low_first - tie else OLHC
        if abs(high_first - low_first) > tie:
            gap += abs(high_first - low_first)
    record[e].path_gap = gap


@kernel
def play_inside(
    e: int,
    row: int,
    found: int,  # by the quick looks before the open
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    orders: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> None:
    """The part of the bar after its open; only called where an order, or the margin, may meet it."""
    if found & TO_OPEN:
        found = 0
        for i in range(account[e].n_working):
            found |= quick_look(e, i, row, tape, orders)
    liquid = bool(may_be_liquidated(e, row, tape, rules, account, position))
    if not liquid and not found & INSIDE:
        if found & TRAILS:
            follow_bar(e, row, tape, account, orders)
        return
    liquid = rules[e].account >= REG_T  # an order that acts may take a position to where it is closed by force
    policy = rules[e].path
    for a in range(position.shape[1]):
        position[e, a].path = OLHC
        nearer_high = tape.bars[row, a].high - tape.bars[row, a].open < tape.bars[row, a].open - tape.bars[row, a].low
        if policy == POLICY_OHLC or (policy == ADAPTIVE and nearer_high):
            position[e, a].path = OHLC
    if found & TRAILS:
        follow_point(e, row, AT_OPEN, ALL_ASSETS, tape, account, position, orders)
    if policy == ADVERSE:
        choose_paths(
            e, row, liquid, tape, rules, account, position, orders, record, refused, fills
        )  # fmt: skip
    walk(
        e, row, ALL_ASSETS, tape, rules, account, position, orders, record, refused, fills
    )  # fmt: skip
