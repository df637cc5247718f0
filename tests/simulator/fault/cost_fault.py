"""Faults of costs and margins: spread, fees, impact, buying power, maintenance and closing by force."""

from .fault import Fault

__all__ = ["COST_FAULTS"]

COST_FAULTS = (
    Fault(
        "fills are on the wrong side of the spread",
        "simulator/friction.py",
        "half_spread = 0.5 * quoted * reference",
        "half_spread = -0.5 * quoted * reference",
    ),
    Fault(
        "the whole spread is paid, not half of it",
        "simulator/friction.py",
        "half_spread = 0.5 * quoted * reference",
        "half_spread = quoted * reference",
    ),
    Fault(
        "fees on sales are charged on purchases",
        "market/tariff.py",
        "    if units < 0.0:\n        per_unit",
        "    if units > 0.0:\n        per_unit",
    ),
    Fault(
        "a maker pays the rate of a taker",
        "simulator/friction.py",
        "rate = rules[e].maker_rate if maker else rules[e].fee_rate",
        "rate = rules[e].fee_rate",
    ),
    Fault(
        "a maker pays the taker's rate of the fee schedule",
        "market/tariff.py",
        "rate = tariff[row].maker_rate if maker else tariff[row].taker_rate",
        "rate = tariff[row].taker_rate",
    ),
    Fault(
        "every fill of an order pays its minimum again",
        "market/tariff.py",
        "commission -= charged_before",
        "commission -= 0.0",
    ),
    Fault(
        "a fee schedule holds before its date",
        "market/tariff.py",
        "if tariff[middle].from_at <= at:",
        "if tariff[middle].from_at <= at + 2 * DAY_NS:",
    ),
    Fault(
        "costs do not use up buying power",
        "simulator/power.py",
        "on_grid(abs(held + lots) - abs(held), lot) * scale + rules[e].max_leverage * costs",
        "on_grid(abs(held + lots) - abs(held), lot) * scale",
    ),
    Fault(
        "positions are closed by force at the point, not where the margin was gone",
        "simulator/liquidation.py",
        "share = first / (first - last)",
        "share = 1.0",
    ),
    Fault(
        "a gap beyond the margin is closed at the last close",
        "simulator/liquidation.py",
        "reference = price_on_the_way(row, a, here, share, tape, np.int64(position[e, a].path))",
        "reference = price_on_the_way(row, a, here, share, tape, np.int64(position[e, a].path))\n"
        "            if here == 0:\n"
        "                reference = position[e, a].mark",
    ),
    Fault(
        "margins are not looked at after the open",
        "simulator/step.py",
        "if account[e].n_open > 0 and rules[e].account >= REG_T:",
        "if account[e].n_open > 10**6 and rules[e].account >= REG_T:",
    ),
    Fault(
        "maintenance is reckoned without its deduction",
        "market/margin.py",
        "size * brackets[row].maintenance_rate - brackets[row].deduction",
        "size * brackets[row].maintenance_rate",
    ),
    Fault(
        "a position grows beyond the bracket of its leverage",
        "market/margin.py",
        "largest = brackets[row + 1].floor if row + 1 < end else math.inf",
        "largest = math.inf",
    ),
    Fault(
        "closing by force costs no fee",
        "market/margin.py",
        "amount = rules[e].liquidation_fee_rate * notional",
        "amount = 0.0 * notional",
    ),
    Fault(
        "an isolated position loses more than its margin",
        "market/margin.py",
        "if rules[e].account == ISOLATED and margin + profit - amount < 0.0:",
        "if rules[e].account == ISOLATED and margin + profit - amount < -math.inf:",
    ),
    Fault(
        "a position that shrinks keeps its margin",
        "market/margin.py",
        "position[e, asset].margin *= held / before",
        "position[e, asset].margin *= 1.0",
    ),
    Fault(
        "an order does not pay the displacement that those before it left",
        "market/displacement.py",
        "moved = position[e, asset].displacement + own",
        "moved = own",
    ),
    Fault(
        "an order pays all of its own lasting impact, not half",
        "market/displacement.py",
        "0.5 * rules[e].impact_permanent * size",
        "rules[e].impact_permanent * size",
    ),
    Fault(
        "impact grows with the size, not with its root",
        "simulator/friction.py",
        "math.sqrt(size / volume)",
        "(size / volume)",
    ),
    Fault(
        "the volume of yesterday does not count for the tier",
        "market/tariff.py",
        "for before in range(1, RING):",
        "for before in range(2, RING):",
    ),
    Fault(
        "commissions that are rounded up are rounded down",
        "market/tariff.py",
        "return float(np.ceil(exact) * step)",
        "return float(np.floor(exact) * step)",
    ),
    Fault(
        "working orders outlive a liquidation",
        "simulator/liquidation.py",
        "drop_orders(e, only, row, at, LIQUIDATED,",
        "drop_orders(e, 10**6, row, at, LIQUIDATED,",
    ),
    Fault(
        "what is set aside for one isolated position is lent to another",
        "simulator/power.py",
        " - position[e, a].margin\n",
        "\n",
    ),
    Fault(
        "shorts need as little maintenance as longs",
        "market/margin.py",
        "rules[e].maintenance_long if value > 0.0 else rules[e].maintenance_short",
        "rules[e].maintenance_long",
    ),
    Fault(
        "positions are marked without the displacement that they left",
        "market/displacement.py",
        "return float(price if tradable else position[e, asset].mark)\n"
        "    return float(price * (1.0 + position[e, asset].displacement))",
        "return float(price if tradable else position[e, asset].mark)\n    return float(price)",
    ),
    Fault(
        "a displacement has no end",
        "market/displacement.py",
        "max(LEAST, min(LARGEST, moved))",
        "moved",
        "tests/simulator/test_impact.py::test_a_displacement_has_bounds",
    ),
)
