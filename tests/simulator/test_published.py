"""Numbers that venues, brokers and teachers have published, played by the simulator; looked at on 2026-11-21."""

import math

import pytest

from quantgym.market.brackets import BracketTable
from quantgym.market.errors import ConfigError

NAN = math.nan


def stood_still(price, n=3):
    return [(price,) * 4] * n


def test_funding_of_a_contract_worth_a_thousand(kit):
    """0.01 % of a contract value of 1,000 USD is 0.1 every eight hours, from buyers to sellers.

    Source: Binance Square, post 23794177510114 (www.binance.com/en/square/post/23794177510114); the value is quantity x mark
    price: Coinstore, Funding Rate (support.coinstore.vip/hc/en-us/articles/41603027881241).
    """
    terms = {"funding_rate": [[0.0], [0.0], [0.0001]], "mark": [[NAN], [NAN], [1_000.0]]}
    for lots, received in ((1, -0.1), (-1, 0.1)):
        # the last price is another one than the venue's mark: the mark counts
        desk = kit.Desk(stood_still(1_010.0), terms=terms, cash=10_000.0, account="cross", max_leverage=5.0, allow_short=True)
        desk.order(lots).step()
        desk.step()
        assert desk.sim.record["funding"][0] == pytest.approx(received, rel=1e-12)


def test_no_funding_for_who_closed_before(kit):
    """Who closes before funding neither pays nor receives.

    Source: MoonXBT, support.moonxbt.com/hc/ja/articles/5213405901583; Bybit, Funding Fee Calculation
    (bybit.com/en/help-center/article/Funding-fee-calculationDerivatives_Trading_Mechanism_UTA).
    """
    terms = {"funding_rate": [[0.0], [0.0], [0.0], [0.0001]]}
    desk = kit.Desk(stood_still(1_000.0, 4), terms=terms, cash=10_000.0)
    desk.order(1).step()
    desk.order(-1).step()
    desk.step()
    assert desk.account["funding"] == 0.0


def published_tiers():
    """The tiers of BTCUSDT in Binance's article of 2020: 0.4 % to 50,000, 0.5 % to 250,000, 1 % to 1,000,000."""
    return BracketTable(
        name="binance/2020", source=None, confirmed=False,
        rows=((0.0, 0.004, 0.0, 125.0), (50_000.0, 0.005, 50.0, 100.0), (250_000.0, 0.01, 1_300.0, 50.0)),
    )  # fmt: skip


def test_the_maintenance_amount_of_a_bracket_is_the_published_one():
    """Level 5 of the article: 250,000 x (1 % - 0.5 %) + 50 = 1,300 USDT; any other amount is refused.

    Source: Binance, How to Calculate Liquidation Price of USDT-Margined Futures,
    www.binance.com/en/support/faq/b3c689c1f50a44cabb3a84e663b81d93.
    """
    assert published_tiers().rows[2][2] == 250_000 * (0.01 - 0.005) + 50 == 1_300.0
    with pytest.raises(ConfigError, match=r"brackets binance/2020, row 1: the deduction must be 50"):
        BracketTable(name="binance/2020", source=None, confirmed=False, rows=((0.0, 0.004, 0.0, 125.0), (5e4, 0.005, 51.0, 100.0)))


@pytest.mark.parametrize("account", ["isolated", "cross"])
@pytest.mark.parametrize("side", [1, -1])
def test_the_liquidation_price_of_the_venues_formula(kit, monkeypatch, account, side):
    """LP = (WB + cum - side x position x entry) / (position x MMR - side x position), isolated: WB is the position's margin.

    Source: Binance, as above: one position in one-way mode. Entry 9,000 and 30 coins are 270,000 USDT, at 10 times 27,000 of
    margin; at the liquidation price a long is in the bracket of 0.5 % (cum 50), a short in that of 1 % (cum 1,300).
    """
    from quantgym.market.brackets import BRACKETS

    monkeypatch.setitem(BRACKETS, "test", published_tiers())
    rate, amount = (0.005, 50.0) if side > 0 else (0.01, 1_300.0)
    published = (27_000 + amount - side * 30 * 9_000) / (30 * rate - side * 30)
    # long: -242,950 / -29.85 = 8,139.03; short: 298,300 / 30.3 = 9,844.88
    assert published == pytest.approx(8_139.0285 if side > 0 else 9_844.8845)
    bar = (8_800, 8_900, 8_000, 8_100) if side > 0 else (9_100, 10_000, 9_050, 9_900)
    desk = kit.Desk(
        [(9_000,) * 4, (9_000,) * 4, bar], cash=27_000.0, account=account, max_leverage=10.0, brackets="test", allow_short=True,
        path="olhc" if side > 0 else "ohlc",
    )  # fmt: skip
    desk.order(30 * side).step()
    desk.step()
    # the brackets of the two ends of the way differ from those between them: the line is straight to one part in a thousand
    assert desk.fills["reference"][0] == pytest.approx(published, rel=1e-3)


def test_a_margin_call_at_a_quarter(kit):
    """100,000 of stocks bought with 50,000 of one's own, maintenance 25 %: the equity is half at first.

    Source: Investopedia, Margin Call (www.investopedia.com/terms/m/margincall.asp); price of the call = price x (1 - initial)
    / (1 - maintenance): calculator-cloud.com/finance/margin-call. 100 x 0.5 / 0.75 = 66.67.
    """
    bars = [(100,) * 4, (100,) * 4, (90, 91, 67, 70), (70, 71, 60, 62)]
    desk = kit.Desk(bars, cash=50_000.0, account="reg_t", max_leverage=2.0, path="olhc")
    desk.order(1_000).step()
    assert desk.account["equity"] == 50_000.0
    assert desk.step() == []
    assert desk.step() == [(0, -1_000, pytest.approx(100 * 0.5 / 0.75))]


def test_a_margin_call_at_thirty_percent(kit):
    """1,000 shares at 10, half borrowed, fall to 7: equity 2,000, 28.6 % of the value; at 30 % that is a call, at 25 % none.

    Source: financial-dictionary.thefreedictionary.com/margin+calls.
    """
    bars = [(10,) * 4, (10,) * 4, (7,) * 4]
    for rate, fills in ((None, 0), (0.3, 1)):
        desk = kit.Desk(bars, cash=5_000.0, account="reg_t", max_leverage=2.0, maintenance_rate=rate)
        desk.order(1_000).step()
        desk.step()
        assert len(desk.fills) == fills
        assert desk.account["equity"] == 2_000.0


def test_interest_on_thirty_thousand_at_six_percent_is_five_a_day(kit):
    """30,000 x 6 % = 1,800 a year, over 360 days.

    Source: tabitomo.info/how-is-margin-interest-calculated; the same rule: SoFi,
    support.sofi.com/hc/en-us/articles/4422346138381 (debit x rate / 360 each day).
    """
    desk = kit.Desk(stood_still(100.0), cash=30_000.0, account="reg_t", max_leverage=2.0, margin_interest_rate=0.06)
    desk.order(600).step()
    desk.step()
    assert desk.sim.record["interest"][0] == pytest.approx(-5.0, rel=1e-12)


def test_interest_received_on_a_tier_of_ninety_thousand(kit):
    """90,000 at 4.25 % - 0.5 % over 360 days accrue 9.375 a day.

    Source: a reckoning of Interactive Brokers' tiers, www.elitetrader.com/et/threads/ib-interest-calculation.113540. Tiers
    are not simulated: the rate is that of the tier.
    """
    desk = kit.Desk(stood_still(100.0), cash=90_000.0, cash_interest_rate=0.0375)
    desk.step()
    assert desk.sim.record["interest"][0] == pytest.approx(9.375, rel=1e-12)
