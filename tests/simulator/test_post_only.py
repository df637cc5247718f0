"""Post-only orders, and who makes liquidity and who takes it."""

import pytest

FLAT = (100,) * 4


def test_one_that_would_fill_at_the_open_is_refused(kit):
    desk = kit.Desk([FLAT] * 5)
    assert desk.ticket(1, kind="LIMIT", limit=101, post_only=1).step() == []
    assert desk.refused == {"POST_ONLY": 1}
    assert desk.working == []
    # at the limit itself only where a touch fills
    desk.ticket(1, kind="LIMIT", limit=100, post_only=1).step()
    assert desk.working == [2]
    touching = kit.Desk([FLAT] * 3, limit_touch=True)
    touching.ticket(1, kind="LIMIT", limit=100, post_only=1).step()
    assert touching.refused == {"POST_ONLY": 1}


def test_one_that_waits_fills_later_and_makes_liquidity(kit):
    desk = kit.Desk([FLAT, (100, 101, 98, 100)], path="olhc", fee_rate=0.01, maker_fee_rate=-0.001)
    assert desk.ticket(1, kind="LIMIT", limit=99, post_only=1).step() == [(0, 1, 99.0)]
    assert (desk.fills["maker"][0], desk.fills["commission"][0]) == (1, pytest.approx(-0.099))


def test_it_also_makes_liquidity_at_a_gap(kit):
    desk = kit.Desk([FLAT, FLAT, (90,) * 4])
    desk.ticket(1, kind="LIMIT", limit=95, post_only=1).step()
    assert desk.step() == [(0, 1, 90.0)]
    assert desk.fills["maker"][0] == 1


def test_inside_a_bar_its_first_look_is_the_price_at_its_arrival(kit):
    # arrives at 9:30 at 94; 93 is passed later
    bars, late = [FLAT, (100, 112, 88, 100)], {"latency_ms": 21.5 * 3_600_000, "path": "olhc"}
    desk = kit.Desk(bars, **late)
    assert desk.ticket(1, kind="LIMIT", limit=95, post_only=1).step() == []
    assert desk.refused == {"POST_ONLY": 1}
    assert kit.Desk(bars, **late).ticket(1, kind="LIMIT", limit=93, post_only=1).step() == [(0, 1, 93.0)]


def test_a_child_looks_first_where_it_is_armed(kit):
    # bought at the open; the target of 99 would fill at once
    desk = kit.Desk([FLAT] * 4)
    desk.ticket(1).ticket(-1, kind="LIMIT", limit=99, post_only=1, parent=1, arm_delay=0).step()
    assert desk.refused == {"POST_ONLY": 1}


def test_its_first_look_waits_for_the_end_of_a_halt(kit):
    desk = kit.Desk([FLAT, FLAT, (90,) * 4], halted=[(1, 0)])
    desk.ticket(1, kind="LIMIT", limit=95, post_only=1).step()
    assert desk.refused == {}
    desk.step()
    assert desk.refused == {"POST_ONLY": 1}


@pytest.mark.parametrize(("limit", "bar", "maker"), [
    (101, FLAT, 0),  # the open is its first look
    (99, (100, 101, 98, 100), 1),
    (100, (100, 101, 98, 100), 1),  # open == limit is no fill; what comes after it is
])  # fmt: skip
def test_a_limit_takes_at_its_first_look_only(kit, limit, bar, maker):
    desk = kit.Desk([FLAT, bar], path="olhc")
    assert len(desk.order(1, limit=limit).step()) == 1
    assert desk.fills["maker"][0] == maker


def test_what_volume_left_at_the_first_look_makes_liquidity_later(kit):
    desk = kit.Desk([(10,) * 4] * 4, volume=16, participation=0.25)
    assert desk.order(6, limit=11).step() == [(0, 4, 10.0)]
    assert desk.fills["maker"][0] == 0
    assert desk.step() == [(0, 2, 10.0)]
    assert desk.fills["maker"][0] == 1


def test_market_orders_and_stops_take(kit):
    desk = kit.Desk([FLAT, FLAT, (100, 103, 99, 100)], cash=10_000.0)
    desk.ticket(1).step()
    desk.ticket(1, kind="STOP", stop=102).ticket(-1, kind="STOP", stop=99.5).step()
    assert desk.fills["maker"].tolist() == [0, 0]


@pytest.mark.parametrize("wrong", [{}, {"kind": "STOP", "stop": 101}, {"kind": "STOP_LIMIT", "stop": 101, "limit": 102},
                                   {"kind": "LIMIT", "limit": 90, "tif": "IOC"}, {"kind": "LIMIT", "limit": 90, "tif": "FOK"},
                                   {"kind": "LIMIT", "limit": 90, "tif": "AT_CLOSE"}])  # fmt: skip
def test_post_only_goes_with_limits_that_may_wait(kit, wrong):
    desk = kit.Desk([FLAT] * 3)
    desk.ticket(1, post_only=1, **wrong).step()
    assert desk.refused == {"BAD_ORDER": 1}
