"""What a fill costs beyond its reference price: spread, slippage, impact and commission."""

import math

import numpy as np

from ..market.kernel import kernel
from .arrays import TapeArrays
from .path import fx_at

__all__ = ["frictions"]


@kernel(inline=True)
def frictions(
    e: int,
    row: int,
    asset: int,
    units: float,  # signed
    reference: float,
    room: float,  # what a limit leaves between itself and the reference, per unit; inf: no limit
    tape: TapeArrays,
    rules: np.ndarray,
) -> tuple[float, float, float, float]:
    """-> costs of the whole fill in account currency: spread, slippage, impact, commission.

    Impact is the square-root law; source: Toth et al. 2011, Phys. Rev. X 1, 021006, eq. 1.
    """
    size = abs(units)
    half_spread = rules[e].half_spread_rate * reference
    if tape.terms.shape[0] > 0:
        quoted = tape.terms[row, asset].spread
        if not math.isnan(quoted):
            half_spread = 0.5 * quoted * reference
    slippage = rules[e].slippage_rate * reference
    impact = 0.0
    volume = tape.bars[row, asset].volume * tape.instruments[asset].volume_known
    if rules[e].impact_rate > 0.0 and volume > 0.0:
        impact = rules[e].impact_rate * math.sqrt(size / volume) * reference
    left = reference if units < 0.0 and reference < room else room
    if half_spread + slippage + impact > left:
        half_spread = min(half_spread, left)
        slippage = min(slippage, left - half_spread)
        impact = min(impact, left - half_spread - slippage)
    value = size * tape.instruments[asset].multiplier * fx_at(tape.terms, row, asset)
    spread_cost, slippage_cost, impact_cost = half_spread * value, slippage * value, impact * value
    friction = spread_cost + slippage_cost + impact_cost
    notional = reference * value + (friction if units > 0.0 else -friction)
    commission = rules[e].fee_rate * abs(notional) + rules[e].fee_per_unit * size
    return spread_cost, slippage_cost, impact_cost, commission
