"""What a fill costs beyond its reference price: spread, slippage, impact, commission and fees."""

import math

import numpy as np

from ..market.displacement import SQUARE_ROOT, impact_of
from ..market.kernel import constant, kernel
from ..market.tariff import charges, tariff_row, volume_at
from .arrays import TapeArrays
from .path import fx_at

__all__ = ["NO_TIER", "TAKER", "charged", "fee_tier", "frictions", "spread_and_slippage"]

NO_TIER, TAKER = constant(-1), constant(False)


@kernel(inline=True)
def fee_tier(e: int, asset: int, at: int, tape: TapeArrays, rules: np.ndarray, account: np.ndarray) -> int:
    """Row of the fee schedule in a bar that opens at `at`, chosen once a fill; NO_TIER where the rules' own rates hold."""
    if tape.instruments[asset].tariff_count == 0:
        return NO_TIER
    traded = volume_at(e, at, account) + rules[e].volume_elsewhere
    return int(tariff_row(asset, at, traded, tape.instruments, tape.tariff))


@kernel(inline=True)
def spread_and_slippage(
    e: int, row: int, asset: int, reference: float, tape: TapeArrays, rules: np.ndarray
) -> tuple[float, float]:
    """-> half spread and slippage per unit, quote currency."""
    half_spread = rules[e].half_spread_rate * reference
    if tape.terms.shape[0] > 0:
        quoted = tape.terms[row, asset].spread
        if not math.isnan(quoted):
            half_spread = 0.5 * quoted * reference
    return half_spread, rules[e].slippage_rate * reference


@kernel(inline=True)
def charged(
    e: int,
    units: float,  # signed
    notional: float,  # at the fill price, account currency
    fx: float,
    multiplier: float,
    tier: int,
    maker: bool,
    filled_before: float,
    traded_before: float,
    charged_before: float,
    tape: TapeArrays,
    rules: np.ndarray,
) -> tuple[float, float]:
    """-> commission and fees, account currency: by the schedule where there is one, else by the rules' rates."""
    size = abs(units)
    if tier >= 0 and size > 0.0:
        scale = multiplier * fx
        commission, fees = charges(
            tier, units, notional / (size * scale), scale, fx, 1 if maker else 0, filled_before, traded_before, charged_before,
            tape.tariff,
        )  # fmt: skip
        return commission, fees
    rate = rules[e].maker_rate if maker else rules[e].fee_rate
    return rate * abs(notional) + rules[e].fee_per_unit * size, 0.0


@kernel(inline=True)
def frictions(
    e: int,
    row: int,
    asset: int,
    units: float,  # signed
    reference: float,
    room: float,  # what a limit leaves between itself and the reference, per unit; inf: no limit
    tier: int,
    maker: bool,
    filled_before: float,  # units of this order, absolute
    traded_before: float,  # notional of this order so far, account currency
    charged_before: float,  # commission of this order so far, account currency
    tape: TapeArrays,
    rules: np.ndarray,
    position: np.ndarray,
) -> tuple[float, float, float, float, float]:
    """-> costs of the whole fill in account currency: spread, slippage, impact, commission, fees.

    Impact is the square-root law (Toth et al. 2011, Phys. Rev. X 1, 021006, eq. 1), or that of `market.displacement`.
    """
    size = abs(units)
    half_spread, slippage = spread_and_slippage(e, row, asset, reference, tape, rules)
    impact = 0.0
    if rules[e].impact == SQUARE_ROOT:
        volume = tape.bars[row, asset].volume * tape.instruments[asset].volume_known
        if rules[e].impact_rate > 0.0 and volume > 0.0:
            impact = rules[e].impact_rate * math.sqrt(size / volume) * reference
    elif units != 0.0:
        impact = impact_of(e, asset, units, tape.instruments, rules, position) * reference
        if impact < 0.0 and room < math.inf:
            impact = 0.0
    left = reference if units < 0.0 and reference < room else room
    if half_spread + slippage + impact > left:
        half_spread = min(half_spread, left)
        slippage = min(slippage, left - half_spread)
        impact = min(impact, left - half_spread - slippage)
    value = size * tape.instruments[asset].multiplier * fx_at(tape.terms, row, asset)
    spread_cost, slippage_cost, impact_cost = half_spread * value, slippage * value, impact * value
    friction = spread_cost + slippage_cost + impact_cost
    notional = reference * value + (friction if units > 0.0 else -friction)
    commission, fees = charged(
        e, units, notional, fx_at(tape.terms, row, asset), tape.instruments[asset].multiplier, tier, maker, filled_before,
        traded_before, charged_before, tape, rules,
    )  # fmt: skip
    return spread_cost, slippage_cost, impact_cost, commission, fees
