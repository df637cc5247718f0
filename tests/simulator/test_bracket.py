"""Parents and children (OTO), groups (OCO) and brackets. A bar of 100 stands still; O-L-H-C unless it says otherwise."""

import pytest

FLAT = (100,) * 4


def bracket(desk, lots=10, *, stop=95, target=110, delay=1, **entry):
    """Slots 1 to 3: an entry, its stop and its target."""
    desk.ticket(lots, **entry)
    desk.ticket(-lots, kind="STOP", stop=stop, parent=1, group=1, arm_delay=delay)
    return desk.ticket(-lots, kind="LIMIT", limit=target, parent=1, group=1, arm_delay=delay)


def left(desk):
    """What is left of each working order."""
    orders = desk.sim.orders[0, : desk.account["n_working"]]
    return {int(order["id"]): int(order["lots"] - order["filled"]) for order in orders}


def desk_of(kit, *bars, **settings):
    return kit.Desk([FLAT, *bars], **{"cash": 10_000.0, "path": "olhc", **settings})


def test_children_work_from_the_bar_after_the_entry(kit):
    # the bar of the entry touches both; only the next one counts
    desk = desk_of(kit, (100, 111, 94, 100), (100, 101, 94, 100), FLAT)
    assert bracket(desk).step() == [(0, 10, 100.0)]
    assert left(desk) == {2: -10, 3: -10}
    # the stop takes the target with it
    assert desk.step() == [(0, -10, 95.0)]
    assert left(desk) == {}
    assert desk.refused == {}


def test_without_a_delay_they_act_from_the_point_after_the_entry(kit):
    # low first: 95 is touched between the open and the low
    assert bracket(desk := desk_of(kit, (100, 111, 94, 100)), delay=0).step() == [(0, 10, 100.0), (0, -10, 95.0)]
    assert left(desk) == {}
    # an entry at 97 on the way to the low of 94 arms them there: the stop is passed already, and sells at 94
    desk = desk_of(kit, (100, 111, 94, 100))
    assert bracket(desk, delay=0, kind="LIMIT", limit=97).step() == [(0, 10, 97.0), (0, -10, 94.0)]
    assert desk.fills["filled_at"][1] == desk.tape.open_at[1] + kit.HOUR


@pytest.mark.parametrize(("delay", "row"), [(1, 2), (2, 3), (3, 4)])
def test_a_delay_counts_bars_from_the_first_fill(kit, delay, row):
    desk = desk_of(kit, *[FLAT] + [(100, 111, 100, 100)] * 4)
    bracket(desk, delay=delay).step()
    assert [len(desk.step()) for _ in range(row - 1)] == [0] * (row - 2) + [1]


def test_an_entry_that_waits_keeps_its_children_waiting(kit):
    desk = desk_of(kit, (100, 111, 99, 100), (100, 101, 89, 100), (100, 111, 100, 100))
    bracket(desk, kind="LIMIT", limit=90, stop=80).step()
    assert left(desk) == {1: 10, 2: -10, 3: -10}
    assert desk.sim.orders["state"][0, :3].tolist() == [2, 1, 1]
    assert desk.step() == [(0, 10, 90.0)]
    assert desk.step() == [(0, -10, 110.0)]


def test_children_are_armed_for_what_the_entry_has_filled(kit):
    # a quarter of 16 is 4 a bar: the entry fills 4, then 4, then 2
    desk = desk_of(kit, FLAT, (100, 100, 94, 94), (94,) * 4, FLAT, volume=16, participation=0.25)
    assert bracket(desk).step() == [(0, 4, 100.0)]
    # at the open the entry takes the four of the bar, and the stop is touched in it: volume lets nothing through
    assert desk.step() == [(0, 4, 100.0)]
    assert desk.refused == {"PARTICIPATION": 2}
    # the stop is a market order now: eight are armed, and it has the fewer lots to sell of the four that are reduced first
    assert desk.step() == [(0, -4, 94.0)]
    assert left(desk) == {1: 2, 2: -6, 3: -6}


def test_what_a_group_takes_also_lowers_what_is_armed(kit):
    # four are bought; the target sells them; the stop has nothing left to sell of what is armed
    desk = desk_of(kit, FLAT, (111, 111, 111, 111), (90,) * 4, volume=16, participation=0.25)
    bracket(desk).step()
    assert desk.step() == [(0, -4, 111.0)]
    assert left(desk) == {1: 6, 2: -6, 3: -6}


def test_what_is_not_armed_leaves_with_the_parent(kit):
    # immediate or cancel: four of ten, and the children are cut to four
    desk = desk_of(kit, FLAT, FLAT, volume=16, participation=0.25)
    bracket(desk, tif="IOC").step()
    assert left(desk) == {2: -4, 3: -4}
    # an entry that leaves with nothing takes all with it
    desk = desk_of(kit, FLAT)
    bracket(desk, kind="LIMIT", limit=90, tif="IOC").step()
    assert left(desk) == {}
    # and so does one that is cancelled
    desk = desk_of(kit, FLAT, FLAT)
    bracket(desk, kind="LIMIT", limit=90).step()
    desk.cancel(1).step()
    assert left(desk) == {}


def test_a_refused_parent_refuses_its_children(kit):
    desk = desk_of(kit, FLAT)
    bracket(desk, kind="LIMIT", limit=-1).step()
    assert desk.refused == {"BAD_PRICE": 1, "NO_PARENT": 2}


def test_a_child_on_another_asset_waits_for_the_whole_parent(kit):
    bars = [[FLAT, (10,) * 4]] * 6
    desk = kit.Desk(bars, cash=10_000.0, volume=16, participation=0.25)
    desk.ticket(6).ticket(3, asset=1, parent=1).step()
    assert desk.fills["lots"].tolist() == [4]
    # filled whole at the open of the next bar: from the next point on, here the first one after that open
    assert desk.step() == [(0, 2, 100.0), (1, 3, 10.0)]
    # one that never is filled whole takes it along
    desk = kit.Desk(bars, cash=10_000.0, volume=16, participation=0.25)
    desk.ticket(6, tif="IOC").ticket(3, asset=1, parent=1).step()
    assert desk.working == []


def test_a_child_may_have_children(kit):
    desk = desk_of(kit, FLAT, FLAT, FLAT, FLAT)
    desk.ticket(1).ticket(2, parent=1).ticket(3, parent=2)
    assert [desk.step() for _ in range(3)] == [[(0, 1, 100.0)], [(0, 1, 100.0)], [(0, 1, 100.0)]]
    # two and three were asked for; one was armed each time, and the rest left with its parent
    assert left(desk) == {}


def test_a_group_shares_its_lots(kit):
    # two purchases of ten and six: four of the first are taken from the second
    desk = desk_of(kit, (100, 100, 98, 98), FLAT, volume=16, participation=0.25)
    desk.ticket(10, kind="LIMIT", limit=99, group=5).ticket(6, kind="LIMIT", limit=90, group=5)
    assert desk.step() == [(0, 4, 99.0)]
    assert left(desk) == {1: 6, 2: 2}


def test_one_cancels_the_other_within_a_point(kit):
    desk = desk_of(kit, (100, 100, 90, 95))
    desk.ticket(5, kind="LIMIT", limit=99, group=1).ticket(5, kind="LIMIT", limit=98, group=1)
    # both are passed on the way to the low: the first by id fills, nothing is left of the other
    assert desk.step() == [(0, 5, 99.0)]
    assert left(desk) == {}


def test_labels_of_two_decisions_are_two_groups(kit):
    desk = desk_of(kit, FLAT, (100, 100, 98, 98))
    desk.ticket(5, kind="LIMIT", limit=90, group=1).step()
    desk.ticket(5, kind="LIMIT", limit=99, group=1)
    assert desk.step() == [(0, 5, 99.0)]
    assert left(desk) == {1: 5}


def test_a_cancel_by_id_takes_the_group_and_what_waits_for_it(kit):
    desk = desk_of(kit, FLAT, FLAT, FLAT)
    desk.ticket(5, kind="LIMIT", limit=90, group=1).ticket(5, kind="LIMIT", limit=80, group=1)
    desk.ticket(-5, kind="STOP", stop=70, parent=2).ticket(1, kind="LIMIT", limit=60).step()
    assert desk.working == [1, 2, 3, 4]
    desk.cancel(1).step()
    assert desk.working == [4]
    assert desk.refused == {}


def test_cancels_come_before_the_orders_of_their_decision(kit):
    desk = desk_of(kit, FLAT, FLAT, FLAT, max_orders=1)
    desk.ticket(1, kind="LIMIT", limit=90).step()
    # the slot of the first is free for the second, whose ticket stands before the cancel
    desk.ticket(1, kind="LIMIT", limit=91).cancel(1).step()
    assert (desk.working, desk.refused) == ([2], {})
    desk.cancel(1).step()
    assert desk.refused == {"UNKNOWN_ORDER": 1}


def test_a_cancel_travels_as_long_as_an_order(kit):
    # it arrives at 9:30, when 94 is passed: the limit of 95 was met before
    desk = desk_of(kit, FLAT, (100, 112, 88, 100), FLAT, latency_ms=21.5 * 3_600_000)
    desk.ticket(1, kind="LIMIT", limit=95).ticket(1, kind="LIMIT", limit=90).step()
    assert desk.cancel(1).cancel(2).step() == [(0, 1, 95.0)]
    assert desk.working == []


def test_a_reversing_split_drops_children_with_their_parent(kit):
    terms = {"split": [[1.0], [1.0], [0.1]]}
    desk = desk_of(kit, FLAT, (1_000,) * 4, terms=terms)
    bracket(desk, lots=5, kind="LIMIT", limit=90).step()
    desk.step()
    # one for ten: no lot is left of five, of the entry or of its children
    assert desk.refused == {"BELOW_MINIMUM": 3}
    assert desk.working == []


@pytest.mark.parametrize("wrong", [{"parent": 2}, {"parent": 3}, {"parent": -1}, {"parent": 9}, {"arm_delay": -1, "parent": 1}])
def test_a_parent_is_an_earlier_slot(kit, wrong):
    desk = desk_of(kit, FLAT)
    desk.ticket(1, kind="LIMIT", limit=90).ticket(1, kind="LIMIT", limit=90, **wrong).step()
    assert desk.refused == {"BAD_ORDER": 1}


def test_a_market_child_needs_a_bar(kit):
    desk = desk_of(kit, FLAT)
    desk.ticket(1).ticket(-1, parent=1, arm_delay=0).step()
    assert desk.refused == {"BAD_ORDER": 1}


def test_a_cancel_is_no_parent(kit):
    desk = desk_of(kit, FLAT, FLAT)
    desk.ticket(1, kind="LIMIT", limit=90).step()
    desk.cancel(1).ticket(1, kind="LIMIT", limit=90, parent=1).step()
    assert desk.refused == {"BAD_ORDER": 1}
