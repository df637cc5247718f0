"""Working orders: time in force, cancelling, participation, room, order of ids."""

import pytest


def test_good_till_cancelled_works_until_it_is_cancelled(kit):
    desk = kit.Desk(kit.flat(100.0, 6))
    desk.order(1, limit=90).step()
    desk.step()
    assert desk.working == [1]
    desk.order(0, cancel=True).step()
    assert desk.working == []
    assert desk.refused == {}


def test_cancel_and_replace_in_one_decision_keeps_the_new_order(kit):
    desk = kit.Desk(kit.flat(100.0, 4))
    desk.order(1, limit=90).step()
    desk.order(2, limit=91, cancel=True).step()
    assert desk.working == [2]


def test_a_cancel_is_for_the_orders_of_its_asset_alone(kit):
    desk = kit.Desk([[(100,) * 4] * 2] * 4)
    desk.order(1, asset=0, limit=90).order(1, asset=1, limit=90).step()
    desk.order(0, asset=0, cancel=True).step()
    assert desk.working == [2]


def test_a_day_order_works_on_its_day_only(kit):
    bars = [(100,) * 4, (100,) * 4, (100, 101, 89, 100)]
    desk = kit.Desk(bars)
    desk.order(1, limit=90, tif="DAY").step()
    assert desk.step() == []
    assert desk.working == []
    desk = kit.Desk(bars)
    desk.order(1, limit=90, tif="GTC").step()
    assert desk.step() == [(0, 1, 90.0)]


def test_a_full_pool_refuses_limits_but_not_market_orders(kit):
    desk = kit.Desk(kit.flat(100.0, 5), max_orders=1)
    desk.order(1, limit=90).step()
    desk.order(1, limit=91).step()
    assert desk.refused == {"POOL_FULL": 1}
    assert desk.order(1).step() == [(0, 1, 100.0)]
    assert desk.working == [1]


def test_volume_is_shared_by_all_orders_of_a_bar_and_the_rest_keeps_working(kit):
    # a quarter of 40 is 10 a bar
    desk = kit.Desk(kit.flat(10.0, 6), volume=40, participation=0.25)
    assert desk.order(25).step() == [(0, 10, 10.0)]
    assert desk.refused == {"PARTICIPATION": 1}
    assert desk.working == [1]
    # the rest has the smaller id and goes first; nothing is left for the new order
    assert desk.order(3).step() == [(0, 10, 10.0)]
    assert desk.refused == {"PARTICIPATION": 2}
    assert desk.step() == [(0, 5, 10.0), (0, 3, 10.0)]
    assert desk.fills["order_id"].tolist() == [1, 2]
    assert desk.working == []


def test_immediate_or_cancel_drops_the_rest_that_volume_cuts(kit):
    desk = kit.Desk(kit.flat(10.0, 4), volume=40, participation=0.25)
    assert desk.order(25, tif="IOC").step() == [(0, 10, 10.0)]
    assert desk.refused == {"PARTICIPATION": 1}
    assert desk.working == []


def test_a_stop_cut_by_volume_goes_on_as_a_market_order(kit):
    bars = [(100,) * 4, (100, 103, 99, 100), (95,) * 4, (95,) * 4]
    desk = kit.Desk(bars, volume=40, participation=0.1, cash=10_000.0)
    assert desk.order(6, stop=102).step() == [(0, 4, 102.0)]
    # far under the stop now, and still it is bought
    assert desk.step() == [(0, 2, 95.0)]


def test_where_nothing_traded_participation_fills_nothing(kit):
    desk = kit.Desk(kit.flat(10.0), volume=0, participation=0.5)
    assert desk.order(1, tif="IOC").step() == []
    assert desk.refused == {"PARTICIPATION": 1}


def test_a_rest_takes_its_place_by_id_among_orders_of_its_decision(kit):
    bars = [[(10,) * 4] * 2] * 6
    desk = kit.Desk(bars, volume=40, participation=0.25)
    desk.order(25, asset=0).order(1, asset=1, limit=9).step()
    assert desk.working == [1, 2]


def test_working_orders_keep_working_through_a_halt_and_honour_the_gap(kit):
    bars = [(100,) * 4, (100,) * 4, (0,) * 4, (80, 81, 79, 80)]
    desk = kit.Desk(bars, halted=[(2, 0)])
    desk.order(1, limit=90).step()
    assert desk.step() == []
    assert desk.sim.position["mark"][0, 0] == 100.0
    assert desk.step() == [(0, 1, 80.0)]


def test_a_market_order_in_flight_is_refused_where_it_arrives_in_a_halt(kit):
    desk = kit.Desk(kit.flat(100.0, 4), halted=[(1, 0)], latency_ms=21.5 * 3_600_000)
    assert desk.order(1).step() == []
    assert desk.refused == {"NOT_TRADABLE": 1}
    assert desk.working == []


def test_a_buy_that_cash_cannot_pay_leaves_the_pool(kit):
    desk = kit.Desk([(100,) * 4, (100, 101, 89, 100), (100,) * 4], cash=250.0)
    assert desk.order(3, limit=90).step() == [(0, 2, 90.0)]
    assert desk.refused == {"SCALED_CASH": 1}
    assert desk.working == []


def test_orders_at_one_point_go_by_reducing_then_id(kit):
    # two buys and a sell are all met on the first leg down of an O-L-H-C bar
    desk = kit.Desk([(100,) * 4, (100,) * 4, (100,) * 4, (100,) * 4, (100, 100, 90, 95)], path="olhc", cash=10_000.0)
    desk.order(10).step()
    desk.order(2, limit=92).step()
    desk.order(3, limit=98).step()
    fills = desk.order(-4, stop=95).step()
    assert fills == [(0, -4, 95.0), (0, 2, 92.0), (0, 3, 98.0)]
    # and each knows when the path reached its price
    times = desk.fills["filled_at"] - desk.tape.open_at[4]
    assert (times / kit.HOUR).tolist() == pytest.approx([0.5, 0.8, 0.2])
