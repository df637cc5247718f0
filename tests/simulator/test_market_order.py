"""Market orders at the open: price, costs, cash, refusals."""

import math

import pytest


def test_a_market_order_fills_at_the_next_open_and_never_at_the_close_it_was_decided_at(kit):
    desk = kit.Desk([(10, 10, 10, 10), (11, 12, 9, 12)])
    assert desk.order(5).step() == [(0, 5, 11.0)]
    # 1000 - 5 x 11 = 945 cash; 5 x 12 = 60
    assert (desk.account["cash"], desk.account["equity"]) == (945.0, 1005.0)
    fill = desk.fills[0]
    assert fill["row"] == 1
    assert fill["decided_at"] == desk.tape.close_at[0] < fill["filled_at"] == desk.tape.open_at[1]


def test_costs_are_split_in_the_order_spread_slippage_impact_then_commission(kit):
    desk = kit.Desk(kit.flat(100.0), volume=400, cash=10_000.0, half_spread_rate=0.001, slippage_rate=0.002,
                    impact_coefficient=0.5, impact_volatility=0.04, fee_rate=0.01, fee_per_unit=0.5)  # fmt: skip
    desk.order(4).step()
    fill = desk.fills[0]
    # per unit: spread 0.1, slippage 0.2, impact 0.5 x 0.04 x sqrt(4 / 400) x 100 = 0.2; price 100.5
    # commission 1 % of 4 x 100.5 = 4.02, and 4 x 0.5 = 2
    assert fill["price"] == pytest.approx(100.5)
    assert [fill[name] for name in ("spread", "slippage", "impact", "commission")] == pytest.approx([0.4, 0.8, 0.8, 6.02])
    record = desk.sim.record[0]
    assert record["gross"] == 0.0
    assert record["equity"] == pytest.approx(10_000 - 0.4 - 0.8 - 0.8 - 6.02)
    desk.order(-4).step()
    # the mirror: 99.5 a unit, commission 1 % of 398 and 2
    assert desk.fills[0]["price"] == pytest.approx(99.5)
    assert desk.fills[0]["commission"] == pytest.approx(5.98)


def test_no_impact_where_the_volume_is_zero_or_its_unit_unknown(kit):
    settings = {"impact_coefficient": 1.0, "cash": 10_000.0}
    assert kit.Desk(kit.flat(100.0), volume=0, **settings).order(4).step() == [(0, 4, 100.0)]
    unknown = kit.tape(kit.flat(100.0), volume_unit=None)
    assert kit.Desk(None, tape=unknown, **settings).order(4).step() == [(0, 4, 100.0)]
    # known: 0.02 x sqrt(4 / 1e6) x 100 = 0.004
    assert kit.Desk(kit.flat(100.0), **settings).order(4).step()[0][2] == pytest.approx(100.004)


def test_the_tapes_spread_goes_before_the_rules_and_nan_leaves_it_to_them(kit):
    desk = kit.Desk(kit.flat(100.0, 4), terms={"spread": [[math.nan], [0.02], [math.nan], [0.0]]}, half_spread_rate=0.001)
    assert desk.order(1).step()[0][2] == pytest.approx(101.0)
    assert desk.order(1).step()[0][2] == pytest.approx(100.1)
    assert desk.order(1).step()[0][2] == 100.0


def test_sells_go_before_buys_whatever_the_order_of_assets(kit):
    bars = [[(10,) * 4, (10,) * 4]] * 3
    desk = kit.Desk(bars, cash=100.0)
    desk.order(10, asset=1).step()
    desk.order(10, asset=0).order(-10, asset=1)
    # no cash before the sale: 10 of asset 1 pay for 10 of asset 0
    assert desk.step() == [(1, -10, 10.0), (0, 10, 10.0)]
    assert desk.refused == {}


def test_buys_are_scaled_pro_rata_and_rounded_down_where_cash_is_short_at_the_open(kit):
    bars = [[(10,) * 4, (10,) * 4], [(20,) * 4, (15,) * 4]]
    desk = kit.Desk(bars, cash=250.0)
    desk.order(10, asset=0).order(10, asset=1)
    # 10 x 20 + 10 x 15 = 350 asked, 250 there: 5/7 of 10 is 7.14, 7 each; 7 x 35 = 245
    assert desk.step() == [(0, 7, 20.0), (1, 7, 15.0)]
    assert desk.refused == {"SCALED_CASH": 2}
    assert desk.account["cash"] == 5.0


def test_scaling_leaves_room_for_fees_so_that_cash_is_never_negative(kit):
    desk = kit.Desk([(10,) * 4, (10,) * 4], cash=100.0, fee_rate=0.01)
    # 9 x 10 x 1.01 = 90.9 fits, 10 x 10 x 1.01 = 101 does not
    assert desk.order(10).step() == [(0, 9, 10.0)]
    assert desk.account["cash"] == pytest.approx(9.1)


def test_nothing_is_bought_where_not_one_lot_can_be_paid(kit):
    desk = kit.Desk([(10,) * 4, (101,) * 4], cash=100.0)
    assert desk.order(1).step() == []
    assert desk.refused == {"NO_CASH": 1}
    assert desk.sim.record["n_refused"][0] == 1


def test_a_long_only_account_sells_what_it_has_and_no_more(kit):
    desk = kit.Desk(kit.flat(10.0, 4))
    assert desk.order(-3).step() == []
    assert desk.refused == {"NO_SHORT": 1}
    desk.order(5).step()
    assert desk.order(-8).step() == [(0, -5, 10.0)]
    assert desk.refused == {"NO_SHORT": 1}
    assert desk.working == []


def test_a_market_order_is_refused_where_its_bar_cannot_be_traded(kit):
    desk = kit.Desk(kit.flat(10.0, 4), halted=[(1, 0)])
    assert desk.order(3).step() == []
    assert desk.refused == {"NOT_TRADABLE": 1}
    assert desk.order(3).step() == [(0, 3, 10.0)]
    assert desk.refused == {}


def test_orders_under_the_minimum_are_refused_unless_they_only_reduce(kit):
    desk = kit.Desk(kit.flat(10.0, 5), min_notional=50.0)
    assert desk.order(4).step() == []
    assert desk.refused == {"BELOW_MINIMUM": 1}
    assert desk.order(5).step() == [(0, 5, 10.0)]
    assert desk.order(-1).step() == [(0, -1, 10.0)]


def test_reduce_only_never_turns_a_position_round(kit):
    desk = kit.Desk(kit.flat(10.0, 5), allow_short=True)
    assert desk.order(-2, reduce_only=True).step() == []
    assert desk.refused == {"REDUCE_ONLY": 1}
    desk.order(3).step()
    assert desk.order(-9, reduce_only=True).step() == [(0, -3, 10.0)]


def test_market_orders_alone_never_touch_the_pool(kit):
    desk = kit.Desk(kit.flat(10.0, 6))
    before = desk.sim.orders.tobytes()
    for lots in (5, -2, 3):
        desk.order(lots).step()
    assert desk.sim.orders.tobytes() == before
    assert desk.account["next_order_id"] == 4


def test_ids_are_known_before_the_step_and_count_refused_orders_too(kit):
    bars = [[(10,) * 4] * 3] * 3
    desk = kit.Desk(bars)
    desk.order(-1, asset=0).order(2, asset=2)
    assert desk.sim.order_ids().tolist() == [1, 0, 2]
    desk.step()
    assert desk.fills["order_id"].tolist() == [2]
    desk.order(1, asset=1)
    assert desk.sim.order_ids().tolist() == [0, 3, 0]


def test_a_close_only_tape_fills_at_the_close_of_the_next_row_and_refuses_orders_that_need_a_path(kit):
    desk = kit.Desk([(10,) * 4, (12,) * 4, (13,) * 4], close_only=True)
    assert desk.order(2).step() == [(0, 2, 12.0)]
    assert desk.fills["filled_at"][0] == desk.tape.close_at[1]
    assert desk.order(2, limit=13.5).step() == []
    assert desk.refused == {"NO_PATH": 1}


def test_a_multiplier_scales_money_but_not_units(kit):
    desk = kit.Desk([(10,) * 4, (10, 12, 10, 12)], multiplier=50.0, cash=2_000.0, fee_rate=0.01)
    desk.order(2).step()
    # notional 2 x 10 x 50 = 1000, fee 10; gain 2 x 2 x 50 = 200
    assert desk.account["equity"] == pytest.approx(2_190.0)
    assert desk.units == [2.0]


def test_a_position_of_very_many_small_lots_goes_flat(kit):
    # 4e10 lots of 1e-8: the floats of 400 units lie further apart than a millionth of a lot
    desk = kit.Desk(kit.flat(1.0, 90), lot=1e-8, cash=2_000.0)
    for lots in (40_064_439_399, 3, 10_947_297, 99_999_999_999):
        for part in (lots, 7, -lots // 3, -(lots + 7 + -lots // 3)):
            desk.order(part).step()
        assert desk.units == [0.0]
        assert desk.account["n_open"] == 0
