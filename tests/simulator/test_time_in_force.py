"""How long orders work: sessions, dates, one look. Three bars a day where sessions matter: 9:00, 12:00 and 15:00."""

import numpy as np
import pytest

from quantgym.market.order import OrderState, Refusal

FLAT = (100,) * 4


def days(kit, bars, **settings):
    return kit.Desk(bars, bars_a_day=3, **settings)


def test_a_day_order_works_until_the_close_of_its_session(kit):
    # decided at the close of the first bar; bars 1 and 2 are of the same day, bar 3 of the next
    for row, filled in ((2, [(0, 1, 90.0)]), (3, [])):
        bars = [FLAT] * 6
        bars[row] = (100, 101, 89, 100)
        desk = days(kit, bars)
        desk.order(1, limit=90, tif="DAY")
        assert [desk.step() for _ in range(row)][-1] == filled
        assert desk.working == []


def test_a_day_order_of_the_evening_belongs_to_the_next_session(kit):
    bars = [FLAT] * 6
    bars[5] = (100, 101, 89, 100)
    desk = days(kit, bars)
    desk.step()
    desk.step()
    desk.order(1, limit=90, tif="DAY")
    assert [desk.step() for _ in range(3)][-1] == [(0, 1, 90.0)]


def test_what_volume_left_of_a_day_order_leaves_with_the_session_too(kit):
    # a quarter of 40 is 10 a bar: 10 in each of the two bars that are left of the day
    desk = days(kit, kit.flat(10.0, 6), volume=40, participation=0.25)
    assert desk.order(50, tif="DAY").step() == [(0, 10, 10.0)]
    assert desk.step() == [(0, 10, 10.0)]
    assert desk.working == []


def test_a_date_counts_to_its_instant(kit):
    # O-L-H-C: 94 is reached at 9:30 and 88 at 10:00 of day 1
    bars = [FLAT, (100, 112, 88, 100)]
    for hours, filled in ((0.4, []), (0.5, []), (0.51, [(0, 1, 94.0)]), (3.0, [(0, 1, 94.0)])):
        desk = kit.Desk(bars, path="olhc")
        date = int(desk.tape.open_at[1] + hours * kit.HOUR)
        assert desk.ticket(1, kind="LIMIT", limit=94, tif="GTD", expires_at=date).step() == filled
        assert desk.working == []


def test_a_date_at_the_open_leaves_before_it(kit):
    desk = kit.Desk([FLAT, FLAT, FLAT], log=True)
    desk.ticket(1, kind="LIMIT", limit=101, tif="GTD", expires_at=int(desk.tape.open_at[1]))
    assert desk.step() == []
    assert desk.log == [(1, "PENDING"), (1, "EXPIRED")]


def test_a_date_that_is_not_after_the_arrival_is_refused(kit):
    desk = kit.Desk([FLAT] * 4, latency_ms=3_600_000)
    arrival = int(desk.tape.close_at[0]) + kit.HOUR
    desk.ticket(1, tif="GTD", expires_at=arrival).ticket(1, tif="GTD", expires_at=arrival + 1).step()
    assert desk.refused == {"BAD_ORDER": 1}
    assert desk.working == []


def test_fill_or_kill_is_filled_whole_or_refused(kit):
    desk = kit.Desk(kit.flat(10.0, 6), volume=40, participation=0.25)
    # volume lets ten lots through: that alone is counted
    assert desk.order(11, tif="FOK").step() == []
    assert desk.refused == {"FILL_OR_KILL": 1}
    assert desk.order(10, tif="FOK").step() == [(0, 10, 10.0)]
    assert desk.refused == {}
    # and so does cash
    assert desk.ticket(9, tif="FOK").step() == [(0, 9, 10.0)]
    poor = kit.Desk(kit.flat(10.0), cash=50.0)
    assert poor.ticket(6, tif="FOK").step() == []
    assert poor.refused == {"FILL_OR_KILL": 1}


def test_fill_or_kill_has_one_look(kit):
    desk = kit.Desk([FLAT, (100, 101, 89, 100)], cash=10_000.0)
    assert desk.ticket(1, kind="LIMIT", limit=95, tif="FOK").ticket(1, kind="STOP", stop=101, tif="FOK").step() == []
    assert desk.refused == {"FILL_OR_KILL": 2}


def test_fill_or_kill_that_arrives_in_a_halt_is_refused(kit):
    desk = kit.Desk([FLAT] * 4, halted=[(1, 0)])
    desk.ticket(1, kind="LIMIT", limit=101, tif="FOK").ticket(1, kind="LIMIT", limit=101, tif="IOC").step()
    assert desk.refused == {"FILL_OR_KILL": 1}
    assert desk.working == []


@pytest.mark.parametrize("tif", ["IOC", "FOK"])
def test_what_waits_for_an_order_that_misses_its_look_in_a_halt_leaves_with_it_and_not_with_the_account(kit, tif):
    bars = [[FLAT, FLAT], [FLAT, FLAT], [FLAT, (100, 100, 1, 1)], [FLAT, (1, 1, 1, 1)]]
    desk = kit.Desk(bars, halted=[(2, 0)], max_leverage=10.0, log=True)
    desk.order(50, 1).step()
    # 50 x (1 - 100) = -4950 of 1000: the account is ruined at the close of the row whose bar of asset 0 is missing
    desk.ticket(1, kind="LIMIT", limit=101, tif=tif).ticket(-1, kind="STOP", stop=90, parent=1).step()
    assert desk.account["ruined"]
    log = desk.sim.log_of_step(0)
    (left,) = log[(log["order_id"] == 3) & (log["state"] == OrderState.CANCELLED)]
    assert Refusal(left["reason"]) is Refusal.NONE
    assert left["filled_at"] == desk.tape.clock["open_at"][2]
    assert desk.working == []


@pytest.mark.parametrize("ticket", [False, True])
def test_at_open_waits_for_the_first_row_of_a_session(kit, ticket):
    bars = [(float(90 + row),) * 4 for row in range(6)]
    desk = days(kit, bars, log=True)
    desk.ticket(1, tif="AT_OPEN") if ticket else desk.order(1, tif="AT_OPEN")
    assert desk.step() == []
    assert (desk.working, desk.sim.orders["state"][0, 0]) == ([1], 1)
    assert desk.step() == []
    assert desk.step() == [(0, 1, 93.0)]
    assert desk.log == [(1, "OPEN"), (1, "FILLED")]


def test_at_open_has_one_look(kit):
    bars = [FLAT] * 6
    bars[3] = (100, 101, 89, 100)
    desk = days(kit, bars)
    desk.ticket(1, kind="LIMIT", limit=95, tif="AT_OPEN")
    for _ in range(3):
        assert desk.step() == []
    assert desk.working == []


def test_at_close_fills_at_the_close_of_the_last_row_of_the_session(kit):
    bars = [FLAT, FLAT, (100, 105, 95, 103), FLAT]
    desk = days(kit, bars)
    desk.order(1, tif="AT_CLOSE").step()
    assert desk.step() == [(0, 1, 103.0)]
    fill = desk.fills[0]
    assert (fill["reference"], fill["filled_at"], fill["maker"]) == (103.0, desk.tape.close_at[2], 0)


@pytest.mark.parametrize(("limit", "filled"), [(104, [(0, 1, 103.0)]), (103, []), (102, [])])
def test_a_limit_for_the_close_has_one_look(kit, limit, filled):
    # the path passes 102 long before; only the close of 103 counts
    desk = kit.Desk([FLAT, (100, 105, 95, 103)], path="olhc")
    assert desk.ticket(1, kind="LIMIT", limit=limit, tif="AT_CLOSE").step() == filled
    assert desk.working == []


def test_an_order_that_arrives_at_the_close_is_for_the_next_one(kit):
    desk = kit.Desk([FLAT, (101,) * 4, (102,) * 4], latency_ms=24 * 3_600_000)
    assert desk.order(1, tif="AT_CLOSE").step() == []
    assert desk.step() == [(0, 1, 102.0)]


def test_market_orders_for_a_session_are_refused_in_their_row_where_it_is_halted(kit):
    desk = days(kit, [FLAT] * 7, halted=[(2, 0), (3, 0)])
    desk.ticket(1, tif="AT_CLOSE").ticket(1, tif="AT_OPEN").step()
    assert desk.refused == {}
    desk.step()
    assert desk.refused == {"NOT_TRADABLE": 1}
    assert desk.working == [2]
    desk.step()
    assert desk.refused == {"NOT_TRADABLE": 1}


def test_stops_are_for_no_open_and_no_close(kit):
    desk = kit.Desk([FLAT] * 5)
    for tif in ("AT_OPEN", "AT_CLOSE"):
        desk.ticket(1, kind="STOP", stop=101, tif=tif).ticket(1, kind="TRAILING_STOP", trail=1, tif=tif).step()
        assert desk.refused == {"BAD_ORDER": 2}


def test_sessions_are_on_the_tape(kit):
    tape = days(kit, [FLAT] * 6).tape
    assert tape.bars["opens"][:, 0].tolist() == [1, 0, 0] * 2
    assert tape.bars["closes"][:, 0].tolist() == [0, 0, 1] * 2
    assert np.diff(tape.open_at[:3]).tolist() == [3 * kit.HOUR] * 2
