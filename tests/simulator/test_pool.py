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


def test_a_cancel_gives_its_room_to_the_order_that_replaces(kit):
    desk = kit.Desk(kit.flat(100.0, 5), max_orders=1)
    desk.order(1, limit=90).step()
    desk.order(1, limit=91, cancel=True).step()
    assert desk.working == [2]
    assert desk.refused == {}
    # one that is still under way gives no room yet
    desk = kit.Desk([[(100,) * 4] * 2] * 5, max_orders=1, latency_ms=22 * 3_600_000)  # and one for each asset
    for lots in (1, 2, 3):
        desk.order(lots, limit=90).step()
    assert len(desk.working) == 3
    desk.order(4, limit=91, cancel=True).step()
    assert desk.refused == {"POOL_FULL": 1}


def test_the_rest_of_a_market_order_for_a_day_leaves_with_its_day(kit):
    # a quarter of 40 is 10 a bar, and each bar is a day
    desk = kit.Desk(kit.flat(10.0, 4), volume=40, participation=0.25)
    assert desk.order(25, tif="DAY").step() == [(0, 10, 10.0)]
    assert desk.step() == []
    assert desk.working == []


def test_inside_a_bar_an_order_takes_the_most_that_can_be_paid(kit):
    # impact 0.1 x sqrt(units / 100) of 90 a unit, met at arrival at 90: 9 units need 9 x 90 x 1.03 = 834.3, and 10 need 928.5
    impact = {"volume": 100, "impact_coefficient": 1.0, "impact_volatility": 0.1}
    desk = kit.Desk([(90,) * 4] * 3, cash=928.0, latency_ms=22 * 3_600_000, **impact)
    desk.order(1_000)
    assert desk.step() == [(0, 9, pytest.approx(90 * 1.03))]
    assert desk.refused == {"SCALED_CASH": 1}


def test_an_order_of_more_lots_than_can_be_counted_is_refused(kit):
    desk = kit.Desk(kit.flat(10.0, 6), allow_short=True)
    for lots in (-(2**63), 2**63 - 1, 2**60):
        assert desk.order(lots).step() == []
        assert desk.refused == {"BAD_ORDER": 1}


def test_paths_that_differ_by_rounding_alone_are_a_tie(kit):
    # impact takes the limit whole on both paths: 89.75 a unit, reached by sums that differ in the last bit
    bars = [(97.1, 97.1, 97.1, 97.1), (97.1, 98.3, 93.7, 95.9)]
    for latency in (21.4, 21.7, 22.3, 22.9, 23.3):
        desk = kit.Desk(bars, volume=7, impact_coefficient=9.0, cash=1e7, latency_ms=latency * 3_600_000)
        desk.order(77_013, limit=101.07).step()
        assert desk.fills["price"].tolist() == [pytest.approx(101.07)]
        assert desk.sim.position["path"][0, 0] == 0
