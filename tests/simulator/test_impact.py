"""Own trades move the price: lasting (Almgren-Chriss), fading (transient), and what it does to marks and to power."""

import math
from fractions import Fraction

import numpy as np
import pytest

from quantgym.market.errors import ConfigError
from quantgym.market.halving import halved

AC = {"impact": "almgren_chriss", "impact_temporary": 0.02, "impact_permanent": 0.01, "impact_volume": 100.0, "cash": 1e6}
FADING = {"impact": "transient", "impact_permanent": 0.02, "impact_half_life_s": 86_400.0, "impact_volume": 100.0, "cash": 1e6}


def displacement(desk):
    return float(desk.sim.position["displacement"][0, 0])


def test_a_fill_pays_the_displacement_before_it_and_its_own_temporary_impact(kit):
    desk = kit.Desk(kit.flat(100.0, 5), **AC)
    # 50 of 100 units: 0.02 x 0.5 = 1 %
    assert desk.order(50).step() == [(0, 50, 101.0)]
    assert displacement(desk) == 0.005
    # the mark is what the account itself has made of it: 100 x 1.005
    assert desk.account["equity"] == pytest.approx(1e6 - 50 * 101 + 50 * 100.5)
    # 0.5 % from before and 1 %
    assert desk.order(50).step() == [(0, 50, pytest.approx(101.5))]
    assert displacement(desk) == pytest.approx(0.01)
    # selling 50 into its own displacement: 1 % less 1 % of its own
    assert desk.order(-50).step() == [(0, -50, pytest.approx(100.0))]
    assert desk.fills["impact"][0] == pytest.approx(0.0)


def test_selling_a_little_into_a_large_displacement_is_a_gain_of_impact(kit):
    desk = kit.Desk(kit.flat(100.0, 4), **AC)
    desk.order(100).step()
    # D is 1 %: sold 10 at 1 % less 0.02 x 0.1
    assert desk.order(-10).step() == [(0, -10, pytest.approx(100.8))]
    assert desk.fills["impact"][0] == pytest.approx(-8.0)
    # and a limit order gets none of it
    assert desk.order(-10, limit=99).step() == [(0, -10, 100.0)]


def test_a_round_trip_never_earns_and_a_setting_with_which_it_would_is_refused(kit):
    desk = kit.Desk(kit.flat(100.0, 12), allow_short=True, **AC)
    for lots in (30, -10, 40, -60, -50, 10, 40):
        desk.order(lots).step()
    assert desk.units == [0.0]
    assert displacement(desk) == pytest.approx(0.0, abs=1e-15)
    assert desk.account["equity"] < 1e6
    with pytest.raises(ConfigError, match=r"impact_temporary must be at least half of costs.impact_permanent"):
        kit.Desk(kit.flat(100.0), **{**AC, "impact_temporary": 0.004})
    with pytest.raises(ConfigError, match=r"needs costs.impact_volume"):
        kit.Desk(kit.flat(100.0), **{**AC, "impact_volume": None})


def test_the_expected_cost_of_a_linear_schedule_is_the_closed_form(kit):
    """Almgren & Chriss 2000, J. Risk 3(2): E(x) = gamma X^2 / 2 + eps sum |n| + (eta - gamma tau / 2) / tau sum n^2."""
    total, n = 1_000, 10
    desk = kit.Desk(kit.flat(100.0, n + 2), half_spread_rate=0.001, **AC)
    for _ in range(n):
        desk.order(total // n).step()
    # in money a unit: gamma = 0.01 x 100 / 100 = 0.01, eta / tau = 0.02 x 100 / 100 = 0.02, eps = 0.1
    gamma, eta, eps = 0.01, 0.02, 0.1
    expected = gamma * total**2 / 2 + eps * total + (eta - gamma / 2) * n * (total / n) ** 2
    # 5000 + 100 + 0.015 x 100000 = 6600
    assert expected == 6_600.0
    account = desk.account
    assert account["impact"] + account["spread"] == pytest.approx(expected, rel=1e-12)
    # a block pays the permanent half and all of the temporary: 5000 + 100 + 0.015 x 10^6
    block = kit.Desk(kit.flat(100.0, 3), half_spread_rate=0.001, **AC)
    block.order(total).step()
    assert block.account["impact"] + block.account["spread"] == pytest.approx(20_100.0)


def test_two_trades_in_a_book_that_refills(kit):
    """Obizhaeva & Wang 2013, J. Financial Markets 16: a block pays half of its own impact, and what is left of those before it."""
    desk = kit.Desk(kit.flat(100.0, 4), **FADING)
    # the book of kappa = 0.02 x 100 / 100 = 0.02 a unit: 60 units cost 0.02 x 60 / 2 each
    assert desk.order(60).step() == [(0, 60, pytest.approx(100.6))]
    assert displacement(desk) == pytest.approx(0.012)
    # a day is one half-life: 0.6 is left, and 0.02 x 40 / 2 of its own
    assert desk.order(40).step() == [(0, 40, pytest.approx(101.0))]
    # 0.02 (60^2 / 2 + 40^2 / 2 + 60 x 40 / 2)
    assert desk.account["impact"] == pytest.approx(0.02 * (1_800 + 800 + 1_200))
    assert displacement(desk) == pytest.approx(0.006 + 0.008)


def test_a_displacement_fades_from_close_to_close_and_the_mark_with_it(kit):
    desk = kit.Desk(kit.flat(100.0, 6), **FADING)
    desk.order(100).step()
    marks = []
    for _ in range(3):
        desk.step()
        marks.append(float(desk.sim.position["mark"][0, 0]))
    assert marks == pytest.approx([101.0, 100.5, 100.25], rel=1e-15)
    lasting = kit.Desk(kit.flat(100.0, 6), **AC)
    lasting.order(100).step()
    lasting.step()
    assert displacement(lasting) == 0.01


def test_a_halted_asset_keeps_its_price_and_its_displacement_fades(kit):
    desk = kit.Desk(kit.flat(100.0, 4), halted=[(2, 0)], **FADING)
    desk.order(100).step()
    desk.step()
    assert desk.sim.position["mark"][0, 0] == pytest.approx(101.0)


def test_a_displacement_has_bounds(kit):
    desk = kit.Desk(kit.flat(1.0, 5), allow_short=True, max_leverage=50.0, **AC)
    desk.order(20_000).step()
    assert displacement(desk) == 1.0
    desk.order(-40_000).step()
    assert displacement(desk) == -0.5


def test_no_sale_is_below_a_price_of_zero(kit):
    desk = kit.Desk(kit.flat(1.0, 5), allow_short=True, max_leverage=1.0, **{**AC, "cash": 1e5})
    assert desk.order(-20_000).step() == [(0, -20_000, 0.0)]


def test_power_is_taken_at_displaced_prices(kit):
    settings = {**AC, "cash": 10_000.0}
    desk = kit.Desk([[(100,) * 4] * 2] * 4, account="leverage", max_leverage=2.0, **settings)
    desk.order(100, asset=0).step()
    # bought at 102, worth 101: equity 9900, gross 10100: 2 x 9900 - 10100 = 9700 of power, at the tape's own prices 9800.
    # 200 of the other asset ask for 200 x 100 and twice the impact of 4 %: 21600. 200 x 9700 / 21600 = 89.8 (9800: 90.7)
    assert [(asset, lots) for asset, lots, _ in desk.order(200, asset=1).step()] == [(1, 89)]


@pytest.mark.parametrize("lives", [Fraction(k, 97) for k in range(0, 400, 7)] + [Fraction(60), Fraction(1, 3), Fraction(1000)])
def test_halving_is_right_to_the_fifteenth_digit(lives):
    whole, rest = divmod(lives, 1)
    # 2 ** -rest by its series in exact fractions, ln 2 to 40 digits
    ln_2 = Fraction(6931471805599453094172321214581765680755, 10**40)
    term = value = Fraction(1)
    for k in range(1, 40):
        term = term * -ln_2 * rest / k
        value += term
    exact = value / 2 ** int(whole)
    assert abs(Fraction(halved(float(lives), 1.0)) - exact) <= exact * Fraction(5, 10**15) * max(1, int(lives))
    assert halved(float(lives), 1.0) == halved.py_func(float(lives), 1.0)


def test_halving_at_its_ends():
    assert [halved(0.0, 5.0), halved(5.0, 5.0), halved(10.0, 5.0), halved(5.0, math.inf)] == [1.0, 0.5, 0.25, 1.0]
    assert halved(1e9, 1.0) == 0.0
    falls = [halved(float(x), 7.0) for x in np.linspace(0, 30, 5_000)]
    assert falls == sorted(falls, reverse=True)
