"""Each kernel of the two ledgers, by hand and against its own Python."""

import numpy as np
import pytest

from quantgym.market import ledger
from quantgym.market.account import new_accounts
from quantgym.market.errors import IntegrityError, ShapeError
from quantgym.market.instrument import Instrument, instrument_records
from quantgym.market.kernel import compiled, constant

HOUR = 3_600_000_000_000


def world(*, cash=1_000.0, units=0.0, mark=10.0, lot=1.0, multiplier=1.0, n_assets=1):
    account, position = new_accounts(1, n_assets)
    account["cash"] = cash - units * mark * multiplier
    account["initial_equity"] = account["equity"] = cash
    position["mark"] = mark
    if units:
        position["units"][:, 0], position["average_price"][:, 0], account["n_open"] = units, mark, 1
        position["opened_row"][:, 0] = account["trade_row"] = 0
    instruments = [Instrument(symbol=f"S{a}", lot=lot, multiplier=multiplier) for a in range(n_assets)]
    return account, position, instrument_records(tuple(instruments))


def fill(account, position, instruments, units, reference, *costs, row=1):
    spread, slippage, impact, commission, fees = costs or (0.0,) * 5
    return ledger.settle(
        0, account, position, instruments, 0, units, reference, spread, slippage, impact, commission, fees, 1.0, row
    )  # fmt: skip


def test_a_fill_moves_cash_units_and_every_line_it_costs():
    account, position, instruments = world()
    price = fill(account, position, instruments, 4.0, 10.0, 0.4, 0.8, 1.2, 3.0, 0.5)
    # 2.4 of friction on 4 units is 0.6 a unit; 42.4 paid and 3.5 of charges
    assert price == pytest.approx(10.6)
    assert account[0]["cash"] == pytest.approx(1_000 - 42.4 - 3.5)
    assert [account[0][name] for name in ("spread", "slippage", "impact", "commission", "fees")] == [0.4, 0.8, 1.2, 3.0, 0.5]
    assert account[0]["gross"] == 0.0
    assert account[0]["traded_notional"] == pytest.approx(42.4)
    assert (position[0, 0]["units"], position[0, 0]["opened_row"], account[0]["n_open"]) == (4.0, 1, 1)
    ledger.check_ledgers(account, position, instruments)


def test_a_fill_away_from_the_mark_is_gross_profit_or_loss():
    account, position, instruments = world(mark=12.0)
    fill(account, position, instruments, 5.0, 10.0)
    assert account[0]["gross"] == 10.0
    assert ledger.equity_by_cash(0, account, position, instruments) == 1_010.0 == ledger.equity_by_attribution(0, account)


def test_adding_averages_and_reducing_realises():
    account, position, instruments = world()
    fill(account, position, instruments, 2.0, 10.0)
    fill(account, position, instruments, 6.0, 14.0, row=2)
    assert position[0, 0]["average_price"] == 13.0
    fill(account, position, instruments, -3.0, 15.0, row=3)
    assert (position[0, 0]["realised"], position[0, 0]["average_price"], position[0, 0]["opened_row"]) == (6.0, 13.0, 1)
    # through zero: five long units end at +2 each, one short begins at 15
    fill(account, position, instruments, -6.0, 15.0, row=4)
    assert (position[0, 0]["realised"], position[0, 0]["average_price"], position[0, 0]["opened_row"]) == (16.0, 15.0, 4)
    fill(account, position, instruments, 1.0, 15.0, row=5)
    assert (position[0, 0]["units"], position[0, 0]["opened_row"], account[0]["trade_row"]) == (0.0, -1, -1)
    ledger.check_ledgers(account, position, instruments)


def test_the_trade_lasts_until_the_last_position_is_flat():
    account, position, instruments = world(n_assets=2)
    for asset, units, row in ((0, 1.0, 3), (1, 1.0, 5), (0, -1.0, 7)):
        ledger.settle(0, account, position, instruments, asset, units, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, row)
    assert (account[0]["trade_row"], account[0]["n_open"]) == (3, 1)
    ledger.settle(0, account, position, instruments, 1, -1.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 9)
    assert (account[0]["trade_row"], account[0]["n_open"]) == (-1, 0)


def test_marking_a_position_is_gross_profit_in_the_accounts_currency():
    account, position, instruments = world(units=3.0, multiplier=10.0)
    ledger.mark_to(0, account, position, instruments, 1.5, 0, 12.0)
    # 3 x 10 x (12 x 1.5 - 10 x 1)
    assert account[0]["gross"] == 240.0
    assert ledger.equity_by_cash(0, account, position, instruments) == 1_240.0


def test_a_dividend_is_received_by_longs_and_owed_by_shorts():
    for units, amount in ((4.0, 3.0), (-4.0, -3.0)):
        account, position, instruments = world(units=units)
        ledger.pay_dividend(0, account, position, 0, 0.5, 1.5)
        assert account[0]["dividends"] == amount
        ledger.check_ledgers(account, position, instruments)


def test_funding_and_borrow_are_charged_on_the_mark():
    account, position, instruments = world(units=-4.0)
    ledger.pay_funding(0, account, position, instruments, 0, 0.01, 10.0, 1.0)
    assert account[0]["funding"] == pytest.approx(0.4)
    # 40 short at 36.5 % a year over two days: 40 x 0.365 x 2 / 365
    ledger.accrue_borrow(0, account, position, instruments, 0, 0.365, 48 * HOUR)
    assert account[0]["borrow"] == pytest.approx(0.08)
    ledger.check_ledgers(account, position, instruments)


def test_longs_borrow_nothing():
    account, position, instruments = world(units=4.0)
    ledger.accrue_borrow(0, account, position, instruments, 0, 0.365, 48 * HOUR)
    assert account[0]["borrow"] == 0.0


def test_a_split_keeps_the_value_and_pays_the_fraction():
    account, position, instruments = world(units=7.0, mark=10.0)
    ledger.apply_split(0, account, position, instruments, 0, 0.5)
    # 3.5 at 20: three stay, half a unit is 10
    assert (position[0, 0]["units"], position[0, 0]["mark"], position[0, 0]["average_price"]) == (3.0, 20.0, 20.0)
    assert account[0]["cash"] == 940.0
    assert ledger.equity_by_cash(0, account, position, instruments) == 1_000.0


def test_a_reverse_split_can_pay_out_the_whole_position():
    account, position, instruments = world(units=3.0, mark=1.0)
    ledger.apply_split(0, account, position, instruments, 0, 0.1)
    assert (position[0, 0]["units"], account[0]["n_open"], account[0]["trade_row"]) == (0.0, 0, -1)
    assert account[0]["cash"] == pytest.approx(1_000.0)


def test_every_kernel_equals_its_own_python_bit_for_bit(monkeypatch):
    generator = np.random.Generator(np.random.PCG64(0))
    compiled, plain = world(multiplier=3.0, lot=0.1), world(multiplier=3.0, lot=0.1)
    plain = tuple(array.view(np.recarray) for array in plain)
    for ratio in (2.0, 0.5) * 150:
        units, reference, fx = on_lot(generator), generator.uniform(1, 50), generator.uniform(0.5, 2)
        costs = generator.uniform(0, 1, 5).tolist()
        rate, price = generator.uniform(0, 0.1), generator.uniform(1, 50)
        results = []
        for python, (account, position, instruments) in ((False, compiled), (True, plain)):
            def call(name, *arguments, python=python):
                function = getattr(ledger, name)
                return (function.py_func if python else function)(*arguments)

            results.append([
                call("settle", 0, account, position, instruments, 0, units, reference, *costs, fx, 2),
                call("mark_to", 0, account, position, instruments, fx, 0, price),
                call("pay_dividend", 0, account, position, 0, rate, fx),
                call("pay_funding", 0, account, position, instruments, 0, rate, price, fx),
                call("accrue_borrow", 0, account, position, instruments, 0, rate, 5 * HOUR),
                call("apply_split", 0, account, position, instruments, 0, ratio),
                call("equity_by_cash", 0, account, position, instruments),
                call("equity_by_attribution", 0, account),
            ])  # fmt: skip
        assert results[0] == results[1]
    assert [array.tobytes() for array in compiled] == [array.tobytes() for array in plain]
    ledger.check_ledgers(*compiled)


def on_lot(generator):
    return float(generator.integers(1, 90)) / 10 * float(generator.choice([-1, 1]))


def test_ledgers_that_differ_are_found_by_account():
    account, position = new_accounts(3, 1)
    account["cash"] = account["initial_equity"] = 1_000.0
    instruments = instrument_records((Instrument(symbol="A"),))
    ledger.check_ledgers(account, position, instruments)
    account["cash"][1] += 1e-5
    with pytest.raises(IntegrityError, match="1 of 3 accounts differ"):
        ledger.check_ledgers(account, position, instruments)
    account["cash"][1] = np.nan
    with pytest.raises(IntegrityError, match="first account 1 by nan"):
        ledger.check_ledgers(account, position, instruments)


def test_records_that_do_not_belong_together_are_refused():
    account, position, instruments = world(n_assets=2)
    with pytest.raises(ShapeError, match=r"must have shape \(n_envs, n_assets\) = \(1, 2\), was \(1, 1\)"):
        ledger.check_ledgers(account, position[:, :1], instruments)


def test_a_constant_is_not_a_literal_to_numba():
    assert isinstance(constant(3), np.int64)
    assert isinstance(constant(True), np.bool_)


def test_a_compiled_kernel_does_what_the_kernel_does():
    account, position, instruments = world()
    arguments = (0, account, position, instruments, 1.25, 0, 12.0)
    compiled(ledger.mark_to, *arguments)(*arguments)
    assert (position["mark"][0, 0], position["fx"][0, 0]) == (12.0, 1.25)
