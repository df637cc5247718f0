"""Examples that venues and regulators publish, charged by the schedules of the registry."""

from datetime import UTC, datetime

import numpy as np
import pytest

from quantgym.market.fees.registry import fee_schedule
from quantgym.market.fees.schedule import tariff_records
from quantgym.market.instrument import INSTRUMENT
from quantgym.market.tariff import charges, tariff_row


def ns(day):
    return int(datetime.fromisoformat(day).replace(hour=15, tzinfo=UTC).timestamp()) * 10**9


def charged(name, day, units, price, *, maker=0, volume=0.0, discount=None):
    tariff, first, count = tariff_records([fee_schedule(name, discount=discount)])
    instruments = np.zeros(1, INSTRUMENT)
    instruments["tariff_first"], instruments["tariff_count"] = first, count
    row = tariff_row(0, ns(day), volume, instruments, tariff)
    return charges(row, units, price, 1.0, 1.0, maker, 0.0, 0.0, 0.0, tariff)


def commission(*arguments, **keywords):
    return charged(*arguments, **keywords)[0]


# interactivebrokers.co.uk/en/pricing/commissions-stocks.php, fixed examples
@pytest.mark.parametrize(("shares", "price", "usd"), [(100, 25.0, 1.00), (1000, 25.0, 5.00), (1000, 0.25, 2.50)])
def test_the_three_fixed_examples_of_interactive_brokers(shares, price, usd):
    assert commission("ibkr/us_stocks_fixed", "2026-11-20", shares, price) == pytest.approx(usd)


def test_the_fee_of_the_sec_on_a_sale_that_interactive_brokers_works_out():
    # ibkr.info, Section 31 fees, fiscal 2016: 1,000 MSFT at 25.87, 0.0000218 x 25,870 = 0.563966; TAF 1,000 x 0.000119 = 0.119
    _, fees = charged("ibkr/us_stocks_fixed", "2016-06-01", -1000.0, 25.87)
    assert fees == pytest.approx(0.563966 + 0.119)
    assert charged("ibkr/us_stocks_fixed", "2016-06-01", 1000.0, 25.87)[1] == 0.0  # purchases pay none: the same page


def test_alpacas_own_example_of_rounding_each_transaction_up():
    # alpaca.markets/blog/reg-taf-fees at $8 a million: 100 shares at 100 cost 0.08; one share costs 0.0008, rounded up to 0.01, so
    # that 100 sales cost 1.00. TAF comes on top: 100 x 0.000166 = 0.0166, up to 0.02; one share 0.01
    assert charged("alpaca/equities", "2024-02-01", -100.0, 100.0) == pytest.approx((0.0, 0.08 + 0.02))
    assert 100 * (charged("alpaca/equities", "2024-02-01", -1.0, 100.0)[1] - 0.01) == pytest.approx(1.00)


def test_the_trading_activity_fee_is_never_more_than_published():
    # alpaca.markets/support/regulatory-fees: $0.000166 a share, rounded up to the cent, no greater than 8.30; SEC: 0 at the time
    assert charged("alpaca/equities", "2025-06-02", -60_000.0, 1.0)[1] == pytest.approx(8.30 + 3.18)  # CAT: 60,000 x 0.000053
    assert charged("alpaca/equities", "2026-11-20", -60_000.0, 1.0)[1] == pytest.approx(1.24 + 0.18)  # no TAF; SEC 1.236, CAT 0.18


def test_the_rate_of_the_sec_on_a_million_and_the_cap_of_finra():
    # SEC Fee Rate Advisory for fiscal 2026: 20.60 for a million of sales from 2026-04-04, 0.00 before; FINRA: at most 9.79 a trade
    assert charged("ibkr/us_stocks_fixed", "2026-04-06", -100_000.0, 10.0)[1] == pytest.approx(20.60 + 9.79)
    assert charged("ibkr/us_stocks_fixed", "2026-04-02", -100_000.0, 10.0)[1] == pytest.approx(9.79)


def test_the_spot_example_of_binance():
    # binance.com FAQ What is Binance Spot Trading Fee: buying 10 ETH at 3,452.55 costs 0.01 ETH, selling them 34.5255 USDT
    assert commission("binance/spot", "2026-11-20", 10.0, 3452.55) / 3452.55 == pytest.approx(0.01)
    assert commission("binance/spot", "2026-11-20", -10.0, 3452.55) == pytest.approx(34.5255)


def test_the_discount_of_binance_for_paying_in_bnb():
    # The same page: 25 % off; announcement of 2022-06-01: VIP 1 pays 0.0675 % made, 0.0750 % taken with it
    made = commission("binance/spot", "2026-11-20", 1.0, 10_000.0, maker=1, volume=1e6, discount="bnb")
    taken = commission("binance/spot", "2026-11-20", 1.0, 10_000.0, volume=1e6, discount="bnb")
    assert (made, taken) == pytest.approx((6.75, 7.50))


def test_the_futures_example_of_binance():
    # binance.com FAQ 360033544231: 1 BTC bought at market at 10,104 costs 5.052 USDT, sold by a limit order at 11,104 2.2208 USDT
    assert commission("binance/usdm", "2026-11-20", 1.0, 10_104.0) == pytest.approx(5.052)
    assert commission("binance/usdm", "2026-11-20", -1.0, 11_104.0, maker=1) == pytest.approx(2.2208)


def test_the_tiers_of_alpaca_crypto_as_its_page_explains_them():
    # alpaca.markets/support/crypto-maker-taker-gmt-faq: 99,500 in 30 days is tier 1, 50 more on top of 99,950 reaches tier 2
    assert commission("alpaca/crypto", "2026-11-20", -1.0, 10_000.0, volume=99_500.0) == pytest.approx(25.0)
    assert commission("alpaca/crypto", "2026-11-20", -1.0, 10_000.0, volume=100_000.0) == pytest.approx(22.0)
    assert commission("alpaca/crypto", "2026-11-20", -1.0, 10_000.0, volume=100_000.0, maker=1) == pytest.approx(12.0)


def test_alpaca_crypto_charges_the_coin_that_is_bought():
    # alpaca.markets/docs/crypto/activities: buying ETH/USD the fee is ETH; its sample of 2022-08-12 takes 0.000195 ETH at 1,884.5,
    # which at 25 basis points is the fee on 0.078 ETH
    assert commission("alpaca/crypto", "2022-08-12", 0.078, 1884.5) / 1884.5 == pytest.approx(0.000195)


def test_the_tier_example_of_kraken_support():
    # support.kraken.com 202966886: 0.16 % and 0.26 %; from 50,000 USD on 0.14 % and 0.24 %
    fees = [commission("kraken/spot", "2022-06-01", 1.0, 10_000.0, maker=m, volume=v) for v in (49_999.0, 50_000.0) for m in (1, 0)]
    assert fees == pytest.approx([16.0, 26.0, 14.0, 24.0])


def test_kraken_since_july_2026():
    # support.kraken.com cross-platform-fee-tier-changes: from 2026-07-09 tier 1 0.40 % and 0.80 %, tier 12 (10 million) 0, 0.10 %
    fees = [commission("kraken/spot", "2026-07-09", 1.0, 10_000.0, maker=m, volume=v) for v in (0.0, 1e7) for m in (1, 0)]
    assert fees == pytest.approx([40.0, 80.0, 0.0, 10.0])
    assert commission("kraken/spot", "2026-07-08", 1.0, 10_000.0) == pytest.approx(40.0)


def test_coinbase_tier_intro_1():
    # Fee notes of users of the Advanced API in 2026: 0.60 % made, 1.20 % taken
    assert commission("coinbase/advanced", "2026-11-20", 1.0, 10_000.0, maker=1) == pytest.approx(60.0)
    assert commission("coinbase/advanced", "2026-11-20", 1.0, 10_000.0) == pytest.approx(120.0)
