"""What an entry would lose at its stop: of the fill and of the trade."""

import pytest

FLAT = (100,) * 4


def risks(desk):
    return desk.fills["risk"].tolist(), float(desk.sim.position["risk"][0, 0])


def entry(desk, lots=10, **child):
    return desk.ticket(lots).ticket(-lots, parent=1, **child)


@pytest.mark.parametrize(("child", "risk"), [
    ({"kind": "STOP", "stop": 95}, 50.0),  # 10 x (100 - 95)
    ({"kind": "STOP_LIMIT", "stop": 96, "limit": 94}, 40.0),
    ({"kind": "TRAILING_STOP", "trail": 3}, 30.0),
    ({"kind": "TRAILING_STOP", "rate": 0.25}, 250.0),
    ({"kind": "STOP", "stop": 105}, 0.0),  # not negative
    ({"kind": "LIMIT", "limit": 110}, 0.0),
])  # fmt: skip
def test_the_distance_to_the_stop_times_what_the_position_grows(kit, child, risk):
    desk = kit.Desk([FLAT] * 4, cash=10_000.0)
    entry(desk, **child).step()
    assert risks(desk) == ([risk], risk)


def test_it_is_measured_from_the_fill_in_account_currency(kit):
    # slippage of 1 %: bought at 101; multiplier 2, half a lot a unit, fx 1.5
    desk = kit.Desk([FLAT] * 3, cash=1e6, slippage_rate=0.01, multiplier=2.0, lot=0.5, terms={"fx": [[1.5]] * 3})
    entry(desk, kind="STOP", stop=95).step()
    assert risks(desk)[1] == pytest.approx(6 * 5 * 2 * 1.5)


def test_a_short_risks_what_is_above_it(kit):
    desk = kit.Desk([FLAT] * 3, cash=10_000.0, allow_short=True)
    entry(desk, lots=-10, kind="STOP", stop=104).step()
    assert risks(desk) == ([40.0], 40.0)


def test_the_first_stop_counts_and_targets_do_not(kit):
    desk = kit.Desk([FLAT] * 3, cash=10_000.0)
    desk.ticket(10).ticket(-10, kind="LIMIT", limit=110, parent=1)
    desk.ticket(-10, kind="STOP", stop=98, parent=1).ticket(-10, kind="STOP", stop=90, parent=1).step()
    assert risks(desk) == ([20.0], 20.0)


def test_a_trade_sums_it_and_a_flat_position_has_none(kit):
    desk = kit.Desk([FLAT] * 6, cash=10_000.0)
    entry(desk, kind="STOP", stop=95).step()
    entry(desk, kind="STOP", stop=99).step()
    assert risks(desk) == ([10.0], 60.0)
    # without a stop nothing is added; a part that is sold takes nothing off
    desk.order(5).step()
    desk.order(-20).step()
    assert risks(desk) == ([0.0], 60.0)
    desk.order(-5).step()
    assert risks(desk) == ([0.0], 0.0)


def test_a_position_that_turns_begins_anew(kit):
    desk = kit.Desk([FLAT] * 6, cash=10_000.0, allow_short=True)
    entry(desk, kind="STOP", stop=95).step()
    # from +10 to -5: the trade of five begins here, 5 x (104 - 100)
    desk.ticket(-15).ticket(15, kind="STOP", stop=104, parent=1).step()
    assert risks(desk) == ([20.0], 20.0)
    # and turned by an order without a stop it has none
    desk.order(12).step()
    assert risks(desk) == ([0.0], 0.0)


def test_an_entry_that_fills_in_parts_adds_in_parts(kit):
    desk = kit.Desk([FLAT] * 5, cash=10_000.0, volume=16, participation=0.25)
    entry(desk, lots=6, kind="STOP", stop=95).step()
    assert risks(desk) == ([20.0], 20.0)
    desk.step()
    assert risks(desk) == ([10.0], 30.0)


def test_an_order_that_only_reduces_risks_nothing(kit):
    desk = kit.Desk([FLAT] * 5, cash=10_000.0)
    desk.order(10).step()
    desk.ticket(-4).ticket(4, kind="STOP", stop=105, parent=1).step()
    assert risks(desk) == ([0.0], 0.0)
