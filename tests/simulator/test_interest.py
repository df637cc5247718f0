"""Interest: what is borrowed pays, free cash receives, by calendar days over 360."""

import numpy as np
import pytest

from quantgym.market.errors import ConfigError


def test_borrowed_cash_pays_interest_by_the_day(kit):
    desk = kit.Desk(kit.flat(100.0, 4), account="leverage", max_leverage=2.0, margin_interest_rate=0.072)
    desk.order(20).step()
    assert desk.account["interest"] == 0.0
    # 1000 borrowed at 7.2 % over 360: 0.2 a day
    desk.step()
    assert desk.sim.record["interest"][0] == pytest.approx(-0.2)
    assert desk.account["cash"] == pytest.approx(-1_000.2)
    # and interest on the interest
    desk.step()
    assert desk.sim.record["interest"][0] == pytest.approx(-0.2 * 1.0002)


def test_a_weekend_counts_three_days(kit):
    tape = kit.tape(kit.flat(100.0, 4))
    clock = tape.clock.copy()
    clock["open_at"][2:] += 2 * kit.DAY
    clock["close_at"][2:] += 2 * kit.DAY
    from quantgym.data.tape import Tape

    longer = Tape.build("weekend", tape.instruments, clock, tape.bars)
    desk = kit.Desk(None, tape=longer, account="leverage", max_leverage=2.0, margin_interest_rate=0.072)
    desk.order(20).step()
    desk.step()
    assert desk.sim.record["interest"][0] == pytest.approx(-0.6)


def test_free_cash_receives_interest_also_where_nothing_is_held(kit):
    desk = kit.Desk(kit.flat(100.0, 4), cash=36_000.0, cash_interest_rate=0.01)
    desk.step()
    # 36000 at 1 % over 360
    assert desk.sim.record["interest"][0] == pytest.approx(1.0)
    desk.order(180).step()
    desk.step()
    assert desk.sim.record["interest"][0] == pytest.approx(0.5, rel=1e-3)


def test_a_negative_rate_is_paid_on_free_cash(kit):
    desk = kit.Desk(kit.flat(100.0), cash=36_000.0, cash_interest_rate=-0.01)
    desk.step()
    assert desk.account["interest"] == pytest.approx(-1.0)
    with pytest.raises(ConfigError, match=r"costs.cash_interest_rate must lie in \(-1, 1\), was 5"):
        kit.Desk(kit.flat(100.0), cash_interest_rate=5.0)


def test_the_proceeds_of_shorts_are_not_free(kit):
    rates = {"cash_interest_rate": 0.036, "margin_interest_rate": 0.36}
    desk = kit.Desk([(100,) * 4, (100,) * 4, (250,) * 4, (250,) * 4], account="leverage", allow_short=True, **rates)
    desk.order(-5).step()
    # the day before all 1000 of cash were free: 0.1
    assert desk.account["interest"] == pytest.approx(0.1)
    # cash 1500.1, shorts 500: 1000.1 are free
    desk.step()
    assert desk.sim.record["interest"][0] == pytest.approx(0.10001)
    # shorts 1250 at the new mark: 250.2 are free
    desk.step()
    assert desk.sim.record["interest"][0] == pytest.approx((1_500.20001 - 1_250) * 0.036 / 360)


def test_longs_that_are_paid_for_with_the_proceeds_of_shorts_are_borrowed(kit):
    bars = [[(100,) * 4] * 2] * 4
    settings = {"account": "reg_t", "max_leverage": 2.0, "allow_short": True, "margin_interest_rate": 0.36}
    desk = kit.Desk(bars, **settings)
    desk.order(-8, asset=0).order(12, asset=1).step()
    # cash 600, shorts 800: 200 are borrowed
    assert desk.account["cash"] == 600.0
    desk.step()
    assert desk.sim.record["interest"][0] == pytest.approx(-0.2)


@pytest.mark.parametrize("account", ["cross", "isolated"])
def test_perpetuals_pay_no_interest(kit, account):
    desk = kit.Desk(kit.flat(100.0), account=account, max_leverage=2.0, margin_interest_rate=0.5, cash_interest_rate=0.5)
    desk.order(20).step()
    desk.step()
    assert desk.account["interest"] == 0.0


def test_interest_comes_before_borrow(kit):
    settings = {"account": "leverage", "allow_short": True, "cash_interest_rate": 0.36, "borrow_rate": 0.365}
    desk = kit.Desk(kit.flat(100.0), **settings)
    desk.sim.open_accounts(1_000.0, np.array([0]))
    desk.order(-10).step()
    cash = desk.account["cash"]
    desk.step()
    # (cash - 1000) x 0.36 / 360 on what the close left, then 1000 x 0.365 / 365
    assert desk.sim.record["interest"][0] == pytest.approx((cash - 1_000) * 0.001, rel=1e-12)
    assert desk.sim.record["borrow"][0] == pytest.approx(1.0)
