"""Both ledgers after each event that moves money, and each kernel against its own Python."""

import numpy as np
import pytest

from quantgym.market import displacement, ledger, margin
from quantgym.market.account import new_accounts
from quantgym.market.bracket import BRACKET
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.instrument import Instrument, instrument_records

HOUR = 3_600_000_000_000
RULES = rules_records(CostSettings(account="isolated", max_leverage=5.0, liquidation_fee_rate=0.01))


def world():
    account, position = new_accounts(1, 2)
    account["cash"] = account["initial_equity"] = account["equity"] = 1_000.0
    position["mark"], position["fx"] = [10.0, 20.0], [1.0, 1.5]
    instruments = instrument_records((Instrument(symbol="A", lot=0.5, multiplier=2.0), Instrument(symbol="B", lot=0.1)))
    return account, position, instruments


def fill(account, position, instruments, units, reference, fx, row=1, asset=0):
    ledger.settle(0, account, position, instruments, asset, units, reference, 0.1, 0.2, -0.3, 0.4, 0.5, fx, row)


EVENTS = {
    "fill": lambda w: fill(w[0], w[1], w[2], 2.0, 11.0, 1.25),
    "mark": lambda w: ledger.mark_to(0, *w, 1.5, 0, 13.0),
    "borrow": lambda w: ledger.accrue_borrow(0, *w, 1, 0.3, 48 * HOUR),
    "interest": lambda w: ledger.accrue_interest(0, *w, 0.06, 0.02, 48 * HOUR),
    "funding": lambda w: ledger.pay_funding(0, *w, 0, 0.001, 12.0, 1.25),
    "roll": lambda w: ledger.roll_position(0, *w, 0, -1.5, 0.3, 0.2, 0.1, 0.05, 40.0, 1.25),
    "split": lambda w: ledger.apply_split(0, *w, 0, 0.25),
    "dividend": lambda w: ledger.pay_dividend(0, w[0], w[1], 1, 0.5, 1.4),
    "liquidation": lambda w: ledger.charge_liquidation(0, w[0], 3.0),
    "insurance": lambda w: ledger.charge_liquidation(0, w[0], -3.0),
    "delisting": lambda w: fill(w[0], w[1], w[2], -5.0, 4.0, 1.25),
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_ledgers_agree_after_each_event(event, side):
    held = world()
    fill(*held, 5.0 * side, 10.0, 1.0)
    fill(*held, -3.0 * side, 20.0, 1.5, asset=1)
    before = held[0].copy()
    EVENTS[event](held)
    assert ledger.ledger_gap(*held)[0] < 1e-15
    ledger.check_ledgers(*held)
    if event != "borrow" or side > 0:  # shorts alone pay it
        assert held[0].tobytes() != before.tobytes()


def test_interest_by_hand():
    held = world()
    fill(*held, -20.0, 10.0, 1.0)
    # 2 x 20 x 10 = 400 more cash less charges; 400 of shorts: what is left is 1000 less 0.9
    held[0]["cash"] = 1_400.0 - 720.0
    ledger.accrue_interest(0, *held, 0.06, 0.036, 24 * HOUR)
    # 680 - 400 = 280 are free: 280 x 0.036 / 360
    assert held[0]["interest"][0] == pytest.approx(0.028)
    held[0]["cash"] = 0.0
    ledger.accrue_interest(0, *held, 0.06, 0.036, 24 * HOUR)
    # 400 are borrowed: 400 x 0.06 / 360
    assert held[0]["interest"][0] == pytest.approx(0.028 - 400 * 0.06 / 360)


def test_a_roll_by_hand():
    held = world()
    fill(*held, 5.0, 10.0, 1.0)
    cash = float(held[0]["cash"][0])
    ledger.roll_position(0, *held, 0, 1.5, 0.3, 0.2, 0.1, 0.05, 40.0, 1.0)
    # five units of two are 15 dearer, 0.65 of costs
    assert held[0]["cash"][0] == pytest.approx(cash - 15 - 0.65)
    assert held[1][0, 0]["mark"] == 11.5
    assert (held[0]["gross"][0], held[0]["traded_notional"][0]) == (0.0, pytest.approx(140.0))


def test_margin_is_set_aside_and_given_back():
    _, position, instruments = world()
    for before, after, reference, wanted in (
        (0.0, 5.0, 10.0, 30.0),  # 5 x 10 x 2 x 1.5 / 5
        (5.0, 7.0, 20.0, 54.0),  # and 2 x 20 x 2 x 1.5 / 5
        (7.0, 3.5, 99.0, 27.0),  # half of it
        (3.5, -1.0, 10.0, 6.0),  # anew: 1 x 10 x 2 x 1.5 / 5
        (-1.0, -2.0, 10.0, 12.0),
        (-2.0, 0.0, 10.0, 0.0),
    ):
        position["units"][0, 0] = after
        margin.set_aside(0, 0, before, reference, 1.5, instruments, RULES, position)
        assert position["margin"][0, 0] == pytest.approx(wanted)


def test_a_split_that_pays_out_a_part_gives_that_part_of_the_margin_back():
    account, position, instruments = world()
    fill(account, position, instruments, 5.0, 10.0, 1.0)
    position["margin"][0, 0] = 20.0
    # 5 x 0.25 are 1.25 units: 1 stays, a fifth is paid out
    ledger.apply_split(0, account, position, instruments, 0, 0.25)
    assert (position["units"][0, 0], position["margin"][0, 0]) == (1.0, 16.0)


def test_what_a_liquidation_costs():
    # 1 % of 500; margin 40 covers a loss of 30 and the fee
    assert margin.liquidation_charge(0, 40.0, -30.0, 500.0, RULES) == 5.0
    # of a loss of 38 only two are left for it
    assert margin.liquidation_charge(0, 40.0, -38.0, 500.0, RULES) == 2.0
    # 20 beyond the margin are the venue's
    assert margin.liquidation_charge(0, 40.0, -60.0, 500.0, RULES) == -20.0
    cross = rules_records(CostSettings(account="cross", max_leverage=5.0, liquidation_fee_rate=0.01))
    assert margin.liquidation_charge(0, 0.0, -60.0, 500.0, cross) == 5.0


def test_maintenance_has_no_step_at_a_floor():
    _, _, instruments = world()
    brackets = np.array([(0.0, 0.1, 0.0, 10.0), (1_000.0, 0.2, 100.0, 5.0)], BRACKET)
    instruments["bracket_count"][0] = 2
    values = [0.0, 500.0, 999.0, 1_000.0, 2_000.0, -2_000.0]
    found = [margin.maintenance(0, 0, value, instruments, brackets, RULES) for value in values]
    assert found == pytest.approx([0.0, 50.0, 99.9, 100.0, 300.0, 300.0])
    # without brackets by the rules: 0.5 %
    assert margin.maintenance(0, 1, -200.0, instruments, brackets, RULES) == 1.0
    assert margin.largest_value(0, 0, instruments, brackets, RULES) == np.inf


def test_every_kernel_equals_its_own_python_bit_for_bit():
    fading = rules_records(CostSettings(impact="transient", impact_volume=50.0, impact_permanent=0.03, impact_half_life_s=3_000.0))
    results = []
    for python in (False, True):
        draw = np.random.Generator(np.random.PCG64(4))
        account, position, instruments = (array.view(np.recarray) if python else array for array in world())
        instruments["liquidity"] = 50.0
        rules = fading.view(np.recarray) if python else fading
        isolated = RULES.view(np.recarray) if python else RULES

        def call(module, name, *arguments, python=python):
            function = getattr(module, name)
            return (function.py_func if python else function)(*arguments)

        seen = []
        for _ in range(200):
            units, price, fx = draw.integers(-9, 10) / 2 + 0.25, draw.uniform(5, 20), draw.uniform(0.5, 2)
            before = float(position["units"][0, 0])
            position["units"][0, 0] = units
            call(margin, "set_aside", 0, 0, before, price, fx, instruments, isolated, position)
            call(ledger, "accrue_interest", 0, account, position, instruments, 0.07, 0.01, int(draw.integers(1, 10**14)))
            call(ledger, "roll_position", 0, account, position, instruments, 0, draw.uniform(-1, 1), 0.1, 0.2, 0.3, 0.4, 5.0, fx)
            seen.append(call(displacement, "impact_of", 0, 0, units, instruments, rules, position))
            call(displacement, "displace", 0, 0, units, instruments, rules, position)
            call(displacement, "decay", 0, int(draw.integers(1, 10**13)), rules, position)
            seen.append(call(displacement, "displaced", 0, 0, price, rules, position))
        results.append((seen, account.tobytes(), position.tobytes()))
    assert results[0] == results[1]
