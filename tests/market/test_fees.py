"""Fee schedules: the whole registry, records for the kernel, wrong input, and the page of docs."""

import math
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from quantgym.market.errors import ConfigError, DataError, UnknownNameError
from quantgym.market.fees.registry import FEE_SCHEDULES, fee_schedule
from quantgym.market.fees.schedule import FeeRow, FeeSchedule, tariff_records
from quantgym.market.fees.source import Source
from quantgym.market.fees.table import with_tables
from quantgym.market.instrument import INSTRUMENT
from quantgym.market.tariff import tariff_row

PAGE = Path(__file__).resolve().parents[2] / "docs/fees.md"
ME = (Source("a page", "example.org"),)


def ns(year, month, day, hour=0):
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) * 10**9


def fee_row(day="2024-01-01", **fields):
    return FeeRow(**{"from_date": day, "sources": ME, "confirmed": True, **fields})


def schedule(*rows, **fields):
    return FeeSchedule(**{"venue": "sim", "product": "test", "rows": rows or (fee_row(),), **fields})


def test_the_registry_has_every_venue():
    assert set(FEE_SCHEDULES) == {
        "alpaca/equities", "alpaca/crypto", "ibkr/us_stocks_fixed", "ibkr/us_stocks_tiered", "binance/spot", "binance/usdm",
        "coinbase/advanced", "kraken/spot",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(FEE_SCHEDULES))
def test_every_schedule_is_in_order_and_says_where_its_numbers_come_from(name):
    found = fee_schedule(name)
    assert found.name == name
    assert found.note
    assert any(row.confirmed for row in found.rows)
    for row in found.rows:
        assert all(source.title and "." in source.address and source.looked_at >= "2026-11-21" for source in row.sources)
        assert row.confirmed != bool(row.note)
        assert -0.001 <= row.maker_rate <= row.taker_rate <= 0.02
        assert row.sell_rate <= 100e-6
        assert max(row.sell_per_unit, row.both_per_unit) <= 0.001
        assert row.per_unit <= 0.01
        assert row.min_order <= 1.0
        assert all(step >= 0.0 for step in (row.commission_step, row.fee_step))
    for day in {row.from_date for row in found.rows}:  # more volume never costs more
        takers = [row.taker_rate + row.per_unit for row in found.rows if row.from_date == day]
        assert takers == sorted(takers, reverse=True)


@pytest.mark.parametrize("name", sorted(FEE_SCHEDULES))
def test_every_row_is_found_on_its_date_and_at_its_tier(name):
    found = fee_schedule(name)
    tariff, first, count = tariff_records([found])
    instruments = np.zeros(1, INSTRUMENT)
    instruments["tariff_first"], instruments["tariff_count"] = first, count
    assert tariff["from_at"].tolist() == sorted(tariff["from_at"].tolist())
    for index, row in enumerate(found.rows):
        assert tariff_row(0, found.from_at(row), row.min_volume, instruments, tariff) == index
        assert tariff["taker_rate"][index] == row.taker_rate


def test_a_shared_schedule_is_stored_once():
    stocks, coins = fee_schedule("alpaca/equities"), fee_schedule("alpaca/crypto")
    tariff, first, count = tariff_records([stocks, None, coins, stocks])
    assert len(tariff) == len(stocks.rows) + len(coins.rows)
    assert first.tolist() == [0, 0, len(stocks.rows), 0]
    assert count.tolist() == [len(stocks.rows), 0, len(coins.rows), len(stocks.rows)]
    empty, _, none = tariff_records([None, None])
    assert (len(empty), none.tolist()) == (0, [0, 0])


def test_dates_of_new_york_begin_at_its_midnight_and_others_at_that_of_utc():
    stocks, coins = fee_schedule("alpaca/equities"), fee_schedule("kraken/spot")
    assert stocks.from_at(stocks.rows[0]) == ns(2020, 2, 18, 5)
    assert coins.from_at(coins.rows[0]) == ns(2018, 2, 1)


def test_a_tape_from_before_the_first_row_is_refused_unless_that_is_typed():
    coins = fee_schedule("kraken/spot")
    with pytest.raises(DataError, match=r'kraken/spot begins on 2018-02-01, the tape on 2017-12-31; .* extend="backward"'):
        tariff_records([None, coins], start_at=ns(2018, 1, 1) - 1)
    with pytest.raises(DataError, match="the tape on 2018-01-31"):
        tariff_records([coins], start_at=ns(2018, 2, 1) - 1)
    tariff_records([coins], start_at=ns(2018, 2, 1))
    tariff, first, count = tariff_records([coins], start_at=ns(2017, 1, 1), extend="backward")
    instruments = np.zeros(1, INSTRUMENT)
    instruments["tariff_first"], instruments["tariff_count"] = first, count
    assert tariff_row(0, ns(1960, 1, 1), 60_000.0, instruments, tariff) == 1  # its second tier, before the first date
    with pytest.raises(UnknownNameError, match="did you mean backward"):
        tariff_records([coins], extend="backwards")


def test_an_unknown_schedule_or_discount_is_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="unknown fee schedule 'binance/spots'; did you mean binance/spot"):
        fee_schedule("binance/spots")
    with pytest.raises(UnknownNameError, match="unknown discount 'bnp'; did you mean bnb"):
        fee_schedule("binance/spot", discount="bnp")
    with pytest.raises(UnknownNameError, match="kraken/spot"):
        fee_schedule("kraken/spot", discount="bnb")
    with pytest.raises(ConfigError, match=r"schedules\[1\] must be a FeeSchedule or None, was 'kraken/spot'"):
        tariff_records([None, "kraken/spot"])


def test_tiers_by_units_and_by_notional_do_not_share_an_account():
    with pytest.raises(ConfigError, match="one measure, were kraken/spot by notional, ibkr/us_stocks_tiered by units"):
        tariff_records([fee_schedule("kraken/spot"), fee_schedule("ibkr/us_stocks_tiered")])
    tariff_records([fee_schedule("kraken/spot"), fee_schedule("ibkr/us_stocks_fixed")])  # without tiers nothing is looked at


def test_what_is_traded_without_tiers_counts_in_the_measure_of_the_tiers():
    # else the dollars of the first asset would be taken for shares of the second one's plan
    tariff, _, count = tariff_records([fee_schedule("ibkr/us_stocks_fixed"), fee_schedule("ibkr/us_stocks_tiered")])
    assert tariff["measure"].tolist() == [1] * int(count.sum())
    tariff, _, _ = tariff_records([fee_schedule("ibkr/us_stocks_fixed"), fee_schedule("kraken/spot"), None])
    assert set(tariff["measure"].tolist()) == {0}
    units = schedule(measure="units")
    assert tariff_records([units])[0]["measure"].tolist() == [1]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"from_date": "2024-13-01"}, "from_date must be an ISO date"),
        # such texts stand in another order than their days: 20240101 after 2024-12-31
        ({"from_date": "20240101"}, "from_date must be an ISO date like 2026-04-04, was '20240101'"),
        ({"from_date": "2024-W01-1"}, "from_date must be an ISO date"),
        ({"from_date": None}, "from_date must be an ISO date like 2026-04-04, was None"),
        ({"from_date": datetime(2024, 1, 1, tzinfo=UTC).date()}, "from_date must be an ISO date"),
        ({"taker_rate": "0.001"}, "taker_rate must be a number, was '0.001'"),
        ({"fee_step": True}, "fee_step must be a number, was True"),
        ({"fee_rounding": ["up"]}, "unknown fee_rounding"),
        ({"taker_rate": math.nan}, "taker_rate must be finite"),
        ({"taker_rate": 0.25}, "taker_rate is a fraction of notional, at most 0.1, was 0.25"),
        ({"per_unit": -0.1}, "per_unit must be finite and not negative"),
        ({"fee_step": -0.01}, "fee_step must be finite and not negative"),
        ({"min_order": math.inf}, "min_order must be finite"),
        ({"fee_rounding": "upp"}, "unknown fee_rounding 'upp'; did you mean up"),
        ({"currency": "base"}, "unknown currency 'base'"),
        ({"min_order": 1.0, "taker_rate": 0.001}, "whose fills must have one rate"),
        ({"max_rate": 0.01, "currency": "received"}, "charged in quote currency"),
        ({"sources": ()}, "sources must name"),
        ({"confirmed": False}, "note must say what is not confirmed"),
    ],
)
def test_a_wrong_row_is_refused_by_name(fields, message):
    with pytest.raises(ConfigError, match=message):
        fee_row(**fields)


def test_a_wrong_schedule_is_refused_by_name():
    with pytest.raises(ConfigError, match="sim/test: rows must rise by from_date"):
        schedule(fee_row("2024-01-02"), fee_row("2024-01-01"))
    with pytest.raises(ConfigError, match="none twice"):
        schedule(fee_row(), fee_row())
    with pytest.raises(ConfigError, match="2024-01-02 has no tier with min_volume 0"):
        schedule(fee_row(), fee_row("2024-01-02", min_volume=5.0))
    with pytest.raises(UnknownNameError, match="did you mean units"):
        schedule(measure="unit")
    for hour in (24, -1, 5.5, True, "5"):
        with pytest.raises(ConfigError, match=f"day_start_hour must be a whole hour from 0 to 23, was {hour!r}"):
            schedule(day_start_hour=hour)
    for fraction in (1.5, 0.0, math.nan):
        with pytest.raises(ConfigError, match=f"discount token must be a fraction in .0, 1., was {fraction}"):
            schedule(discounts=(("token", fraction),))


def test_wrong_arguments_of_records_are_refused_by_name():
    with pytest.raises(ConfigError, match="schedules must be one for each instrument, was sim/test alone"):
        tariff_records(schedule())
    for start_at in (math.nan, "2024-01-01", True):
        with pytest.raises(ConfigError, match=f"start_at must be a whole number of ns UTC, was {start_at!r}"):
            tariff_records([schedule()], start_at=start_at)
    listed = FeeSchedule(venue="sim", product="test", rows=[fee_row()])
    assert len(tariff_records([listed, listed])[0]) == 1


def test_a_discount_lowers_what_is_paid_not_what_is_received():
    token = schedule(fee_row(maker_rate=-0.0001, taker_rate=0.001, currency="received"), discounts=(("token", 0.25),))
    (row,) = token.discounted("token").rows
    assert (row.maker_rate, row.taker_rate, row.currency) == (-0.0001, 0.00075, "quote")
    assert token.rows[0].taker_rate == 0.001


def test_the_page_says_what_the_registry_says():
    text = PAGE.read_text()
    assert with_tables(text) == text, "stale: python -m quantgym.market.fees.table docs/fees.md"


def test_names_and_sources_are_read_without_numba():
    code = "import sys, quantgym.market.fees.registry; print('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
