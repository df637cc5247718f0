"""Margin accounts: leverage, shorts, turning round, ruin."""

import math

import numpy as np
import pytest

from quantgym.market.order import Refusal


def test_a_margin_account_buys_up_to_its_leverage(kit):
    desk = kit.Desk(kit.flat(100.0), max_leverage=2.0)
    # 2 x 1000 of power: twenty units, cash is borrowed
    assert desk.order(25).step() == [(0, 20, 100.0)]
    assert desk.refused == {"SCALED_CASH": 1}
    assert desk.account["cash"] == -1_000.0


def test_costs_come_off_the_power_with_the_leverage_that_they_take_away(kit):
    desk = kit.Desk(kit.flat(100.0), max_leverage=2.0, fee_rate=0.01)
    # n x 100 + 2 x n x 1 <= 2000: 19 (1938), and then gross 1900 <= 2 x 981
    assert desk.order(25).step() == [(0, 19, 100.0)]
    account = desk.account
    assert 2.0 * account["equity"] >= 1_900.0


def test_leverage_under_one_keeps_cash_back(kit):
    desk = kit.Desk(kit.flat(100.0), max_leverage=0.5)
    assert desk.order(10).step() == [(0, 5, 100.0)]


def test_a_short_earns_when_the_price_falls(kit):
    desk = kit.Desk([(100,) * 4, (100, 100, 80, 80)], allow_short=True)
    assert desk.order(-5).step() == [(0, -5, 100.0)]
    assert (desk.account["cash"], desk.account["equity"]) == (1_500.0, 1_100.0)


def test_shorts_need_power_too(kit):
    desk = kit.Desk(kit.flat(100.0), allow_short=True)
    assert desk.order(-15).step() == [(0, -10, 100.0)]
    assert desk.order(-1).step() == []
    assert desk.refused == {"NO_CASH": 1}


def test_turning_round_needs_power_only_for_what_grows(kit):
    desk = kit.Desk(kit.flat(100.0, 5), allow_short=True)
    desk.order(10).step()
    # from +10 to -10 exposure does not grow
    assert desk.order(-20).step() == [(0, -20, 100.0)]
    # from -10 to +15 it would grow by 5 and there is no power for that
    assert desk.order(25).step() == [(0, 20, 100.0)]
    assert desk.refused == {"SCALED_CASH": 1}
    assert desk.units == [10.0]


def test_power_is_taken_at_the_prices_of_the_open_not_of_the_last_close(kit):
    bars = [[(100,) * 4, (10,) * 4], [(100,) * 4, (10,) * 4], [(50,) * 4, (10,) * 4]]
    desk = kit.Desk(bars, max_leverage=2.0)
    desk.order(10).step()
    # at the open of row 2 equity is 500 and gross 500: power 2 x 500 - 500 = 500
    assert desk.order(100, asset=1).step() == [(1, 50, 10.0)]


def test_average_price_and_realised_profit_through_a_turn(kit):
    desk = kit.Desk([(10,) * 4, (10,) * 4, (14,) * 4, (15,) * 4, (15,) * 4], allow_short=True)
    desk.order(4).step()
    desk.order(4).step()
    position = desk.sim.position[0, 0]
    assert position["average_price"] == 12.0
    desk.order(-10).step()
    # 8 x (15 - 12); two short from 15
    assert (position["realised"], position["average_price"], position["units"]) == (24.0, 15.0, -2.0)
    assert position["opened_row"] == 3
    desk.order(2).step()
    assert (position["average_price"], position["opened_row"], desk.account["trade_row"]) == (0.0, -1, -1)


def test_ruin_ends_trading_in_the_step_that_brings_it_and_its_loss_is_booked(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (300,) * 4, (300,) * 4], allow_short=True)
    desk.order(-10).step()
    desk.order(1, limit=50)
    desk.step()
    # 2000 of cash, ten to buy back at 300
    assert (desk.account["equity"], desk.account["ruined"], desk.sim.record["ruined"][0]) == (-1_000.0, 1, 1)
    assert desk.working == []
    desk.order(10).step()
    assert desk.refused == {"RUINED": 1}
    assert desk.sim.record["ruined"][0] == 0


def test_the_floor_of_ruin_is_a_fraction_of_the_first_equity(kit):
    bars = [(100,) * 4, (100,) * 4, (10.01,) * 4, (10,) * 4]
    desk = kit.Desk(bars, ruin_equity_fraction=0.1)
    desk.order(10).step()
    desk.step()
    assert desk.account["ruined"] == 0
    desk.step()
    # 100 of 1000 left: at the floor is ruin
    assert desk.account["ruined"] == 1


def test_other_assets_stand_at_their_open_while_one_chooses_its_path(kit):
    # both long with a stop and a target each: each meets its stop first, whatever the other does
    bars = [[(100,) * 4] * 2] * 4 + [[(100, 103, 97, 100)] * 2]
    desk = kit.Desk(bars, cash=10_000.0)
    desk.order(10, asset=0).order(10, asset=1).step()
    desk.order(-10, asset=0, limit=102, reduce_only=True).order(-10, asset=1, limit=102, reduce_only=True).step()
    desk.order(-10, asset=0, stop=98, reduce_only=True).order(-10, asset=1, stop=98, reduce_only=True).step()
    assert desk.step() == [(0, -10, 98.0), (1, -10, 98.0)]


def test_the_trial_of_a_path_leaves_no_trace(kit):
    # a sell limit above and a buy stop above: what is tried and dropped is counted nowhere
    desk = kit.Desk([(100,) * 4, (100,) * 4, (100, 104, 96, 100)], cash=10_000.0)
    desk.order(10).step()
    desk.order(-10, limit=102)
    desk.step()
    account = desk.account
    assert (account["n_fills"], len(desk.fills)) == (2, 1)
    assert desk.sim.refused.sum() == 0


def test_adverse_is_the_worse_of_the_two_paths(kit):
    generator = np.random.Generator(np.random.PCG64(3))
    for _ in range(60):
        low, high = 100 - generator.integers(1, 9), 100 + generator.integers(1, 9)
        bar = (100, high, low, generator.integers(low, high + 1))
        sides, levels = generator.choice([-6, -2, 3, 7], 2), generator.integers(low, high + 1, 2)
        ends = {}
        for path in ("olhc", "ohlc", "adverse"):
            desk = kit.Desk([(100,) * 4] * 4 + [bar], path=path, allow_short=True, max_leverage=5.0, cash=10_000.0)
            desk.order(5).step()
            desk.order(sides[0], limit=levels[0]).step()
            desk.order(sides[1], stop=levels[1]).step()
            desk.step()
            ends[path] = float(desk.account["equity"])
        assert ends["adverse"] == min(ends["olhc"], ends["ohlc"])


def test_refusals_are_counted_for_one_step_only(kit):
    desk = kit.Desk(kit.flat(10.0, 4))
    desk.order(-1).step()
    assert desk.sim.refused[0, Refusal.NO_SHORT] == 1
    desk.step()
    assert desk.sim.refused.sum() == 0
    assert math.isclose(desk.account["equity"], 1_000.0)
    assert desk.sim.record["n_refused"][0] == 0
    assert pytest.approx(0.0) == desk.sim.record["traded_notional"][0]
