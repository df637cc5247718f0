"""Splits, dividends, borrow, funding and currency, before anyone trades."""

import math

import pytest


def test_a_split_rescales_position_mark_and_average_and_moves_no_money(kit):
    bars = [(100,) * 4, (100,) * 4, (26, 27, 25, 26)]
    desk = kit.Desk(bars, terms={"split": [[1.0], [1.0], [4.0]]}, cash=10_000.0)
    desk.order(10).step()
    desk.step()
    position = desk.sim.position[0, 0]
    assert (position["units"], position["average_price"], position["mark"]) == (40.0, 25.0, 26.0)
    # 40 x (26 - 25)
    assert desk.account["equity"] == 10_040.0


def test_a_split_rescales_the_intent_that_was_decided_before_it(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (25,) * 4], terms={"split": [[1.0], [1.0], [4.0]]}, cash=10_000.0)
    desk.order(10).step()
    # close all ten of the evening are forty of the morning
    assert desk.order(-10).step() == [(0, -40, 25.0)]
    assert desk.refused == {}


def test_a_split_rescales_working_orders_and_never_makes_a_limit_more_generous(kit):
    bars = [(100,) * 4, (100,) * 4, (33, 34, 33, 33.5), (33, 33.5, 29.99, 32)]
    desk = kit.Desk(bars, terms={"split": [[1.0], [1.0], [3.0], [1.0]]}, cash=10_000.0, path="olhc")
    desk.order(5, limit=90.01).step()
    desk.step()
    order = desk.sim.orders[0, 0]
    # 90.01 / 3 = 30.00333, down to 30.00; 5 x 3
    assert (order["lots"], order["price_ticks"]) == (15, 3000)
    assert desk.step() == [(0, 15, 30.0)]


def test_the_part_of_a_lot_that_a_reverse_split_leaves_is_paid_in_cash(kit):
    desk = kit.Desk([(10,) * 4, (10,) * 4, (100,) * 4], terms={"split": [[1.0], [1.0], [0.1]]})
    desk.order(25).step()
    desk.step()
    # 2.5 new units: 2 stay, half a unit at 100 is paid
    assert desk.units == [2.0]
    assert desk.account["cash"] == pytest.approx(1_000 - 250 + 50)
    assert desk.account["equity"] == pytest.approx(1_000.0)


def test_a_dividend_goes_to_whoever_held_before_the_open(kit):
    bars = [(100,) * 4, (100,) * 4, (98,) * 4, (98,) * 4]
    terms = {"dividend": [[0.0], [0.0], [2.0], [0.0]]}
    held = kit.Desk(bars, terms=terms, cash=10_000.0)
    held.order(10).step()
    held.order(-10).step()
    assert held.sim.record["dividends"][0] == 20.0
    assert held.account["equity"] == 10_000.0
    late = kit.Desk(bars, terms=terms, cash=10_000.0)
    late.step()
    late.order(10).step()
    assert late.account["dividends"] == 0.0


def test_a_short_owes_the_dividend(kit):
    bars = [(100,) * 4, (100,) * 4, (100,) * 4]
    desk = kit.Desk(bars, terms={"dividend": [[0.0], [0.0], [2.0]]}, allow_short=True, cash=10_000.0)
    desk.order(-10).step()
    desk.step()
    assert desk.sim.record["dividends"][0] == -20.0


def test_borrow_is_charged_by_calendar_days_on_what_is_held_short(kit):
    desk = kit.Desk(kit.flat(100.0, 4), allow_short=True, cash=10_000.0, borrow_rate=0.0365)
    desk.order(-10).step()
    assert desk.sim.record["borrow"][0] == 0.0
    # a day of 3.65 % a year on 1000 is 0.1, close to close, also on the day it is bought back
    desk.step()
    assert desk.sim.record["borrow"][0] == pytest.approx(0.1)
    desk.order(10).step()
    assert desk.sim.record["borrow"][0] == pytest.approx(0.1)
    assert desk.account["borrow"] == pytest.approx(0.2)


def test_a_short_pays_borrow_also_after_shorts_were_forbidden(kit):
    desk = kit.Desk(kit.flat(100.0), allow_short=True, cash=10_000.0, borrow_rate=0.0365)
    desk.order(-10).step()
    desk.sim.rules["allow_short"] = 0
    desk.step()
    assert desk.sim.record["borrow"][0] == pytest.approx(0.1)


def test_the_tapes_borrow_rate_goes_before_the_rules(kit):
    terms = {"borrow_rate": [[math.nan], [math.nan], [0.365]]}
    desk = kit.Desk(kit.flat(100.0), terms=terms, allow_short=True, cash=10_000.0, borrow_rate=0.0365)
    desk.order(-10).step()
    desk.step()
    assert desk.sim.record["borrow"][0] == pytest.approx(1.0)


def test_longs_pay_funding_on_the_mark_and_shorts_receive_it(kit):
    terms = {"funding_rate": [[0.0], [0.01], [0.001]]}
    for lots, paid in ((10, -1.0), (-10, 1.0)):
        desk = kit.Desk(kit.flat(100.0), terms=terms, allow_short=True, cash=10_000.0)
        # the rate of row 1 finds no position open at its boundary
        desk.order(lots).step()
        assert desk.sim.record["funding"][0] == 0.0
        desk.step()
        assert desk.sim.record["funding"][0] == pytest.approx(paid)


def test_money_converts_at_the_tapes_rate_and_a_change_of_it_is_profit(kit):
    desk = kit.Desk(kit.flat(100.0), terms={"fx": [[1.0], [1.25], [1.5]]}, fee_rate=0.01)
    desk.order(4).step()
    # 4 x 100 x 1.25 = 500 paid, fee 5
    assert desk.account["cash"] == pytest.approx(495.0)
    assert desk.account["equity"] == pytest.approx(995.0)
    desk.step()
    assert desk.account["equity"] == pytest.approx(1_095.0)
    assert desk.sim.record["gross"][0] == pytest.approx(100.0)


def test_an_order_that_a_split_leaves_no_lot_of_is_counted_and_has_its_id(kit):
    desk = kit.Desk([[(10,) * 4] * 2, [(100,) * 4] * 2, [(100,) * 4] * 2], terms={"split": [[1.0, 1.0], [0.1, 1.0], [1.0, 1.0]]})
    desk.order(5, asset=0, limit=9).order(1, asset=1)
    ids = desk.sim.order_ids().tolist()
    desk.step()
    assert ids == [1, 2]
    assert desk.fills["order_id"].tolist() == [2]
    assert desk.refused == {"BELOW_MINIMUM": 1}


def test_what_is_left_of_a_working_order_is_split_towards_zero(kit):
    # 10 of 11 were bought; half of the one that is left is no lot
    terms = {"split": [[1.0], [1.0], [0.5], [1.0]]}
    desk = kit.Desk([(10,) * 4, (10,) * 4, (20,) * 4, (20,) * 4], volume=40, participation=0.25, terms=terms)
    assert desk.order(11).step() == [(0, 10, 10.0)]
    assert desk.step() == []
    assert desk.refused == {"BELOW_MINIMUM": 1}
    assert desk.working == []


def test_a_split_rounds_the_prices_of_an_intent_as_those_of_a_working_order(kit):
    # 21 ticks by a split of 0.7 are 30 ticks, in floats 30.000000000000004
    desk = kit.Desk([(0.1,) * 4] * 3, terms={"split": [[1.0], [0.7], [1.0]]}, allow_short=True)
    desk.order(-10, limit=0.21).step()
    assert desk.sim.orders[0, 0]["price_ticks"] == 30


@pytest.mark.parametrize("held", [0, -5])
def test_a_ticket_of_more_lots_than_can_be_counted_is_refused_after_a_split_too(kit, held):
    bars = [(10,) * 4, (10,) * 4, (5,) * 4, (5,) * 4]
    desk = kit.Desk(bars, terms={"split": [[1.0], [1.0], [2.0], [1.0]]}, allow_short=True)
    desk.order(held).step()
    # twice 2^60 is no number of lots, with the ten sold after the split or without
    desk.ticket(2**60, kind="LIMIT", limit=1).ticket(-(2**60), kind="LIMIT", limit=99).step()
    assert desk.refused == {"BAD_ORDER": 2}
    assert desk.working == []
