"""Matching by intensity: what is reached fills at its limit as a maker, before the mid moves; by hand."""

import math

import numpy as np
import pytest

from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, ShapeError
from quantgym.market.order import TICKET, OrderKind, OrderState, Refusal, TimeInForce
from quantgym.simulator.intensity import IntensitySimulator, reach_of
from quantgym.simulator.order import Order, bracket

CLOSES = [100.0, 101.0, 99.0]


class Maker:
    """One account whose quotes are spoken in prices."""

    def __init__(self, kit, reach, *, closes=CLOSES, cash=10_000.0, log=False, halted=(), terms=None, n_tickets=2, **costs):
        self.tape = kit.tape([(close,) * 4 for close in closes], halted=halted, terms=terms)
        settings = {**kit.FREE, "allow_short": True, "max_leverage": 10.0, **costs}
        self.sim = IntensitySimulator(
            self.tape, CostSettings(**settings), np.array(reach, float), max_tickets=n_tickets, record_fills=True, record_orders=log
        )  # fmt: skip
        self.sim.open_accounts(cash, np.array([0]))

    def quote(self, bid=None, ask=None, lots=1, *, kind=OrderKind.LIMIT, tif=TimeInForce.GTC):
        quoted = [(price, size) for price, size in ((bid, lots), (ask, -lots)) if price is not None]
        for slot, (price, size) in enumerate(quoted):
            self.sim.tickets[0, slot] = np.zeros((), TICKET)
            for name, value in (("lots", size), ("price_ticks", round(price * 100)), ("kind", kind), ("tif", tif)):
                self.sim.tickets[0, slot][name] = value
        self.sim.step()
        self.sim.check()
        return [(int(f["lots"]), float(f["price"])) for f in self.sim.fills_of_step() if f["lots"]]

    @property
    def refused(self):
        return {Refusal(i).name: int(n) for i, n in enumerate(self.sim.refused[0]) if n}

    @property
    def log(self):
        return [(int(entry["order_id"]), OrderState(entry["state"]).name) for entry in self.sim.log_of_step(0)]


def test_what_is_reached_fills_at_its_limit_and_then_the_mid_moves(kit):
    # sales come 0.5 below the mid of 100, buys 0.3 above: the bid at 99.5 fills, the ask at 100.4 does not
    maker = Maker(kit, [[0.5, 0.3]] * 3)
    assert maker.quote(bid=99.5, ask=100.4) == [(1, 99.5)]
    account, record = maker.sim.account[0], maker.sim.record[0]
    # one unit bought at 99.5, marked at 101
    assert (account["cash"], account["equity"], account["gross"]) == (9_900.5, 10_001.5, 1.5)
    assert (record["row"], record["n_fills"], record["equity_before"]) == (1, 1, 10_000.0)
    # one tick further away it is not reached
    assert maker.quote(bid=101.0 - 0.51, ask=101.0 + 0.31) == []
    assert maker.sim.account["equity"][0] == 9_999.5


def test_both_sides_may_fill_in_one_step(kit):
    maker = Maker(kit, [[1.0, 1.0]] * 3)
    assert maker.quote(bid=99.2, ask=100.9, lots=3) == [(3, 99.2), (-3, 100.9)]
    assert maker.sim.position["units"][0, 0] == 0.0
    assert maker.sim.account["equity"][0] == pytest.approx(10_000.0 + 3 * 1.7)


def test_a_fill_pays_a_makers_fee_and_nothing_else(kit):
    maker = Maker(kit, [[1.0, 1.0]] * 3, fee_rate=0.01, maker_fee_rate=-0.001, half_spread_rate=0.01, slippage_rate=0.01)
    maker.quote(bid=99.0, lots=10)
    # a rebate of a thousandth of 990
    entry = maker.sim.fills_of_step()[0]
    assert (entry["commission"], entry["spread"], entry["slippage"], entry["impact"]) == (-0.99, 0.0, 0.0, 0.0)
    assert (entry["maker"], entry["kind"], entry["state"], entry["reference"]) == (1, OrderKind.LIMIT, OrderState.FILLED, 99.0)
    # decided at 12:00, marked at 12:00 of the next day: nobody knows when in between
    assert entry["filled_at"] - entry["decided_at"] == kit.DAY // 2
    assert (entry["row"], entry["order_id"]) == (1, 1)


def test_a_quote_beyond_the_mid_is_a_makers_as_well(kit):
    maker = Maker(kit, [[-0.25, -math.inf]] * 3)
    # the furthest sale stops 0.25 above the mid: a bid there gets it, the ask gets nothing
    assert maker.quote(bid=100.25, ask=100.0) == [(1, 100.25)]
    assert maker.sim.account["equity"][0] == 10_000.75


def test_a_row_of_the_reach_serves_one_step(kit):
    maker = Maker(kit, [[1.0, -math.inf], [-math.inf, 1.0]])
    assert maker.quote(bid=99.5, ask=100.5) == [(1, 99.5)]
    assert maker.quote(bid=100.5, ask=101.5) == [(-1, 101.5)]


def test_orders_stand_for_one_step(kit):
    maker = Maker(kit, [[1.0, 0.1], [1.0, 1.0]], log=True)
    maker.quote(bid=99.5, ask=100.5)
    assert maker.log == [(1, "PENDING"), (2, "PENDING"), (1, "OPEN"), (2, "OPEN"), (1, "FILLED"), (2, "EXPIRED")]
    assert maker.sim.account["n_working"][0] == 0
    assert maker.quote() == []


def test_fills_come_before_dividends_and_splits_of_the_next_row(kit):
    # bought at 99.5 before the row in which a unit becomes two and each pays 0.5: two units, a dividend of 1, a close of 50
    terms = {"split": np.array([[1.0], [2.0], [1.0]]), "dividend": np.array([[0.0], [0.5], [0.0]])}
    maker = Maker(kit, [[1.0, 1.0]] * 3, closes=[100.0, 50.0, 50.0], terms=terms)
    assert maker.quote(bid=99.5) == [(1, 99.5)]
    assert maker.sim.position["units"][0, 0] == 2.0
    assert maker.sim.account["equity"][0] == pytest.approx(10_000.0 - 99.5 + 1.0 + 100.0)


def test_nothing_fills_where_nothing_is_traded(kit):
    maker = Maker(kit, [[9.0, 9.0]] * 3, halted=[(1, 0)])
    assert maker.quote(bid=99.5, ask=100.5) == []
    assert maker.quote(bid=99.5) == [(1, 99.5)]  # at the mid of 100, which was carried


def test_what_reduces_comes_first_and_what_cannot_be_paid_is_cut(kit):
    # equity 1,000 and leverage 1: a short of 9 at 100 leaves power for 1; the bid covers 9 first and gives back power
    maker = Maker(kit, [[9.0, 9.0]] * 4, closes=[100.0] * 4, cash=1_000.0, max_leverage=1.0)
    assert maker.quote(ask=100.0, lots=9) == [(-9, 100.0)]
    assert maker.quote(bid=99.0, ask=100.0, lots=9) == [(9, 99.0), (-9, 100.0)]
    assert maker.refused == {}
    # equity 1,009, short 900: of 9 more there is power for one
    assert maker.quote(ask=100.0, lots=9) == [(-1, 100.0)]
    assert maker.refused == {"SCALED_CASH": 1}


def test_an_account_without_shorts_sells_what_it_holds(kit):
    maker = Maker(kit, [[9.0, 9.0]] * 3, allow_short=False, max_leverage=1.0)
    assert maker.quote(ask=100.5) == []
    assert maker.refused == {"NO_SHORT": 1}
    maker.sim.open_accounts(10_000.0, np.array([0]))
    assert maker.quote(bid=99.5, lots=2) == [(2, 99.5)]
    assert maker.quote(ask=101.5, lots=3) == [(-2, 101.5)]
    assert maker.refused == {"NO_SHORT": 1}


def test_only_limit_orders_without_families_stand_here(kit):
    maker = Maker(kit, [[9.0, 9.0]] * 3, n_tickets=4)
    maker.sim.intents["lots"] = 5  # a market order
    maker.sim.place(Order("S0", 1.0, kind="limit", limit=99.0, time_in_force="IOC"))
    maker.sim.place(bracket(Order("S0", 1.0, kind="limit", limit=99.0), stop=90.0, target=110.0))
    assert maker.quote() == []
    # a bracket's entry does not stand without its stop and its target
    assert maker.refused == {"BAD_ORDER": 5}
    maker.sim.intents["lots"], maker.sim.intents["kind"], maker.sim.intents["price_ticks"] = 1, OrderKind.LIMIT, -5
    assert maker.quote() == []
    assert maker.refused == {"BAD_PRICE": 1}


def test_quotes_may_stand_on_several_levels(kit):
    maker = Maker(kit, [[0.5, 0.5]] * 3, n_tickets=3)
    for limit in (99.8, 99.6, 99.4):
        maker.sim.place(Order("S0", 1.0, kind="limit", limit=limit))
    assert maker.quote() == [(1, 99.8), (1, 99.6)]


def test_ruin_ends_the_account(kit):
    maker = Maker(kit, [[9.0, 9.0]] * 4, closes=[100.0, 50.0, 50.0, 50.0], cash=100.0, max_leverage=3.0)
    maker.quote(bid=100.0, lots=2)
    assert maker.sim.record["ruined"][0] == 1
    assert maker.quote(bid=49.0) == []
    assert maker.refused == {"RUINED": 1}


@pytest.mark.parametrize("fills", ["poisson", "linear"])
def test_the_chance_of_a_fill_is_the_one_that_was_asked_for(kit, fills):
    # 0.8 orders a step, thinned by e^(-2 d): at 0.3 below 0.8 e^-0.6 = 0.43905 of them
    n, draw = 40_000, np.random.default_rng(3)
    draws = draw.exponential(size=(n, 2)) if fills == "poisson" else 1.0 - draw.random((n, 2))
    tape = kit.tape([(100.0,) * 4] * 2)
    sim = IntensitySimulator(tape, CostSettings(**kit.FREE), reach_of(draws, 0.8, 2.0), n_envs=n)
    sim.open_accounts(1_000.0, np.zeros(n, int))
    sim.reach_rows[...] = np.arange(n)
    sim.intents["lots"], sim.intents["kind"], sim.intents["price_ticks"] = 1, OrderKind.LIMIT, 9_970
    sim.step()
    sim.check()
    chance = 1.0 - math.exp(-0.43905) if fills == "poisson" else 0.43905
    assert abs((sim.position["units"] == 1.0).mean() - chance) < 4.0 * math.sqrt(chance * (1.0 - chance) / n)


def test_a_reach_needs_positive_numbers():
    with pytest.raises(ConfigError, match="positive draws"):
        reach_of(np.array([0.0]), 1.0, 1.0)
    with pytest.raises(ConfigError, match="positive decay"):
        reach_of(np.array([1.0]), 1.0, -1.0)


@pytest.mark.parametrize(("name", "costs"), [
    ("latency_ms", {"latency_ms": 1.0}), ("participation", {"participation": 0.1}), ("account", {"account": "cross"}),
    ("impact", {"impact": "transient", "impact_volume": 1.0}),
])  # fmt: skip
def test_rules_of_the_other_exchange_are_refused_by_name(kit, name, costs):
    with pytest.raises(ConfigError, match=f"costs.{name}"):
        IntensitySimulator(kit.tape(kit.flat(100.0)), CostSettings(**costs), np.zeros((3, 2)))


@pytest.mark.parametrize(("reach", "error", "words"), [
    (np.zeros((3, 3)), ShapeError, "shape"), (np.zeros((3, 2), int), ShapeError, "floats"), (np.zeros((0, 2)), DataError, "rows"),
    (np.full((3, 2), np.nan), DataError, "NaN"), (np.zeros((3, 2, 2)), ShapeError, "n_assets, 2"),
])  # fmt: skip
def test_a_wrong_reach_is_refused(kit, reach, error, words):
    with pytest.raises(error, match=words):
        IntensitySimulator(kit.tape(kit.flat(100.0)), CostSettings(), reach)


def test_a_reach_that_ends_too_early_is_refused_and_nothing_moves(kit):
    maker = Maker(kit, [[1.0, 1.0]])
    maker.quote()
    with pytest.raises(DataError, match="reach has 1 rows, it stands at row 1"):
        maker.sim.step()
    assert maker.sim.rows[0] == 1
    maker.sim.reach_rows[0] = 0
    maker.sim.step()
    with pytest.raises(DataError, match="cannot step from row 2"):
        maker.sim.step()


def test_a_state_of_the_other_exchange_is_refused(kit):
    maker = Maker(kit, [[1.0, 1.0]] * 3)
    state = maker.sim.state()
    del state["reach_rows"]
    with pytest.raises(ShapeError, match="reach_rows"):
        maker.sim.load(state)
