"""Delistings: what is held is paid out, what was ordered leaves."""

import numpy as np
import pytest

from quantgym.data.tape import Tape
from quantgym.market.errors import ConfigError
from quantgym.market.order import OrderKind, OrderState

BARS = [[(100,) * 4] * 2, [(100,) * 4] * 2, [(90, 95, 80, 84), (100,) * 4], [(0,) * 4, (100,) * 4], [(0,) * 4, (100,) * 4]]
GONE = {"halted": [(3, 0), (4, 0)]}  # no bar to the end: the asset has left the tape


def test_a_position_is_paid_out_at_the_last_close_without_costs(kit):
    desk = kit.Desk(BARS, fee_rate=0.01, half_spread_rate=0.01, cash=10_000.0, **GONE)
    desk.order(10).step()
    desk.step()
    before = desk.account["equity"]
    assert desk.step() == [(0, -10, 84.0)]
    fill = desk.fills[0]
    assert (fill["order_id"], fill["kind"], fill["state"]) == (0, OrderKind.DELISTING, OrderState.FILLED)
    assert [fill[name] for name in ("spread", "slippage", "impact", "commission", "fees")] == [0.0] * 5
    assert fill["filled_at"] == desk.tape.open_at[3]
    assert (desk.account["equity"], desk.units) == (before, [0.0, 0.0])
    assert (desk.account["n_open"], desk.account["trade_row"]) == (0, -1)
    assert desk.step() == []


def test_a_delisting_return_is_lost_on_top_of_the_last_close(kit):
    desk = kit.Desk(BARS, delisting_return=-0.5, cash=10_000.0, **GONE)
    desk.order(10).step()
    desk.step()
    assert desk.step() == [(0, -10, 42.0)]
    # bought for 1000, 420 came back
    assert desk.account["equity"] == 9_420.0
    with pytest.raises(ConfigError, match=r"costs.delisting_return must lie in \[-1, 1\], was -2"):
        kit.Desk(BARS, delisting_return=-2.0, **GONE)


def test_all_may_be_lost(kit):
    desk = kit.Desk(BARS, delisting_return=-1.0, cash=10_000.0, **GONE)
    desk.order(10).step()
    desk.step()
    desk.step()
    assert desk.account["equity"] == 9_000.0


def test_a_short_is_bought_back_at_what_is_left(kit):
    desk = kit.Desk(BARS, delisting_return=-0.5, allow_short=True, cash=10_000.0, **GONE)
    desk.order(-10).step()
    desk.step()
    assert desk.step() == [(0, 10, 42.0)]
    assert desk.account["equity"] == 10_580.0


def test_borrow_is_owed_to_the_last_day_and_nothing_after_it(kit):
    desk = kit.Desk(BARS, borrow_rate=0.365, allow_short=True, cash=10_000.0, **GONE)
    desk.order(-10).step()
    desk.step()
    desk.step()
    # 84 x 10 x 0.365 / 365
    assert desk.sim.record["borrow"][0] == pytest.approx(0.84)
    desk.step()
    assert desk.sim.record["borrow"][0] == 0.0


def test_orders_leave_and_new_ones_are_refused(kit):
    desk = kit.Desk(BARS, cash=10_000.0, **GONE)
    desk.order(10, limit=50).step()
    desk.step()
    assert desk.working == [1]
    desk.order(1)
    assert desk.step() == []
    assert desk.working == []
    assert desk.refused == {"NOT_LISTED": 1}


def test_the_currency_of_the_row_converts_what_is_paid_out(kit):
    terms = {"fx": [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.5, 1.0], [1.5, 1.0]]}
    desk = kit.Desk(BARS, terms=terms, cash=10_000.0, **GONE)
    desk.order(10).step()
    desk.step()
    desk.step()
    # 9000 + 840 x 1.5
    assert desk.account["equity"] == 10_260.0


def test_isolated_margin_comes_back(kit):
    desk = kit.Desk(BARS, account="isolated", max_leverage=2.0, cash=10_000.0, **GONE)
    desk.order(10).step()
    assert desk.sim.position["margin"][0, 0] == 500.0
    desk.step()
    desk.step()
    assert desk.sim.position["margin"][0, 0] == 0.0


def test_a_halt_is_no_delisting(kit):
    tape = kit.tape(BARS, **GONE)
    bars = tape.bars.copy()
    bars["present"][3:, 0] = 1
    back = Tape.build("halted", tape.instruments, tape.clock, bars)
    desk = kit.Desk(None, tape=back, cash=10_000.0)
    desk.order(10).step()
    desk.step()
    assert desk.step() == []
    assert desk.units == [10.0, 0.0]
    np.testing.assert_array_equal(desk.sim.position["mark"][0], [84.0, 100.0])
