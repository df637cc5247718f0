"""What one fill is charged, which row is in force, and the ring of 30 days: by hand, at the boundaries, and as plain Python."""

import math

import numpy as np
import pytest

from quantgym.market.account import new_accounts
from quantgym.market.instrument import INSTRUMENT
from quantgym.market.tariff import DAY_NS, TARIFF, charges, note_turnover, rounded, tariff_row, turnover_of, volume_at


def row(**fields):
    tariff = np.zeros(1, TARIFF)
    tariff["max_rate"] = tariff["sell_cap"] = math.inf
    for name, value in fields.items():
        tariff[name] = value
    return tariff


def charge(tariff, units, price, *, scale=1.0, fx=1.0, maker=0, before=(0.0, 0.0, 0.0), at=0):
    return charges(at, units, price, scale, fx, maker, *before, tariff)


@pytest.mark.parametrize(
    ("value", "step", "rule", "expected"),
    [
        (0.125, 0.01, 0, 0.13),  # half away from zero
        (-0.125, 0.01, 0, -0.13),
        (0.1249, 0.01, 0, 0.12),
        (0.1201, 0.01, 1, 0.13),
        (0.1299, 0.01, 2, 0.12),
        (-0.1201, 0.01, 1, -0.12),  # up is towards more to pay: of a rebate, less is paid out
        (0.1 + 0.2, 0.1, 1, 0.3),  # 0.30000000000000004 is 0.3, not 0.4
        (0.29 - 1e-17, 0.01, 2, 0.29),
        (0.123456, 0.0, 1, 0.123456),  # no step, no rounding
    ],
)
def test_rounding_by_rule_and_what_is_a_multiple_stays_one(value, step, rule, expected):
    assert rounded(value, step, rule) == pytest.approx(expected, abs=1e-15)
    assert rounded(value, step, rule) == rounded.py_func(value, step, rule)


def test_a_fill_pays_the_rate_of_its_side_of_the_book():
    tariff = row(maker_rate=0.001, taker_rate=0.002, per_unit=0.5)
    # 4 x 25 = 100 notional; taker 0.2, maker 0.1; 4 units x 0.5 = 2
    assert charge(tariff, 4.0, 25.0) == pytest.approx((2.2, 0.0))
    assert charge(tariff, 4.0, 25.0, maker=1) == pytest.approx((2.1, 0.0))


def test_an_order_pays_its_minimum_once_however_it_is_filled():
    tariff = row(per_unit=0.005, min_order=1.0, max_rate=0.01)
    first, _ = charge(tariff, 100.0, 25.0)  # 0.50 so far: the minimum of 1
    second, _ = charge(tariff, 60.0, 25.0, before=(100.0, 2500.0, 1.0))  # 160 x 0.005 = 0.80: still the minimum
    third, _ = charge(tariff, 140.0, 25.0, before=(160.0, 4000.0, 1.0))  # 300 x 0.005 = 1.50
    assert (first, second, third) == pytest.approx((1.0, 0.0, 0.5))


def test_the_cap_goes_before_the_minimum_and_gives_way_as_the_order_grows():
    tariff = row(per_unit=0.005, min_order=1.0, max_rate=0.01)
    # 10 x 5 = 50 notional: at most 0.50, under the minimum of 1
    assert charge(tariff, 10.0, 5.0)[0] == pytest.approx(0.5)
    # 30 x 5 = 150 notional: at most 1.50, so that the minimum of 1 fits; 0.50 of it was charged
    assert charge(tariff, 20.0, 5.0, before=(10.0, 50.0, 0.5))[0] == pytest.approx(0.5)


def test_a_whole_order_is_never_paid_back():
    tariff = row(per_unit=0.005, min_order=1.0, max_rate=0.01)
    assert charge(tariff, 1.0, 25.0, before=(10.0, 250.0, 2.0))[0] == 0.0


def test_taker_and_maker_fills_of_one_order_each_pay_their_own_rate():
    tariff = row(maker_rate=0.0002, taker_rate=0.001)
    # 1,000 taken: 1.00. Then 1,000 made: 0.20, not what the whole order would cost at the maker rate
    assert charge(tariff, 10.0, 100.0)[0] == pytest.approx(1.0)
    assert charge(tariff, 10.0, 100.0, maker=1, before=(10.0, 1000.0, 1.0))[0] == pytest.approx(0.2)


def test_a_rebate_is_paid_out_and_knows_no_minimum():
    tariff = row(maker_rate=-0.0001, taker_rate=0.0005, min_order=1.0, max_rate=0.01)
    assert charge(tariff, 10.0, 100.0, maker=1, before=(10.0, 1000.0, 1.0))[0] == pytest.approx(-0.1)
    # taken: 2,000 x 0.0005 = 1.00, the minimum; 0 left to pay
    assert charge(tariff, 10.0, 100.0, before=(10.0, 1000.0, 1.0))[0] == 0.0


def test_fees_fall_on_sales_and_are_rounded_up_each_by_itself():
    tariff = row(sell_rate=20.6e-6, sell_per_unit=0.000195, sell_cap=9.79, both_per_unit=0.000003, fee_step=0.01, fee_rounding=1)
    # sale of 1,000 at 50: 1.03; 0.195 up to 0.20; 0.003 up to 0.01
    assert charge(tariff, -1000.0, 50.0) == pytest.approx((0.0, 1.24))
    # purchase: 0.003 up to 0.01
    assert charge(tariff, 1000.0, 50.0) == pytest.approx((0.0, 0.01))


def test_the_fee_per_share_is_capped_for_each_fill():
    tariff = row(sell_per_unit=0.000166, sell_cap=8.30)
    assert charge(tariff, -50_000.0, 1.0)[1] == pytest.approx(8.30)  # 50,000 x 0.000166 = 8.30: the cap itself
    assert charge(tariff, -60_000.0, 1.0)[1] == pytest.approx(8.30)
    assert charge(tariff, -40_000.0, 1.0)[1] == pytest.approx(6.64)


def test_a_commission_in_the_coin_received_is_rounded_there_and_valued_at_the_fill():
    tariff = row(taker_rate=0.001, currency=1, commission_step=0.01, commission_rounding=2)
    # 12.5 coins x 0.001 = 0.0125, cut to 0.01 coins, worth 0.01 x 300 = 3; selling: 3.75 of money, a whole number of steps
    assert charge(tariff, 12.5, 300.0)[0] == pytest.approx(3.0)
    assert charge(tariff, -12.5, 300.0)[0] == pytest.approx(3.75)


def test_amounts_are_quoted_in_the_instrument_and_charged_in_the_account():
    tariff = row(per_unit=1.0, min_order=3.0, max_rate=0.5, both_per_unit=0.004, fee_step=0.01, fee_rounding=1, commission_step=0.5)
    # 2 contracts of 10 at 5 at fx 1.2: commission 2, least 3, x 1.2 = 3.6 of 120; fees 0.008 up to 0.01, x 1.2
    assert charge(tariff, 2.0, 5.0, scale=12.0, fx=1.2) == pytest.approx((3.6, 0.012))


def world():
    instruments = np.zeros(3, INSTRUMENT)
    instruments["tariff_first"] = (0, 0, 2)
    instruments["tariff_count"] = (0, 2, 4)
    tariff = np.zeros(6, TARIFF)
    tariff["from_at"] = (100, 200, 50, 50, 90, 90)
    tariff["min_volume"] = (0, 0, 0, 10, 0, 20)
    return instruments, tariff


@pytest.mark.parametrize(
    ("asset", "at", "volume", "expected"),
    [
        (0, 150, 0.0, -1),  # no schedule
        (1, 199, 0.0, 0),  # one ns before the second row's date
        (1, 200, 0.0, 1),
        (1, 10**18, 0.0, 1),
        (1, 99, 0.0, 0),  # before the first date: only where `extend` asked for it
        (2, 89, 9.99, 2),
        (2, 89, 10.0, 3),  # a tier begins at its volume
        (2, 90, 19.9, 4),  # of the later date only: the tier of 10 is gone
        (2, 90, 20.0, 5),
        (2, 49, 99.0, 2),
    ],
)
def test_the_latest_date_then_the_highest_tier_that_is_reached(asset, at, volume, expected):
    instruments, tariff = world()
    assert tariff_row(asset, at, volume, instruments, tariff) == expected
    assert tariff_row.py_func(asset, at, volume, *(a.view(np.recarray) for a in (instruments, tariff))) == expected


def test_what_is_traded_counts_from_the_next_day_for_thirty_days():
    account, _ = new_accounts(2, 1)
    note_turnover(1, 20_000 * DAY_NS + 5, 7.0, account)
    note_turnover(1, 20_000 * DAY_NS + 6, 3.0, account)
    assert volume_at(1, 20_001 * DAY_NS - 1, account) == 0.0  # the same day
    assert volume_at(1, 20_001 * DAY_NS, account) == 10.0  # its first ns after
    note_turnover(1, 20_010 * DAY_NS, 5.0, account)
    assert [volume_at(1, day * DAY_NS, account) for day in (20_030, 20_031, 20_040, 20_041)] == [15.0, 5.0, 5.0, 0.0]
    assert account["turnover"][0].sum() == 0.0


def test_a_pause_of_a_month_and_a_clock_that_starts_again_empty_the_ring():
    account, _ = new_accounts(1, 1)
    note_turnover(0, 20_000 * DAY_NS, 7.0, account)
    assert volume_at(0, 20_031 * DAY_NS, account) == 0.0
    note_turnover(0, 20_031 * DAY_NS, 4.0, account)
    assert volume_at(0, -5 * DAY_NS, account) == 0.0  # an episode of another century
    note_turnover(0, -5 * DAY_NS, 2.0, account)
    assert volume_at(0, -4 * DAY_NS, account) == 2.0


def test_the_tier_changes_when_turnover_leaves_the_thirty_days():
    instruments, tariff = world()
    account, _ = new_accounts(1, 1)
    note_turnover(0, 0, 20.0, account)
    rows = [tariff_row(2, day * DAY_NS + 90, volume_at(0, day * DAY_NS, account), instruments, tariff) for day in (0, 1, 30, 31)]
    assert rows == [4, 5, 5, 4]


def test_turnover_is_measured_as_the_tier_is():
    assert turnover_of(0, -3.0, 10.0, 2.0, row()) == 60.0
    assert turnover_of(0, -3.0, 10.0, 2.0, row(measure=1)) == 3.0


def test_the_kernels_are_their_own_python_bit_for_bit():
    random = np.random.default_rng(3)
    tariff = np.zeros(64, TARIFF)
    for name in ("maker_rate", "taker_rate"):
        tariff[name] = random.uniform(-1e-3, 2e-3, 64)
    for name in ("per_unit", "min_order", "sell_per_unit", "both_per_unit"):
        tariff[name] = random.uniform(0.0, 0.01, 64)
    tariff["sell_rate"] = random.uniform(0.0, 3e-5, 64)
    tariff["max_rate"] = random.choice([0.01, math.inf], 64)
    tariff["sell_cap"] = random.choice([0.5, math.inf], 64)
    tariff["commission_step"] = random.choice([0.0, 1e-8, 0.01], 64)
    tariff["fee_step"] = random.choice([0.0, 0.01], 64)
    for name, codes in (("commission_rounding", 3), ("fee_rounding", 3), ("currency", 2)):
        tariff[name] = random.integers(0, codes, 64)
    for at in range(64):
        units, price = random.choice([-1, 1]) * random.uniform(0.1, 900.0), random.uniform(0.5, 400.0)
        arguments = (at, units, price, 1.3, 1.3, at % 2, *random.uniform(0.0, 50.0, 3))
        assert charges(*arguments, tariff) == charges.py_func(*arguments, tariff.view(np.recarray))
    ours, theirs = (new_accounts(1, 1)[0] for _ in range(2))
    for at in np.cumsum(random.integers(0, 4 * DAY_NS, 200)).tolist():
        amount = random.uniform(0.0, 1e6)
        note_turnover(0, at, amount, ours)
        note_turnover.py_func(0, at, amount, theirs.view(np.recarray))
        assert volume_at(0, at, ours) == volume_at.py_func(0, at, theirs.view(np.recarray))
    assert ours.tolist()[0][:-2] == theirs.tolist()[0][:-2]
    assert np.array_equal(ours["turnover"], theirs["turnover"])
