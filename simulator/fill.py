"""Filling an order: clipped to what is allowed, sized to what can be paid, settled in both ledgers, logged."""

import math

import numpy as np

from ..market.displacement import SQUARE_ROOT, displace
from ..market.grid import on_grid, whole_lots
from ..market.kernel import constant, kernel
from ..market.ledger import equity_by_attribution, equity_by_cash, settle
from ..market.margin import CASH, ISOLATED, largest_value, set_aside
from ..market.order import Refusal
from ..market.tariff import note_turnover, turnover_of
from .arrays import TapeArrays
from .friction import fee_tier, frictions
from .path import fx_at
from .pool import refuse
from .power import affordable, demand

__all__ = ["asked", "clip", "fill", "take"]

NONE, NO_CASH, SCALED_CASH = constant(Refusal.NONE), constant(Refusal.NO_CASH), constant(Refusal.SCALED_CASH)
NO_SHORT, REDUCE_ONLY, PARTICIPATION = constant(Refusal.NO_SHORT), constant(Refusal.REDUCE_ONLY), constant(Refusal.PARTICIPATION)
BEYOND_LEVERAGE, FILL_OR_KILL = constant(Refusal.LEVERAGE), constant(Refusal.FILL_OR_KILL)


@kernel(inline=True)
def clip(
    e: int,
    row: int,
    asset: int,
    lots: int,
    reduce_only: int,
    reference: float,
    tape: TapeArrays,
    rules: np.ndarray,
    position: np.ndarray,
) -> tuple[int, int, int]:
    """-> (lots that rules, volume and brackets allow, lots held, reason of the last cut)."""
    held = whole_lots(position[e, asset].units, tape.instruments[asset].lot)
    reason = NONE
    if reduce_only == 1:
        if held == 0 or (held > 0) == (lots > 0):
            return 0, held, REDUCE_ONLY
        lots = max(lots, -held) if lots < 0 else min(lots, -held)
    if lots < 0 and held + lots < 0 and (rules[e].allow_short == 0 or rules[e].account == CASH):
        reason = NO_SHORT
        lots = -max(held, 0)
    if math.isfinite(rules[e].participation):
        volume = tape.bars[row, asset].volume * tape.instruments[asset].volume_known
        left = whole_lots(rules[e].participation * volume, tape.instruments[asset].lot) - position[e, asset].bar_lots
        if abs(lots) > left:
            reason = PARTICIPATION
            lots = max(left, 0) if lots > 0 else -max(left, 0)
    if tape.instruments[asset].bracket_count > 0 and abs(held + lots) > abs(held):
        fits = largest_position(e, row, asset, reference, tape, rules)
        if abs(held + lots) > fits:
            reason = BEYOND_LEVERAGE
            fits = max(fits, abs(held))
            lots = (fits if lots > 0 else -fits) - held
    return lots, held, reason


@kernel
def largest_position(e: int, row: int, asset: int, reference: float, tape: TapeArrays, rules: np.ndarray) -> int:
    """Lots to which brackets let a position grow at this price."""
    scale = reference * tape.instruments[asset].multiplier * fx_at(tape.terms, row, asset)
    largest = largest_value(e, asset, tape.instruments, tape.brackets, rules)
    return int(whole_lots(largest / scale, tape.instruments[asset].lot))


@kernel(inline=True)
def asked(
    e: int,
    row: int,
    asset: int,
    lots: int,
    reduce_only: int,
    maker: bool,
    filled_before: float,
    traded_before: float,
    charged_before: float,
    at: int,  # open of the row
    reference: float,
    room: float,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
) -> float:
    """Buying power that an order would use up if it were filled as far as rules and volume allow; 0 where it adds nothing."""
    lots, held, _ = clip(e, row, asset, lots, reduce_only, reference, tape, rules, position)
    if abs(held + lots) <= abs(held):
        return 0.0
    units = on_grid(lots, tape.instruments[asset].lot)
    spread, slippage, impact, commission, fees = frictions(
        e, row, asset, units, reference, room, fee_tier(e, asset, at, tape, rules, account), maker, filled_before, traded_before,
        charged_before, tape, rules, position,
    )  # fmt: skip
    costs = spread + slippage + impact + commission + fees
    return float(demand(e, row, asset, lots, held, reference, costs, tape, rules, position))


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
    """An order that is hit -> (is it its round, lots filled, whether volume alone cut it, power left, price, commission)."""
    wanted, held, reason = clip(e, row, asset, lots, reduce_only, reference, tape, rules, position)
    more = abs(held + wanted) > abs(held)
    if more and not increasing:
        return False, 0, False, power, 0.0, 0.0
    tier = fee_tier(e, asset, tape.clock[row].open_at, tape, rules, account)
    short, left = NONE, power
    if more:
        fits, need, spread, slippage, impact, commission, fees = affordable(
            e, row, asset, wanted, held, reference, room, share, power, tier, maker, filled_before, traded_before, charged_before,
            tape, rules, position,
        )  # fmt: skip
        if fits != wanted:
            short = NO_CASH if fits == 0 else SCALED_CASH
            wanted = fits
        left -= need
    else:
        units = on_grid(wanted, tape.instruments[asset].lot)
        spread, slippage, impact, commission, fees = frictions(
            e, row, asset, units, reference, room, tier, maker, filled_before, traded_before, charged_before, tape, rules, position
        )  # fmt: skip
    if whole and wanted != lots:
        refuse(e, FILL_OR_KILL, record, refused)
        return True, 0, False, power, 0.0, 0.0
    if reason != NONE:
        refuse(e, reason, record, refused)
    if short != NONE:
        refuse(e, short, record, refused)
    if wanted == 0:
        return True, 0, reason == PARTICIPATION and short == NONE, left, 0.0, 0.0
    price = fill(
        e, row, asset, order_id, wanted, kind, maker, tier, decided_at, at, reference, spread, slippage, impact, commission, fees,
        tape, rules, account, position, record, fills,
    )  # fmt: skip
    return True, wanted, reason == PARTICIPATION and short == NONE, left, price, commission


@kernel(inline=True)
def fill(
    e: int,
    row: int,
    asset: int,
    order_id: int,
    lots: int,
    kind: int,
    maker: bool,
    tier: int,
    decided_at: int,
    at: int,
    reference: float,
    spread: float,
    slippage: float,
    impact: float,
    commission: float,
    fees: float,
    tape: TapeArrays,
    rules: np.ndarray,
    account: np.ndarray,
    position: np.ndarray,
    record: np.ndarray,
    fills: np.ndarray,
) -> float:
    """One fill into both ledgers, margins, displacement and turnover, and into the log where there is one -> price per unit."""
    units = on_grid(lots, tape.instruments[asset].lot)
    fx = fx_at(tape.terms, row, asset)
    before = position[e, asset].units
    price = settle(
        e, account, position, tape.instruments, asset, units, reference, spread, slippage, impact, commission, fees, fx, row
    )  # fmt: skip
    if rules[e].account == ISOLATED:
        set_aside(e, asset, before, reference, fx, tape.instruments, rules, position)
    if rules[e].impact != SQUARE_ROOT:
        displace(e, asset, units, tape.instruments, rules, position)
    if tier >= 0:
        traded = turnover_of(tier, units, price, tape.instruments[asset].multiplier * fx, tape.tariff)
        note_turnover(e, tape.clock[row].open_at, traded, account)
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
        fills[e, n].fees = fees
        fills[e, n].asset = asset
        fills[e, n].kind = kind
        fills[e, n].risk = 0.0
        fills[e, n].cash = account[e].cash
        fills[e, n].equity = equity_by_cash(e, account, position, tape.instruments)
        fills[e, n].attribution = equity_by_attribution(e, account)
        fills[e, n].maker = 1 if maker else 0
        fills[e, n].state = fills[e, n].reason = 0
    return float(price)
