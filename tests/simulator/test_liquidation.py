"""Margin: where it is no longer covered, and what closing by force costs."""

import numpy as np
import pytest

from quantgym.market.brackets import BRACKETS, BracketTable
from quantgym.market.order import OrderKind, OrderState

CROSS = {"account": "cross", "max_leverage": 10.0, "maintenance_rate": 0.1, "path": "olhc"}
ISOLATED = {**CROSS, "account": "isolated"}


def forced(desk):
    """The liquidations of the last bar as (asset, lots, reference)."""
    chosen = desk.fills[desk.fills["kind"] == OrderKind.LIQUIDATION]
    return [(int(f["asset"]), int(f["lots"]), float(f["reference"])) for f in chosen]


def test_inside_a_bar_it_closes_at_the_price_at_which_the_excess_is_gone(kit):
    # 50 at 100 with 1000: cash -4000. Excess at p is 50 p - 4000 - 0.1 x 50 p = 45 p - 4000, zero at 88.889
    desk = kit.Desk([(100,) * 4, (100,) * 4, (95, 96, 85, 90)], **CROSS)
    desk.order(50).step()
    desk.step()
    # at the open 275, at the low -175: 275 / 450 of the way from 95 to 85
    assert forced(desk) == [(0, -50, pytest.approx(95 - 10 * 275 / 450))]
    assert forced(desk)[0][2] == pytest.approx(4_000 / 45)
    fill, opened = desk.fills[0], desk.tape.open_at[2]
    assert (fill["order_id"], fill["state"]) == (0, OrderState.FILLED)
    assert fill["filled_at"] == opened + int(275 / 450 * (kit.HOUR))
    assert desk.account["equity"] == pytest.approx(50 * 4_000 / 45 - 4_000)
    assert (desk.sim.record["liquidated"][0], desk.account["n_liquidations"], desk.units) == (1, 1, [0.0])


def test_an_excess_of_zero_is_enough(kit):
    # 45 p - 4050 is zero at 90, to the last bit
    desk = kit.Desk([(100,) * 4, (100,) * 4, (95, 96, 90, 90), (95, 96, 89, 90)], cash=950.0, **CROSS)
    desk.order(50).step()
    desk.step()
    assert forced(desk) == []
    desk.step()
    # at the open 225, at the low -45
    assert forced(desk) == [(0, -50, pytest.approx(90.0))]


def test_a_gap_is_honoured_and_equity_may_be_negative(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (70, 75, 65, 72)], **CROSS)
    desk.order(50).step()
    desk.order(1, limit=50).step()
    assert forced(desk) == [(0, -50, 70.0)]
    assert desk.fills["filled_at"][0] == desk.tape.open_at[2]
    # 50 x 70 - 4000
    assert desk.account["equity"] == -500.0
    assert desk.sim.record["ruined"][0] == 1
    assert desk.working == []


def test_a_short_is_closed_on_the_way_up(kit):
    # 50 short at 100 with 1000: cash 6000. Excess 6000 - 55 p, zero at 109.09
    desk = kit.Desk([(100,) * 4, (100,) * 4, (104, 114, 103, 110)], allow_short=True, **{**CROSS, "path": "ohlc"})
    desk.order(-50).step()
    desk.step()
    assert forced(desk) == [(0, 50, pytest.approx(6_000 / 55))]


def test_costs_of_a_taker_and_the_fee_of_the_venue_are_paid(kit):
    costs = {"fee_rate": 0.001, "half_spread_rate": 0.002, "liquidation_fee_rate": 0.01}
    desk = kit.Desk([(100,) * 4, (100,) * 4, (66, 67, 65, 66)], cash=2_000.0, **CROSS, **costs)
    desk.order(50).step()
    before = desk.account.copy()
    desk.step()
    fill = desk.fills[0]
    # bought for 5010 and 5.01: 66 x 50 - 3015.01 = 284.99 are under 330. At 66 less 0.132; 50 x 65.868 = 3293.4:
    # commission 3.2934, the venue's 32.934
    assert fill["price"] == pytest.approx(65.868)
    assert [fill["spread"], fill["commission"]] == pytest.approx([6.6, 3.2934])
    assert desk.account["liquidation"] - before["liquidation"] == pytest.approx(32.934)
    # the log holds what is left after the charge
    assert fill["cash"] == desk.account["cash"] == pytest.approx(fill["equity"]) == pytest.approx(fill["attribution"])


def test_no_share_of_volume_holds_it_back(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (70,) * 4], volume=500, participation=0.1, **CROSS)
    assert desk.order(50).step() == [(0, 50, 100.0)]
    desk.sim.rules["participation"] = 0.01
    desk.step()
    assert forced(desk) == [(0, -50, 70.0)]


def test_two_assets_stand_against_one_equity_and_close_in_order_of_assets(kit):
    bars = [[(100,) * 4] * 2, [(100,) * 4] * 2, [(100, 100, 100, 100), (100, 100, 76, 80)]]
    desk = kit.Desk(bars, **CROSS)
    desk.order(25, asset=0).order(25, asset=1).step()
    desk.step()
    # cash -4000. Open: 5000 - 4000 - 500 = 500. Low: 2500 + 1900 - 4000 - 440 = -40. 500 / 540 of the way from 100 to 76
    assert forced(desk) == [(0, -25, 100.0), (1, -25, pytest.approx(100 - 24 * 500 / 540))]
    assert desk.account["n_liquidations"] == 1


def test_what_is_halted_cannot_be_closed(kit):
    bars = [[(100,) * 4] * 2] * 2 + [[(100,) * 4, (60,) * 4], [(100,) * 4, (60,) * 4]]
    desk = kit.Desk(bars, halted=[(2, 0)], **CROSS)
    desk.order(25, asset=0).order(25, asset=1).step()
    desk.step()
    assert forced(desk) == [(1, -25, 60.0)]
    assert desk.units == [25.0, 0.0]
    # what is left needs 250 and has 0
    assert desk.account["equity"] == 0.0


def test_nothing_happens_while_all_that_is_held_is_halted(kit):
    terms = {"fx": [[1.0], [1.0], [0.5], [0.5]]}
    desk = kit.Desk(kit.flat(100.0, 4), halted=[(2, 0)], terms=terms, **CROSS)
    desk.order(50).step()
    desk.order(1, limit=10).step()
    assert (desk.units, len(desk.working), desk.sim.record["liquidated"][0]) == ([50.0], 0, 0)
    # ruined at the mark of the halt; the open after it is the first chance: 50 x 100 x 0.5 - 4000
    assert desk.account["ruined"] == 1
    desk.step()
    assert forced(desk) == [(0, -50, 100.0)]
    assert desk.account["equity"] == -1_500.0


def test_an_isolated_position_loses_its_margin_and_the_others_stay(kit):
    bars = [[(100,) * 4] * 2, [(100,) * 4] * 2, [(100,) * 4, (96, 97, 86, 90)]]
    desk = kit.Desk(bars, **ISOLATED)
    desk.order(20, asset=0).order(20, asset=1).step()
    desk.order(1, asset=0, limit=50).order(1, asset=1, limit=50)
    desk.step()
    # margin 200; excess 200 + 20 (p - 100) - 2 p, zero at 100 of 18 p = 1800: at the open -72, so at the open
    assert forced(desk) == [(1, -20, 96.0)]
    assert desk.units == [20.0, 0.0]
    # 80 of the margin of 200 are lost, 120 come back
    assert desk.account["equity"] == 920.0
    assert desk.account["liquidation"] == 0.0
    # the orders of that asset leave, those of the other one stay
    assert [int(desk.sim.orders[0, i]["asset"]) for i in range(desk.account["n_working"])] == [0]


def test_what_an_isolated_position_loses_beyond_its_margin_is_the_venues_loss(kit):
    costs = {"fee_rate": 0.01, "liquidation_fee_rate": 0.01}
    desk = kit.Desk([(100,) * 4, (100,) * 4, (85, 86, 84, 85)], **ISOLATED, **costs)
    desk.order(20).step()
    assert desk.account["equity"] == 980.0
    desk.step()
    assert forced(desk) == [(0, -20, 85.0)]
    # margin 200; lost 300, commission 17, the venue's fee 17: 134 beyond it, so the line is 17 - 134
    assert desk.account["liquidation"] == pytest.approx(-117.0)
    assert desk.account["equity"] == pytest.approx(780.0)


def test_an_isolated_account_never_loses_more_than_its_margins(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (20, 21, 19, 20)], **ISOLATED, fee_rate=0.001)
    desk.order(90).step()
    margin = desk.sim.position["margin"][0, 0]
    before = desk.account["cash"] + 9_000.0
    desk.step()
    assert desk.account["equity"] == pytest.approx(before - margin)


def test_brackets_ask_for_more_of_a_larger_position(kit, monkeypatch):
    rows = ((0.0, 0.1, 0.0, 10.0), (1_000.0, 0.2, 100.0, 10.0))
    monkeypatch.setitem(BRACKETS, "test", BracketTable(name="test", rows=rows, source=None, confirmed=False))
    settings = {"account": "cross", "max_leverage": 10.0, "path": "olhc", "brackets": "test"}
    desk = kit.Desk([(100,) * 4, (100,) * 4, (95, 96, 93, 94), (93, 94, 90, 90)], cash=1_500.0, **settings)
    desk.order(50).step()
    # cash -3500; excess 50 p - 3500 - (0.2 x 50 p - 100) = 40 p - 3400: zero at 85, where the rate alone would be 87.5
    desk.step()
    desk.step()
    assert forced(desk) == []
    low = kit.Desk([(100,) * 4, (100,) * 4, (90, 91, 80, 82)], cash=1_500.0, **settings)
    low.order(50).step()
    low.step()
    assert forced(low) == [(0, -50, pytest.approx(85.0))]


def test_on_one_stretch_of_the_path_orders_come_before_the_margin(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (95, 96, 80, 90)], **CROSS)
    desk.order(50).step()
    # the excess is gone at 88.89, but margins are looked at after the orders of a point: 50 x 82 - 4000
    assert desk.order(-50, stop=82, reduce_only=True).step() == [(0, -50, 82.0)]
    assert (desk.sim.record["liquidated"][0], desk.account["equity"]) == (0, 100.0)


def test_orders_further_along_the_path_leave_when_the_account_is_closed(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (95, 99, 80, 90)], **CROSS)
    desk.order(50).step()
    # the target lies between the low and the high
    desk.order(-50, limit=98, reduce_only=True)
    assert len(desk.step()) == 1
    assert forced(desk)[0][2] == pytest.approx(4_000 / 45)
    assert desk.working == []
    assert desk.refused == {"LIQUIDATED": 1}


def test_a_stop_before_the_point_of_no_excess_saves_the_account(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (95, 96, 80, 90)], **CROSS)
    desk.order(50).step()
    assert desk.order(-50, stop=92, reduce_only=True).step() == [(0, -50, 92.0)]
    assert desk.sim.record["liquidated"][0] == 0


def test_a_leverage_account_is_never_closed(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (70, 75, 65, 72)], account="leverage", max_leverage=10.0)
    desk.order(50).step()
    assert desk.step() == []
    assert desk.account["equity"] == -400.0


def test_reg_t_keeps_a_quarter_of_longs_and_thirty_percent_of_shorts(kit):
    # bought 20 at 100 with 1000: 20 p - 1000 < 0.25 x 20 p under 66.67
    desk = kit.Desk([(100,) * 4, (100,) * 4, (80, 80, 60, 70)], account="reg_t", max_leverage=2.0, path="olhc")
    desk.order(20).step()
    desk.step()
    assert forced(desk) == [(0, -20, pytest.approx(1_000 / 15))]
    # sold 20 at 100: 3000 - 20 p < 0.3 x 20 p over 115.38
    settings = {"account": "reg_t", "max_leverage": 2.0, "path": "ohlc", "allow_short": True}
    desk = kit.Desk([(100,) * 4, (100,) * 4, (110, 130, 109, 120)], **settings)
    desk.order(-20).step()
    desk.step()
    assert forced(desk) == [(0, 20, pytest.approx(3_000 / 26))]


def test_adverse_tries_both_ways_where_a_liquidation_is_possible(kit):
    # one long and one short of it in two assets that move together on one way and apart on the other
    bars = [[(100,) * 4] * 2, [(100,) * 4] * 2, [(100, 108, 92, 100), (100, 108, 92, 100)]]
    desk = kit.Desk(bars, allow_short=True, **{**CROSS, "path": "adverse"})
    desk.order(40, asset=0).order(-40, asset=1).step()
    desk.step()
    assert desk.sim.record["liquidated"][0] in (0, 1)
    assert desk.account["equity"] <= 1_000.0
    np.testing.assert_allclose(desk.sim.record["attribution"], desk.sim.record["equity"], rtol=1e-12)
