"""Stop-limit orders: touched like a stop, and from that price on a limit order. O-L-H-C unless it says otherwise."""

import pytest

# what a buy of 5 with a stop and a limit does in one bar: price, maker, what works on
BARS = [
    (102, 103, (100, 105, 99, 104), 102, False, "touched at 102 on the way up, which is under its limit"),
    (102, 101, (100, 105, 99, 104), None, False, "touched at 102, over its limit, and the path only rises"),
    (102, 101, (100, 105, 99, 100), 101, True, "touched on the way up, filled on the way down: it made liquidity"),
    (102, 102, (100, 105, 99, 104), None, False, "touched at its limit: we are last in the queue"),
    (102, 103, (102, 105, 99, 104), 102, False, "open == stop, under the limit"),
    (102, 103, (104, 105, 103.5, 104), None, False, "a gap through both: it rests at its limit"),
    (102, 104.5, (104, 105, 103.5, 104), 104, False, "a gap through the stop alone: at the open"),
    (106, 107, (100, 105, 99, 104), None, False, "never touched"),
]


@pytest.mark.parametrize(("stop", "limit", "bar", "price", "maker", "why"), BARS)
def test_a_stop_limit_on_one_bar(kit, stop, limit, bar, price, maker, why):
    desk = kit.Desk([(100,) * 4, bar, (bar[3],) * 4], path="olhc", cash=10_000.0)
    desk.ticket(5, kind="STOP_LIMIT", stop=stop, limit=limit)
    assert desk.step() == ([] if price is None else [(0, 5, float(price))]), why
    if price is not None:
        assert bool(desk.fills["maker"][0]) is maker
        # the kind as it stood before the point: a limit order only from the point after the one that touched it
        assert desk.fills["kind"][0] == (1 if maker else 3)


def test_equality_at_its_stop_fills_with_touch(kit):
    desk = kit.Desk([(100,) * 4, (100, 105, 99, 104)], path="olhc", cash=10_000.0, limit_touch=True)
    assert desk.ticket(5, kind="STOP_LIMIT", stop=102, limit=102).step() == [(0, 5, 102.0)]


def test_a_sale_mirrors_a_purchase(kit):
    bars = [(100,) * 4, (100,) * 4, (100, 101, 95, 96)]
    for limit, filled in ((97, [(0, -5, 98.0)]), (99, [(0, -5, 99.0)]), (102, [])):
        desk = kit.Desk(bars, path="olhc", cash=10_000.0)
        desk.order(5).step()
        # touched at 98 on the way down; sold there above its limit of 97, or on the way up again at 99
        assert desk.ticket(-5, kind="STOP_LIMIT", stop=98, limit=limit).step() == filled


def test_once_touched_it_stays_a_limit_order(kit):
    desk = kit.Desk([(100,) * 4, (100, 103, 100, 103), (103, 103, 103, 103), (103, 103, 100, 103)], path="olhc", cash=10_000.0)
    assert desk.ticket(5, kind="STOP_LIMIT", stop=102, limit=101).step() == []
    assert desk.step() == []
    # the stop of 102 would not let it buy again under it
    assert desk.step() == [(0, 5, 101.0)]
    assert (desk.fills["kind"][0], desk.fills["maker"][0]) == (1, 1)


def test_on_the_rest_of_the_stretch_of_its_arrival_too(kit):
    # arrives at 11:30, half-way from 112 down to 100: touched at 106, over its limit; 103 comes before the close
    desk = kit.Desk([(100,) * 4, (100, 112, 88, 100)], latency_ms=23.5 * 3_600_000, path="olhc")
    assert desk.ticket(1, kind="STOP_LIMIT", stop=102, limit=103).step() == [(0, 1, 103.0)]
    assert (desk.fills["kind"][0], desk.fills["maker"][0]) == (3, 1)


def test_one_look_is_at_its_arrival(kit):
    desk = kit.Desk([(100,) * 4, (100, 105, 99, 104)], cash=10_000.0)
    desk.ticket(5, kind="STOP_LIMIT", stop=102, limit=103, tif="IOC")
    assert desk.step() == []
    assert desk.working == []


def test_both_prices_must_be_positive(kit):
    desk = kit.Desk(kit.flat(100.0, 4))
    for prices in ({"stop": 102}, {"limit": 102}, {"stop": 102, "limit": -1}):
        desk.ticket(1, kind="STOP_LIMIT", **prices).step()
        assert desk.refused == {"BAD_PRICE": 1}
