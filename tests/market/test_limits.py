"""Limits: one kernel that says which limit an order would break."""

import math

import numpy as np
import pytest

from quantgym.market.account import new_accounts
from quantgym.market.errors import ConfigError
from quantgym.market.instrument import Instrument, instrument_records
from quantgym.market.limits import (
    LimitSettings,
    limit_intent,
    limit_records,
    new_limit_use,
    new_pending,
    note_order,
    order_price,
    suppose,
    watch_equity,
)
from quantgym.market.order import Refusal

MINUTE = 60_000_000_000
DAY = 24 * 60 * MINUTE


class Guard:
    """Equity 1000; 10 units at 20 of asset 0, -5 at 20 of asset 1."""

    def __init__(self, **settings):
        self.account, self.position = new_accounts(1, 2)
        self.account["equity"] = self.account["peak_equity"] = self.account["initial_equity"] = 1_000.0
        self.position["units"][0], self.position["mark"] = [10.0, -5.0], 20.0
        self.instruments = instrument_records((Instrument(symbol="A"), Instrument(symbol="B")))
        self.limits, self.use, self.pending = limit_records(LimitSettings(**settings)), new_limit_use(), new_pending(1, 2)

    def ask(self, lots, asset=0, now=0, price=20.0, adds=None):
        records = (self.instruments, self.limits, self.account, self.position, self.pending, self.use)
        order = (0, asset, lots, lots if adds is None else adds, price, now)
        reason = limit_intent(*order, *records)
        plain = [array.view(np.recarray) if array.dtype.names else array for array in records]
        assert reason == limit_intent.py_func(*order, *plain)
        return Refusal(reason).name


def test_without_limits_everything_passes():
    assert Guard().ask(1_000_000) == "NONE"


@pytest.mark.parametrize(("settings", "fits", "breaks", "reason"), [
    ({"max_position": 300.0}, 5, 6, "LIMIT_POSITION"),  # (10 + 5) x 20
    ({"max_order": 100.0}, 5, 6, "LIMIT_ORDER_SIZE"),
    ({"max_gross": 400.0}, 5, 6, "LIMIT_GROSS"),  # 15 x 20 + 5 x 20
    ({"max_net": 200.0}, 5, 6, "LIMIT_NET"),  # 15 x 20 - 5 x 20
    ({"max_leverage": 0.4}, 5, 6, "LEVERAGE"),
])  # fmt: skip
def test_each_limit_lets_its_own_value_pass_and_not_one_lot_more(settings, fits, breaks, reason):
    guard = Guard(**settings)
    assert guard.ask(fits) == "NONE"
    assert guard.ask(breaks) == reason


def test_reducing_passes_every_limit_but_the_order_rate():
    guard = Guard(max_position=1.0, max_order=1.0, max_gross=1.0, max_leverage=0.01, max_daily_loss=0.01, max_drawdown=0.01,
                  max_orders_per_minute=1)  # fmt: skip
    guard.account["equity"] = 500.0
    assert guard.ask(-10) == "NONE"
    assert guard.ask(-11) == "LIMIT_ORDER_SIZE"
    assert guard.ask(5, asset=1) == "NONE"
    note_order(0, 0, guard.use)
    assert guard.ask(-10) == "LIMIT_ORDER_RATE"


def test_pending_orders_count_where_they_weigh_most():
    guard = Guard(max_gross=500.0)
    suppose(0, 1, -10, guard.pending)  # asset 1 may come to stand at -15, worth 300, or stay at -5, worth 100
    assert guard.ask(1) == "LIMIT_GROSS"  # 11 x 20 + 300 = 520
    assert guard.ask(-10) == "NONE"
    guard.pending[:] = 0
    suppose(0, 1, 20, guard.pending)  # at -5 or anywhere up to 15
    assert guard.ask(1) == "LIMIT_GROSS"
    guard.pending[:] = 0
    suppose(0, 1, 5, guard.pending)  # what it may reduce is not counted as reduced: 11 x 2100
    assert guard.ask(10) == "NONE"
    assert guard.ask(11) == "LIMIT_GROSS"


def test_the_net_value_is_held_at_both_ends_of_what_may_be_filled():
    guard = Guard(max_net=300.0)
    suppose(0, 1, -12, guard.pending)  # net of asset 1: -17 x 20 = -340, or -100
    assert guard.ask(1) == "NONE"  # 220 - 340 = -120, and 220 - 100
    assert guard.ask(10) == "NONE"  # 400 - 340, and 400 - 100 = 300
    assert guard.ask(11) == "LIMIT_NET"
    assert guard.ask(-19) == "LIMIT_NET"  # -180 - 340 = -520


def test_sales_are_a_way_out_only_as_far_as_what_is_held():
    guard = Guard(max_drawdown=0.1)
    guard.account["equity"] = 500.0
    suppose(0, 0, -4, guard.pending)
    assert guard.ask(-6) == "NONE"
    assert guard.ask(-7) == "LIMIT_DRAWDOWN"
    assert guard.ask(-7, adds=-6) == "NONE"  # one of its group takes the seventh


def test_an_order_is_valued_at_the_highest_price_that_it_names():
    assert order_price(20.0, 0, 0, 0.01) == 20.0
    assert order_price(20.0, 2_100, 0, 0.01) == 21.0
    assert order_price(20.0, 1_900, 2_250, 0.01) == 22.5


def test_orders_are_counted_by_the_minute():
    guard = Guard(max_orders_per_minute=2)
    for _ in range(2):
        assert guard.ask(1, now=MINUTE) == "NONE"
        note_order(0, MINUTE, guard.use)
    assert guard.ask(1, now=2 * MINUTE - 1) == "LIMIT_ORDER_RATE"
    assert guard.ask(1, now=2 * MINUTE) == "NONE"


def test_the_daily_loss_is_measured_from_the_first_mark_of_the_day():
    guard = Guard(max_daily_loss=0.1)
    watch_equity(0, 5, guard.account, guard.use)
    guard.account["equity"] = 900.0
    watch_equity(0, 6, guard.account, guard.use)
    assert guard.ask(1, now=7) == "NONE"
    guard.account["equity"] = 899.0
    assert guard.ask(1, now=8) == "LIMIT_DAILY_LOSS"
    watch_equity(0, DAY, guard.account, guard.use)
    assert guard.ask(1, now=DAY) == "NONE"


def test_the_drawdown_is_measured_from_the_highest_equity():
    guard = Guard(max_drawdown=0.2)
    guard.account["equity"] = 800.0
    assert guard.ask(1) == "NONE"
    guard.account["equity"] = 799.0
    assert guard.ask(1) == "LIMIT_DRAWDOWN"


@pytest.mark.parametrize(("settings", "says"), [
    ({"max_gross": 0.0}, "limits.max_gross must be positive"),
    ({"max_order": math.nan}, "limits.max_order must be positive and finite"),
    ({"max_drawdown": 1.5}, r"limits.max_drawdown is a fraction in \(0, 1\], was 1.5"),
])  # fmt: skip
def test_wrong_settings_are_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        LimitSettings(**settings)
