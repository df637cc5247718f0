"""When an order arrives: the open it can take, the path inside a bar, a later bar."""

import numpy as np
import pytest

# bars run from 9:00 to 12:00; a decision falls at 12:00, the next open is 21 hours later


def test_an_order_that_arrives_at_the_open_takes_it_and_a_nanosecond_later_does_not(kit):
    bars = [(100,) * 4, (100, 112, 88, 100)]
    on_time = kit.Desk(bars, latency_ms=21 * 3_600_000, path="olhc")
    assert on_time.order(1).step() == [(0, 1, 100.0)]
    late = kit.Desk(bars, path="olhc", latency_ms=1.0)
    late.sim.rules["latency_ns"] = 21 * kit.HOUR + 1
    # a nanosecond down the first leg, which loses 12 in an hour
    assert late.order(1).step()[0][2] == pytest.approx(100.0 - 12 / 3.6e12, abs=1e-9)
    assert late.fills["filled_at"][0] == late.tape.open_at[1] + 1


@pytest.mark.parametrize(("hours", "price"), [
    (0.5, 94.0),  # half-way from 100 to 88
    (1.0, 88.0),  # the low point
    (1.5, 100.0),  # half-way from 88 to 112
    (2.0, 112.0),
    (2.75, 103.0),  # three quarters from 112 to 100
])  # fmt: skip
def test_a_market_order_takes_the_path_price_at_its_arrival(kit, hours, price):
    desk = kit.Desk([(100,) * 4, (100, 112, 88, 100)], latency_ms=(21 + hours) * 3_600_000, path="olhc")
    assert desk.order(1).step() == [(0, 1, price)]
    assert desk.fills["filled_at"][0] == desk.tape.open_at[1] + round(hours * kit.HOUR)


def test_arriving_at_the_close_or_in_the_night_waits_for_the_next_open(kit):
    for hours in (24.0, 30.0):
        desk = kit.Desk([(100,) * 4, (100, 112, 88, 100), (105,) * 4], latency_ms=hours * 3_600_000)
        assert desk.order(1).step() == []
        assert desk.working == [1]
        assert desk.step() == [(0, 1, 105.0)]
        assert desk.working == []


def test_a_limit_that_arrives_inside_meets_only_the_rest_of_the_path(kit):
    # the low at 10:00 is gone when a limit at 90 arrives at 10:30; 112 is reached at 11:00
    bars = [(100,) * 4, (100, 112, 88, 100), (100,) * 4]
    desk = kit.Desk(bars, latency_ms=22.5 * 3_600_000, path="olhc")
    assert desk.order(1, limit=90).step() == []
    desk = kit.Desk(bars, latency_ms=22.5 * 3_600_000, path="olhc")
    # above the market on arrival: filled there and then at 100, better than its limit
    assert desk.order(1, limit=104).step() == [(0, 1, 100.0)]


def test_an_immediate_or_cancel_limit_has_one_look(kit):
    bars = [(100,) * 4, (100, 112, 88, 100), (80,) * 4]
    desk = kit.Desk(bars)
    assert desk.order(1, limit=95, tif="IOC").step() == []
    assert desk.working == []
    desk = kit.Desk(bars)
    assert desk.order(1, limit=101, tif="IOC").step() == [(0, 1, 100.0)]
    late = kit.Desk(bars, latency_ms=21.5 * 3_600_000, path="olhc")
    assert late.order(1, limit=93, tif="IOC").step() == []
    assert late.working == []


def test_a_cancel_travels_as_long_as_an_order(kit):
    # limit 90 rests from 9:30; its cancel of the next decision arrives at 9:30 of day 2, where the path passes 94
    bars = [(100,) * 4, (100, 101, 99, 100), (100, 112, 88, 100), (80,) * 4]
    desk = kit.Desk(bars, latency_ms=21.5 * 3_600_000, path="olhc")
    desk.order(1, limit=90).step()
    assert desk.working == [1]
    assert desk.order(0, cancel=True).step() == []
    assert desk.working == []
    # a limit at 95 is passed at 9:25, before the cancel comes
    desk = kit.Desk(bars, latency_ms=21.5 * 3_600_000, path="olhc")
    desk.order(1, limit=95).step()
    assert desk.order(0, cancel=True).step() == [(0, 1, 95.0)]


def test_adverse_looks_at_both_paths_for_a_market_order_inside_a_bar(kit):
    desk = kit.Desk([(100,) * 4, (100, 112, 88, 100)], latency_ms=21.5 * 3_600_000)
    # bought half-way up at 106 rather than half-way down at 94
    assert desk.order(1).step() == [(0, 1, 106.0)]


def test_a_longer_latency_never_uses_earlier_data(kit):
    times = []
    for hours in np.linspace(0, 60, 25):
        desk = kit.Desk([(100, 101, 99, 100)] * 5, latency_ms=hours * 3_600_000)
        desk.order(1)
        while not len(fills := desk.step()):
            pass
        assert len(fills) == 1
        assert desk.fills["filled_at"][0] >= desk.tape.close_at[0] + round(hours * kit.HOUR)
        times.append(int(desk.fills["filled_at"][0]))
    assert times == sorted(times)
