"""Rolls: one contract ends, the next one begins at another price."""

import math

import pytest

NAN = math.nan
BARS = [(100,) * 4, (100,) * 4, (106, 108, 105, 107), (107,) * 4]
ROLL = {"roll": [[NAN], [NAN], [5.0], [NAN]]}


@pytest.mark.parametrize("lots", [10, -10])
def test_a_roll_moves_mark_and_average_price_and_makes_no_profit(kit, lots):
    desk = kit.Desk(BARS, terms=ROLL, allow_short=True, cash=10_000.0)
    desk.order(lots).step()
    desk.step()
    position = desk.sim.position[0, 0]
    assert (position["average_price"], position["mark"], position["units"]) == (105.0, 107.0, lots)
    # from 105, what the old contract's close of 100 is in the new one, to 107
    assert desk.account["equity"] == 10_000.0 + 2.0 * lots
    assert desk.sim.record["gross"][0] == 2.0 * lots
    assert desk.sim.record["n_fills"][0] == 0


def test_two_market_orders_are_paid_one_at_each_price(kit):
    costs = {"half_spread_rate": 0.01, "slippage_rate": 0.002, "fee_rate": 0.001, "fee_per_unit": 0.5}
    desk = kit.Desk(BARS, terms=ROLL, cash=10_000.0, **costs)
    desk.order(10).step()
    desk.step()
    record = desk.sim.record[0]
    # half spread 1 % of 100 and of 105, slippage 0.2 %, times ten
    assert record["spread"] == pytest.approx(20.5)
    assert record["slippage"] == pytest.approx(4.1)
    # sold at 100 - 1.2 = 98.8, bought at 105 + 1.26 = 106.26: 0.1 % of 988 and 1062.6, twice 10 x 0.5
    assert record["commission"] == pytest.approx(0.988 + 1.0626 + 10.0)
    assert record["traded_notional"] == pytest.approx(988 + 1_062.6)
    assert record["impact"] == 0.0
    assert record["gross"] == pytest.approx(20.0)


def test_a_short_buys_the_old_contract_and_sells_the_next(kit):
    desk = kit.Desk(BARS, terms=ROLL, cash=10_000.0, allow_short=True, fee_rate=0.001, half_spread_rate=0.01)
    desk.order(-10).step()
    desk.step()
    # bought at 101, sold at 103.95
    assert desk.sim.record["commission"][0] == pytest.approx(1.01 + 1.0395)


def test_the_price_falls_where_the_next_contract_is_cheaper(kit):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (96, 97, 95, 96)], terms={"roll": [[NAN], [NAN], [-4.0]]}, cash=10_000.0)
    desk.order(10).step()
    desk.step()
    assert desk.account["equity"] == 10_000.0


def test_who_holds_nothing_pays_nothing(kit):
    desk = kit.Desk(BARS, terms=ROLL, fee_rate=0.1)
    desk.step()
    desk.step()
    assert (desk.account["equity"], desk.account["cash"]) == (1_000.0, 1_000.0)


def test_a_multiplier_and_the_currency_of_the_row_count(kit):
    terms = {**ROLL, "fx": [[1.0], [1.0], [1.5], [1.5]]}
    desk = kit.Desk(BARS, terms=terms, multiplier=10.0, cash=100_000.0, half_spread_rate=0.01)
    desk.order(10).step()
    bought = desk.account["equity"]
    desk.step()
    # spread 205 x 1.5 = 307.5; the old contract was worth 10000, now 15000; two points of the new one: 200 x 1.5
    assert desk.sim.record["spread"][0] == pytest.approx(307.5)
    assert desk.account["equity"] - bought == pytest.approx(5_000 + 300 - 307.5)
    assert desk.sim.record["gross"][0] == pytest.approx(5_300.0)


def test_orders_leave_and_new_prices_are_refused(kit):
    desk = kit.Desk(BARS, terms=ROLL, cash=10_000.0)
    desk.order(10, limit=50).step()
    assert desk.working == [1]
    desk.order(10, limit=60).step()
    assert desk.refused == {"ROLLED": 1}
    assert desk.working == []


def test_an_isolated_position_keeps_its_margin(kit):
    desk = kit.Desk(BARS, terms=ROLL, account="isolated", max_leverage=4.0, cash=10_000.0)
    desk.order(10).step()
    desk.step()
    assert desk.sim.position["margin"][0, 0] == 250.0
