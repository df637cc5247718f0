"""Trailing stops: behind the best price seen, by ticks or by a rate, moved on completed path points."""

import pytest

LONG = 10


def held(kit, bars, **settings):
    """A desk long ten units from the open of row 1 on."""
    desk = kit.Desk([(100,) * 4, (100,) * 4, *bars], cash=10_000.0, **{"path": "olhc", **settings})
    desk.order(LONG).step()
    return desk


def stop_of(desk):
    return int(desk.sim.orders[0, 0]["stop_ticks"])


def test_it_stands_behind_the_price_at_its_arrival_and_follows_the_high(kit):
    desk = held(kit, [(100, 104, 99, 103), (103, 103, 98.5, 99)])
    assert desk.ticket(-LONG, kind="TRAILING_STOP", trail=5).step() == []
    # open 100: 95; high 104: 99, which the close of 103 does not move
    assert stop_of(desk) == 9_900
    assert desk.step() == [(0, -LONG, 99.0)]
    assert desk.fills["kind"][0] == 4


def test_a_point_moves_it_only_when_it_is_completed(kit):
    # O-H-L-C: high 104 moves it to 99, then the low of 98.5 touches it; O-L-H-C: 98.5 is over the 95 that stands then
    bar = [(100, 104, 98.5, 103)]
    first = held(kit, bar, path="ohlc")
    assert first.ticket(-LONG, kind="TRAILING_STOP", trail=5).step() == [(0, -LONG, 99.0)]
    second = held(kit, bar, path="olhc")
    assert second.ticket(-LONG, kind="TRAILING_STOP", trail=5).step() == []
    adverse = held(kit, bar, path="adverse")
    assert adverse.ticket(-LONG, kind="TRAILING_STOP", trail=5).step() == [(0, -LONG, 99.0)]
    # sold at 99 or held to 103
    assert adverse.sim.record["path_gap"][0] == 40.0


def test_a_rate_is_a_fraction_of_the_best_price_rounded_no_earlier(kit):
    # 0.3 of 100.37 is 30.111: 70.259 is rounded down for a sale; 130.481 up for a purchase
    desk = kit.Desk([(100.37,) * 4] * 3, allow_short=True, cash=10_000.0)
    desk.ticket(-1, kind="TRAILING_STOP", rate=0.3).ticket(1, kind="TRAILING_STOP", rate=0.3).step()
    assert desk.sim.orders[0]["stop_ticks"][:2].tolist() == [7_025, 13_049]


def test_a_purchase_follows_the_low_down(kit):
    desk = kit.Desk([(100,) * 4, (100, 101, 90, 91), (91, 96, 91, 95)], path="ohlc", cash=10_000.0)
    assert desk.ticket(5, kind="TRAILING_STOP", trail=5).step() == []
    assert stop_of(desk) == 9_500
    assert desk.step() == [(0, 5, 95.0)]


def test_a_gap_through_it_fills_at_the_open(kit):
    desk = held(kit, [(100,) * 4, (90, 91, 89, 90)])
    desk.ticket(-LONG, kind="TRAILING_STOP", trail=5).step()
    assert desk.step() == [(0, -LONG, 90.0)]


def test_it_is_not_touched_at_the_price_that_it_sees_first(kit):
    # one tick at least: behind 0.03 by 0.05 it stands at 0.01, and 0.01 is also the first price that the second one sees
    desk = kit.Desk([(0.03,) * 4] * 4, allow_short=True, cash=10.0)
    assert desk.ticket(-1, kind="TRAILING_STOP", trail=0.05).step() == []
    assert stop_of(desk) == 1
    desk = kit.Desk([(0.01,) * 4] * 4, allow_short=True, cash=10.0, path="olhc")
    # not at the open, but at the next point of the path
    assert desk.ticket(-1, kind="TRAILING_STOP", trail=0.05).step() == [(0, -1, 0.01)]
    assert desk.fills["filled_at"][0] == desk.tape.open_at[1]


def test_inside_a_bar_it_begins_at_the_path_price_of_its_arrival(kit):
    # O-L-H-C 100, 88, 112, 100: arrives at 11:30 at 106; 104 is reached a sixth of the bar's last hour later
    desk = kit.Desk([(100,) * 4, (100, 112, 88, 100)], latency_ms=23.5 * 3_600_000, path="olhc", allow_short=True)
    assert desk.ticket(-1, kind="TRAILING_STOP", trail=2).step() == [(0, -1, 104.0)]


def test_an_intent_trails_by_the_ticks_of_its_stop(kit):
    desk = held(kit, [(100, 104, 99, 103), (103, 103, 98.5, 99)])
    desk.sim.intents["lots"], desk.sim.intents["kind"], desk.sim.intents["stop_ticks"] = -LONG, 4, 500
    assert desk.step() == []
    assert desk.step() == [(0, -LONG, 99.0)]


def test_a_split_rescales_where_it_stands_and_its_distance(kit):
    bars = [(100,) * 4, (50, 50, 47.6, 48)]
    desk = held(kit, bars, terms={"split": [[1.0], [1.0], [1.0], [2.0]]})
    desk.ticket(-LONG, kind="TRAILING_STOP", trail=5).step()
    # two for one: 95 becomes 47.5, ten lots twenty
    assert desk.step() == []
    assert (stop_of(desk), int(desk.sim.orders[0, 0]["trail_ticks"]), int(desk.sim.orders[0, 0]["lots"])) == (4_750, 250, -20)


@pytest.mark.parametrize("wrong", [{}, {"trail": -1}, {"rate": 1.0}, {"rate": -0.1}, {"rate": float("nan")},
                                   {"trail": -1, "rate": 0.1}])  # fmt: skip
def test_a_distance_that_is_none_is_refused(kit, wrong):
    desk = kit.Desk(kit.flat(100.0))
    desk.ticket(1, kind="TRAILING_STOP", **wrong).step()
    assert desk.refused == {"BAD_PRICE": 1}
