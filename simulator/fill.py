"""Filling an order: clipped to what is allowed, sized to what can be paid, settled in both ledgers, logged."""

import math

import numpy as np

from ..market.grid import on_grid, whole_lots
from ..market.kernel import constant, kernel
from ..market.ledger import equity_by_attribution, equity_by_cash, settle
from ..market.order import Refusal
from .arrays import TapeArrays
from .friction import frictions
from .path import fx_at
from .pool import refuse
from .power import affordable

__all__ = ["clip", "fill", "take"]

NONE, NO_CASH, SCALED_CASH = constant(Refusal.NONE), constant(Refusal.NO_CASH), constant(Refusal.SCALED_CASH)
NO_SHORT, REDUCE_ONLY, PARTICIPATION = constant(Refusal.NO_SHORT), constant(Refusal.REDUCE_ONLY), constant(Refusal.PARTICIPATION)


@kernel(inline=True)
def clip(
    e: int,
    row: int,
    asset: int,
    lots: int,
    reduce_only: int,
    tape: TapeArrays,
    rules: np.ndarray,
    position: np.ndarray,
) -> tuple[int, int, int]:
    """-> (lots that rules and volume allow, lots held, reason of the cut)."""
    held = whole_lots(position[e, asset].units, tape.instruments[asset].lot)
    reason = NONE
    if reduce_only == 1:
        if held == 0 or (held > 0) == (lots > 0):
            return 0, held, REDUCE_ONLY
        lots = max(lots, -held) if lots < 0 else min(lots, -held)
    if lots < 0 and rules[e].allow_short == 0 and held + lots < 0:
        reason = NO_SHORT
        lots = -max(held, 0)
    if math.isfinite(rules[e].participation):
        volume = tape.bars[row, asset].volume * tape.instruments[asset].volume_known
        left = whole_lots(rules[e].participation * volume, tape.instruments[asset].lot) - position[e, asset].bar_lots
        if abs(lots) > left:
            reason = PARTICIPATION
            lots = max(left, 0) if lots > 0 else -max(left, 0)
    return lots, held, reason


@kernel(inline=True)
def take(
    e: int,
    row: int,
    increasing: bool,  # the second round of a point: whatever is left; the first is for orders that do not increase a position
    share: float,
    power: float,
    asset: int,
    order_id: int,
    lots: int,
    kind: int,
    reduce_only: int,
    whole: bool,  # fill or kill
    maker: bool,
    filled_before: float,  # units of this order, absolute
    traded_before: float,  # notional of this order so far, account currency
    charged_before: float,  # commission of this order so far, account currency
    decided_at: int,
    at: int,
    reference: float,
    room: float,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    record: np.ndarray,
    refused: np.ndarray,
    fills: np.ndarray,
) -> tuple[bool, int, bool, float, float, float]:
    """An order that is hit -> (whether this is its round, lots filled, whether volume alone cut it, power left, price, commission)."""
    wanted, held, reason = clip(e, row, asset, lots, reduce_only, tape, rules, position)
    more = abs(held + wanted) > abs(held)
    if more and not increasing:
        return False, 0, False, power, 0.0, 0.0
    if reason != NONE:
        refuse(e, reason, record, refused)
    if more:
        fits, need, spread, slippage, impact, commission = affordable(
            e, row, asset, wanted, held, reference, room, share, power, tape, rules
        )  # fmt: skip
        if fits != wanted:
            refuse(e, NO_CASH if fits == 0 else SCALED_CASH, record, refused)
            wanted, reason = fits, NO_CASH
        power -= need
    else:
        units = on_grid(wanted, tape.instruments[asset].lot)
        spread, slippage, impact, commission = frictions(e, row, asset, units, reference, room, tape, rules)
    price = 0.0
    if wanted != 0:
        price = fill(
            e, row, asset, order_id, wanted, kind, maker, decided_at, at, reference, spread, slippage, impact, commission,
            tape, account, position, record, fills,
        )  # fmt: skip
    return True, wanted, reason == PARTICIPATION, power, price, commission


@kernel(inline=True)
def fill(
    e: int,
    row: int,
    asset: int,
    order_id: int,
    lots: int,
    kind: int,
    maker: bool,
    decided_at: int,
    at: int,
    reference: float,
    spread: float,
    slippage: float,
    impact: float,
    commission: float,
    tape: TapeArrays,
    account: np.ndarray,
    position: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> float:
    """One fill into both ledgers, and into the log where there is one -> price paid per unit."""
    units = on_grid(lots, tape.instruments[asset].lot)
    fx = fx_at(tape.terms, row, asset)
    price = settle(
        e, account, position, tape.instruments, asset, units, reference, spread, slippage, impact, commission, 0.0, fx, row
    )  # fmt: skip
    position[e, asset].bar_lots += abs(lots)
    record[e].n_fills += 1
    n = record[e].n_logged
    record[e].n_logged = n + 1
    if n < fills.shape[1]:
        fills[e, n].order_id = order_id
        fills[e, n].row = row
        fills[e, n].decided_at = decided_at
        fills[e, n].filled_at = at
        fills[e, n].lots = lots
        fills[e, n].units = units
        fills[e, n].reference = reference
        fills[e, n].price = price
        fills[e, n].spread = spread
        fills[e, n].slippage = slippage
        fills[e, n].impact = impact
        fills[e, n].commission = commission
        fills[e, n].fees = 0.0
        fills[e, n].asset = asset
        fills[e, n].kind = kind
        fills[e, n].risk = 0.0
        fills[e, n].cash = account[e].cash
        fills[e, n].equity = equity_by_cash(e, account, position, tape.instruments)
        fills[e, n].attribution = equity_by_attribution(e, account)
        fills[e, n].maker = 1 if maker else 0
        fills[e, n].state = fills[e, n].reason = 0
    return float(price)
