"""Golden table of boundary cases: one order, one bar, worked by hand. O-L-H-C unless it says otherwise."""

import pytest

HELD = 10  # units on the desk before the order; the account may go short


def desk_of(kit, bar, *, path="olhc", touch=False):
    return kit.Desk([(100,) * 4, (100,) * 4, bar, (bar[3],) * 4], path=path, limit_touch=touch, allow_short=True, cash=10_000.0)


# order, bar after it, what fills: price of it, or None
LIMITS = [
    ("buy", 99, (100, 101, 98, 100), False, 99, "the path goes through it: at the limit"),
    ("buy", 98, (100, 101, 98, 100), False, None, "low == limit: we are last in the queue"),
    ("buy", 98, (100, 101, 98, 100), True, 98, "low == limit, touch"),
    ("buy", 97, (100, 101, 98, 100), True, None, "never reached"),
    ("buy", 99, (98, 101, 97, 100), False, 98, "gap through it: at the open"),
    ("buy", 98, (98, 101, 98, 100), False, None, "open == limit, and never below"),
    ("buy", 98, (98, 101, 98, 100), True, 98, "open == limit, touch"),
    ("buy", 98, (98, 101, 97, 100), False, 98, "open == limit, then below"),
    ("buy", 101, (101, 101, 101, 101), False, None, "a bar of one price at the limit"),
    ("buy", 101, (101, 101, 101, 101), True, 101, "a bar of one price at the limit, touch"),
    ("buy", 100, (101, 102, 100, 100), False, None, "close == low == limit"),
    ("sell", 101, (100, 102, 99, 100), False, 101, "the path goes through it"),
    ("sell", 102, (100, 102, 99, 100), False, None, "high == limit"),
    ("sell", 102, (100, 102, 99, 100), True, 102, "high == limit, touch"),
    ("sell", 101, (103, 104, 99, 100), False, 103, "gap through it: at the open"),
    ("sell", 102, (102, 102, 99, 100), False, None, "open == limit, and never above"),
    ("sell", 102, (102, 103, 99, 100), False, 102, "open == limit, then above"),
]

STOPS = [
    ("buy", 102, (100, 102, 99, 100), 102, "high == stop: touched at equality"),
    ("buy", 101, (100, 102, 99, 100), 101, "the path goes through it"),
    ("buy", 103, (100, 102, 99, 100), None, "never reached"),
    ("buy", 102, (102, 103, 101, 102), 102, "open == stop"),
    ("buy", 102, (104, 105, 103, 104), 104, "gap through it: at the open, never at the stop"),
    ("sell", 98, (100, 102, 98, 100), 98, "low == stop"),
    ("sell", 99, (100, 102, 98, 100), 99, "the path goes through it"),
    ("sell", 98, (98, 99, 97, 98), 98, "open == stop"),
    ("sell", 98, (95, 99, 94, 98), 95, "gap through it: at the open, never at the stop"),
    ("sell", 97, (100, 102, 98, 100), None, "never reached"),
]


@pytest.mark.parametrize(("side", "limit", "bar", "touch", "price", "why"), LIMITS)
def test_a_limit_order_on_one_bar(kit, side, limit, bar, touch, price, why):
    desk = desk_of(kit, bar, touch=touch)
    desk.order(HELD).step()
    lots = 5 if side == "buy" else -5
    expected = [] if price is None else [(0, lots, float(price))]
    assert desk.order(lots, limit=limit).step() == expected, why
    assert len(desk.working) == (1 if price is None else 0)


@pytest.mark.parametrize(("side", "stop", "bar", "price", "why"), STOPS)
def test_a_stop_order_on_one_bar(kit, side, stop, bar, price, why):
    desk = desk_of(kit, bar)
    desk.order(HELD).step()
    lots = 5 if side == "buy" else -5
    expected = [] if price is None else [(0, lots, float(price))]
    assert desk.order(lots, stop=stop).step() == expected, why
    assert len(desk.working) == (1 if price is None else 0)


def test_a_gap_through_both_levels_fills_the_one_that_the_open_has_passed(kit):
    # long 10, stop 95 and target 110; the bar opens at 90 and goes up to 112: the stop at 90, nothing left for the target
    desk = kit.Desk([(100,) * 4, (100,) * 4, (100,) * 4, (90, 112, 89, 111)], cash=10_000.0)
    desk.order(HELD).step()
    desk.order(-10, limit=110, reduce_only=True).step()
    assert desk.order(-10, stop=95, reduce_only=True).step() == [(0, -10, 90.0)]
    assert desk.working == []


PATHS = [  # long 10 with stop 98 and target 102 in a bar 100, 103, 97: which is met first
    ("olhc", (100, 103, 97, 100), 98.0),
    ("ohlc", (100, 103, 97, 100), 102.0),
    ("adaptive", (101, 103, 97, 100), 102.0),  # the open is nearer to the high
    ("adaptive", (99, 103, 97, 100), 98.0),
    ("adaptive", (100, 103, 97, 100), 98.0),  # a tie goes O-L-H-C
    ("adverse", (100, 103, 97, 100), 98.0),  # 98 leaves less than 102
]


@pytest.mark.parametrize(("path", "bar", "price"), PATHS)
def test_the_path_decides_between_stop_and_target(kit, path, bar, price):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (100,) * 4, bar], path=path, cash=10_000.0)
    desk.order(HELD).step()
    desk.order(-10, limit=102, reduce_only=True).step()
    desk.order(-10, stop=98, reduce_only=True)
    fills = desk.step()
    assert fills == [(0, -10, price)]
    # the other one found nothing to reduce when its turn came
    assert desk.refused == {"REDUCE_ONLY": 1}


def test_adverse_for_a_short_is_the_way_up_first(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (100,) * 4, (100, 103, 97, 100)], allow_short=True, cash=10_000.0)
    desk.order(-10).step()
    desk.order(10, limit=98, reduce_only=True).step()
    assert desk.order(10, stop=102, reduce_only=True).step() == [(0, 10, 102.0)]


def test_a_limit_fill_never_passes_its_limit_whatever_the_frictions(kit):
    settings = {"half_spread_rate": 0.01, "slippage_rate": 0.01, "path": "olhc", "cash": 10_000.0}
    # inside the bar: at the limit, no spread and no slippage
    desk = kit.Desk([(100,) * 4, (100, 101, 97, 100)], **settings)
    assert desk.order(5, limit=98).step() == [(0, 5, 98.0)]
    assert desk.fills[0]["spread"] == 0.0
    # gap to 96.5: 0.965 of spread fit, then 0.535 of the slippage of 0.965, and the limit is reached
    desk = kit.Desk([(100,) * 4, (96.5, 101, 96, 100)], **settings)
    assert desk.order(5, limit=98).step()[0][2] == pytest.approx(98.0)
    assert [desk.fills[0][name] for name in ("spread", "slippage")] == pytest.approx([5 * 0.965, 5 * 0.535])


def test_slippage_is_added_to_a_stop(kit):
    desk = kit.Desk([(100,) * 4, (100, 105, 99, 104)], slippage_rate=0.01, cash=10_000.0)
    assert desk.order(5, stop=102).step()[0][2] == pytest.approx(102 * 1.01)


def test_an_order_of_no_known_kind_is_refused(kit):
    desk = kit.Desk(kit.flat(10.0, 4))
    for name in ("kind", "tif"):
        desk.order(1).sim.intents[name] = 7
        assert desk.step() == []
        assert desk.refused == {"BAD_ORDER": 1}


def test_a_limit_without_a_price_is_refused(kit):
    desk = kit.Desk(kit.flat(10.0))
    desk.order(1, limit=0.0).step()
    assert desk.refused == {"BAD_PRICE": 1}
    desk.order(1, stop=-3.0).step()
    assert desk.refused == {"BAD_PRICE": 1}
