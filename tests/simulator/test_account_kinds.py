"""Account kinds: what each may buy with, what is set aside, what brackets allow."""

import numpy as np
import pytest

from quantgym.market.brackets import BRACKETS, BracketTable
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError


@pytest.fixture
def brackets(monkeypatch):
    """10 % up to a value of 1,000 with leverage up to 10, then 20 % and leverage up to 5."""
    rows = ((0.0, 0.1, 0.0, 10.0), (1_000.0, 0.2, 100.0, 5.0))
    monkeypatch.setitem(BRACKETS, "test", BracketTable(name="test", rows=rows, source=None, confirmed=False))
    return "test"


def test_a_cash_account_spends_its_cash_and_no_more(kit):
    desk = kit.Desk(kit.flat(100.0), account="cash")
    assert desk.order(11).step() == [(0, 10, 100.0)]
    assert desk.account["cash"] == 0.0
    with pytest.raises(ConfigError, match="cash neither borrows nor sells short"):
        kit.Desk(kit.flat(100.0), account="cash", max_leverage=2.0)


def test_a_leverage_account_of_leverage_one_is_no_cash_account(kit):
    # gross exposure counts, not cash: the short takes 500 of 1,000
    desk = kit.Desk([[(100,) * 4] * 2] * 4, account="leverage", allow_short=True)
    desk.order(-5, asset=0).step()
    assert desk.order(10, asset=1).step() == [(1, 5, 100.0)]
    assert desk.account["cash"] == 1_000.0


def test_reg_t_buys_for_twice_the_equity_and_no_more(kit):
    desk = kit.Desk(kit.flat(100.0), account="reg_t", max_leverage=2.0)
    assert desk.order(21).step() == [(0, 20, 100.0)]
    with pytest.raises(ConfigError, match="reg_t account must be at most 2"):
        kit.Desk(kit.flat(100.0), account="reg_t", max_leverage=3.0)


@pytest.mark.parametrize("account", ["leverage", "reg_t", "cross", "isolated"])
def test_shorts_are_forbidden_where_the_rules_forbid_them_whatever_the_account(kit, account):
    desk = kit.Desk(kit.flat(100.0), account=account, max_leverage=2.0)
    assert desk.order(-1).step() == []
    assert desk.refused == {"NO_SHORT": 1}


def test_cross_shares_its_profits_and_isolated_keeps_them_in_their_position(kit):
    bars = [[(100,) * 4] * 2, [(100,) * 4] * 2, [(150,) * 4, (100,) * 4]]
    grown = {}
    for account in ("cross", "isolated"):
        desk = kit.Desk(bars, account=account, max_leverage=2.0)
        desk.order(10, asset=0).step()
        grown[account] = desk.order(100, asset=1).step()
    # cross: equity 1500, gross 1500: power 2 x 1500 - 1500. isolated: 1000 less 10 x 100 / 2 set aside, twice that
    assert grown == {"cross": [(1, 15, 100.0)], "isolated": [(1, 10, 100.0)]}


def test_isolated_margin_grows_with_a_position_and_is_given_back_in_proportion(kit):
    bars = [(100,) * 4, (100,) * 4, (120,) * 4, (90,) * 4, (90,) * 4, (90,) * 4]
    desk = kit.Desk(bars, account="isolated", max_leverage=5.0, allow_short=True)
    position = desk.sim.position[0, 0]

    def margin():
        return desk.sim.position["margin"][0, 0]

    desk.order(10).step()
    assert margin() == 200.0  # 10 x 100 / 5
    desk.order(5).step()
    assert margin() == 320.0  # and 5 x 120 / 5
    desk.order(-6).step()
    assert margin() == pytest.approx(192.0)  # 9 of 15 are left
    desk.order(-13).step()
    assert margin() == 72.0  # turned: 4 x 90 / 5
    desk.order(4).step()
    assert (margin(), position["units"]) == (0.0, 0.0)


def test_what_is_lost_when_a_position_shrinks_comes_off_the_free_part(kit):
    bars = [[(100,) * 4] * 2, [(100,) * 4] * 2, [(80,) * 4, (100,) * 4], [(80,) * 4, (100,) * 4]]
    desk = kit.Desk(bars, account="isolated", max_leverage=2.0)
    desk.order(10, asset=0).step()
    desk.order(-5, asset=0).step()
    # 5 x 20 are lost: 900 in all, 250 still set aside: 650 x 2 / 100
    assert desk.order(100, asset=1).step() == [(1, 13, 100.0)]


def test_costs_of_an_isolated_fill_use_power_as_those_of_a_margin_account(kit):
    desk = kit.Desk(kit.flat(100.0), account="isolated", max_leverage=2.0, fee_rate=0.01)
    # n x 100 + 2 x n x 1 <= 2000: 19
    assert desk.order(25).step() == [(0, 19, 100.0)]


def test_a_position_grows_to_the_end_of_the_last_bracket_that_allows_the_leverage(kit, brackets):
    desk = kit.Desk(kit.flat(100.0, 5), account="cross", max_leverage=8.0, brackets=brackets, allow_short=True)
    # leverage 8 is allowed up to a value of 1,000: ten units
    assert desk.order(25).step() == [(0, 10, 100.0)]
    assert desk.refused == {"LEVERAGE": 1}
    # ten more would be beyond it, turning round to ten short is not
    assert desk.order(1).step() == []
    assert desk.refused == {"LEVERAGE": 1}
    assert desk.order(-25).step() == [(0, -20, 100.0)]
    assert desk.units == [-10.0]


def test_with_less_leverage_the_last_bracket_has_no_end(kit, brackets):
    desk = kit.Desk(kit.flat(100.0), account="cross", max_leverage=5.0, brackets=brackets)
    assert desk.order(60).step() == [(0, 50, 100.0)]
    assert desk.refused == {"SCALED_CASH": 1}


def test_what_has_grown_beyond_its_bracket_by_its_price_may_stay_but_not_grow(kit, brackets):
    desk = kit.Desk([(100,) * 4, (100,) * 4, (150,) * 4, (150,) * 4], account="cross", max_leverage=8.0, brackets=brackets)
    desk.order(10).step()
    assert desk.order(1).step() == []
    assert desk.refused == {"LEVERAGE": 1}
    assert desk.order(-1).step() == [(0, -1, 150.0)]


def test_a_leverage_that_no_bracket_allows_is_refused_by_name(kit, brackets):
    with pytest.raises(ConfigError, match=r"costs.max_leverage must be at most 10 with brackets test, was 20"):
        kit.Desk(kit.flat(100.0), account="cross", max_leverage=20.0, brackets=brackets)


def test_a_fill_or_kill_order_is_filled_whole_or_counted_once(kit):
    desk = kit.Desk(kit.flat(100.0, 4))
    assert desk.order(10, tif="FOK").step() == [(0, 10, 100.0)]
    desk.order(-10).step()
    assert desk.order(11, tif="FOK").step() == []
    assert desk.refused == {"FILL_OR_KILL": 1}


def test_the_rules_of_one_account_do_not_touch_the_next(kit):
    tape = kit.tape(kit.flat(100.0))
    from quantgym.market.rules import ACCOUNTS
    from quantgym.simulator.simulator import Simulator

    sim = Simulator(tape, CostSettings(**{**kit.FREE, "max_leverage": 2.0}), n_envs=3, record_fills=True)
    sim.rules["account"] = [ACCOUNTS["cash"], ACCOUNTS["leverage"], ACCOUNTS["isolated"]]
    sim.open_accounts(1_000.0, np.zeros(3, int))
    sim.intents["lots"] = 30
    sim.step()
    assert sim.position["units"][:, 0].tolist() == [10.0, 20.0, 20.0]
    assert sim.position["margin"][:, 0].tolist() == [0.0, 0.0, 1_000.0]
