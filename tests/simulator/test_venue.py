"""Costs meet a tape: fee schedules, brackets and liquidity by symbol, and what is refused because the tape does not have it."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, UnknownNameError
from quantgym.simulator.run import Run
from quantgym.simulator.simulator import Simulator
from quantgym.simulator.venue import venue_arrays

TRANSIENT = {"impact": "transient", "impact_permanent": 0.1}


def test_one_schedule_for_all_and_one_by_symbol_are_stored_once():
    tape = gbm_tape(0, n_bars=5, n_assets=3, start="2026-06-01")
    same = venue_arrays(tape, CostSettings(fees="kraken/spot"))
    assert len(set(same.instruments["tariff_first"].tolist())) == 1
    assert (same.instruments["tariff_count"] == len(same.tariff)).all()
    by_symbol = {"S0": "kraken/spot", "S1": "binance/spot", "S2": "kraken/spot"}
    mixed = venue_arrays(tape, CostSettings(fees=by_symbol))
    first, count = mixed.instruments["tariff_first"], mixed.instruments["tariff_count"]
    assert first[0] == first[2] != first[1]
    assert count[0] + count[1] == len(mixed.tariff)
    assert not venue_arrays(tape, CostSettings()).instruments["tariff_count"].any()


def test_dollars_traded_by_a_plan_without_tiers_are_no_shares_of_another_plan():
    tape = gbm_tape(0, n_bars=4, n_assets=2, start="2026-06-01")  # prices about 100
    costs = CostSettings(fees={"S0": "ibkr/us_stocks_fixed", "S1": "ibkr/us_stocks_tiered"}, impact_coefficient=0.0)
    run = Run(tape, costs, cash=1e7, keep=("fills",))
    run.play(np.array([[4_000, 0], [4_000, 1_000], [4_000, 1_000]]))
    fills = run.result().fills
    # 400,000 dollars on the first day are 4,000 shares: far from the 300,001 shares of the second tier, so 1,000 x 0.0035
    assert fills["commission"].tolist() == pytest.approx([20.0, 3.5])


def test_a_tape_that_begins_before_its_fees_is_refused_unless_they_are_extended():
    tape = gbm_tape(0, n_bars=5, start="2001-01-01")
    with pytest.raises(DataError, match=r"costs.fees: .* kraken/spot begins on .*, or set costs.fee_extend to backward"):
        Simulator(tape, CostSettings(fees="kraken/spot"))
    assert len(Simulator(tape, CostSettings(fees="kraken/spot", fee_extend="backward")).tariff) > 0


def test_liquidity_is_one_number_or_one_by_symbol():
    tape = gbm_tape(0, n_bars=5, n_assets=2)
    assert venue_arrays(tape, CostSettings(**TRANSIENT, impact_volume=1e4)).instruments["liquidity"].tolist() == [1e4, 1e4]
    by_symbol = CostSettings(**TRANSIENT, impact_volume={"S1": 5.0, "S0": 2.0})
    assert venue_arrays(tape, by_symbol).instruments["liquidity"].tolist() == [2.0, 5.0]
    # the square root needs none
    assert venue_arrays(tape, CostSettings(impact_volume=7.0)).instruments["liquidity"].tolist() == [0.0, 0.0]


def test_brackets_lie_beside_the_instruments_that_have_them():
    from quantgym.market.brackets import bracket_names

    tape, name = gbm_tape(0, n_bars=5, n_assets=2), bracket_names()[0]
    venue = venue_arrays(tape, CostSettings(account="cross", brackets={"S1": name}))
    assert venue.instruments["bracket_count"].tolist() == [0, len(venue.brackets)]
    assert len(venue.brackets) > 0


def test_brackets_in_another_currency_than_the_account_s_are_refused(kit):
    tape = kit.tape(kit.flat(10.0), terms={"fx": np.array([1.0, 1.1, 1.2])[:, None]})
    with pytest.raises(DataError, match=r"costs.brackets count in the contract's currency, .* terms.fx of S0 is not 1"):
        Simulator(tape, CostSettings(account="cross", brackets="perpetual"))
    Simulator(tape, CostSettings(account="cross"))
    Simulator(kit.tape(kit.flat(10.0), terms={"fx": np.ones((3, 1))}), CostSettings(account="cross", brackets="perpetual"))


def test_spreads_of_the_tape_are_read_ignored_or_estimated(kit):
    rows = [(100, 102, 99, 101), (101, 103, 100, 100), (100, 104, 98, 103), (103, 104, 101, 102)] * 3
    tape = kit.tape(rows, terms={"spread": np.array([0.01] + [np.nan] * 11)[:, None]})
    assert venue_arrays(tape, CostSettings()).terms["spread"][0, 0] == 0.01
    assert np.isnan(venue_arrays(tape, CostSettings(spread="fixed")).terms["spread"]).all()
    estimated = venue_arrays(tape, CostSettings(spread="corwin_schultz", spread_window=3)).terms["spread"][:, 0]
    assert estimated[0] == 0.01
    assert np.isfinite(estimated[4:]).all()
    assert np.isnan(tape.terms["spread"][1:]).all()


def test_kernels_see_one_type_of_array_whatever_the_costs(kit):
    plain = venue_arrays(kit.tape(kit.flat(10.0)), CostSettings())
    other = venue_arrays(kit.tape(kit.flat(10.0), close_only=True), CostSettings(**TRANSIENT, impact_volume=1.0, spread="fixed"))
    for first, second in zip(plain, other, strict=True):
        assert (first.dtype, first.flags.c_contiguous, first.flags.writeable) == (second.dtype, True, False)


@pytest.mark.parametrize(("settings", "error", "says"), [
    ({"participation": 0.1}, DataError, "costs.participation needs a volume unit, S0 has none"),
    ({"spread": "abdi_ranaldo"}, DataError, "costs.spread abdi_ranaldo needs highs and lows, the tape has closes only"),
    ({"funding": "required"}, DataError, "costs.funding required needs terms.funding_rate, S0 has none"),
    ({**TRANSIENT, "impact_volume": {"S01": 1.0}}, UnknownNameError, r"unknown symbol 'S01'; did you mean S0\? \(costs.impact"),
    ({**TRANSIENT, "impact_volume": {}}, ConfigError, "costs.impact_volume must name every asset of tape hand, S0 has no value"),
    ({"fees": {}}, ConfigError, "costs.fees must name every asset"),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else "")  # fmt: skip
def test_what_the_tape_does_not_have_is_named(kit, settings, error, says):
    tape = kit.tape(kit.flat(10.0), volume_unit=None, close_only=True)
    with pytest.raises(error, match=says):
        Simulator(tape, CostSettings(**settings))


def test_funding_may_be_required_of_a_tape_that_has_it(kit):
    tape = kit.tape(kit.flat(10.0), terms={"funding_rate": np.array([0.0, 1e-4, 0.0])[:, None]})
    assert Simulator(tape, CostSettings(funding="required")).terms["funding_rate"][1, 0] == 1e-4


@pytest.mark.parametrize(("settings", "says"), [
    ({"fees": "kraken/spt"}, "unknown fee schedule 'kraken/spt'; did you mean kraken/spot"),
    ({"fees": "kraken/spot", "fee_discount": "bnb"}, "unknown discount 'bnb'"),
    ({"brackets": "binance/btcusd", "account": "cross"}, "unknown costs.brackets"),
    ({"funding": "always"}, "unknown costs.funding 'always'"),
    ({"fee_extend": "backwards"}, r"unknown costs.fee_extend 'backwards'; did you mean backward\?"),
    ({"spread": "corwin_shultz"}, r"unknown costs.spread 'corwin_shultz'; did you mean corwin_schultz\?"),
    ({"impact": "square"}, "unknown costs.impact 'square'"),
    ({"account": "margin"}, "unknown costs.account 'margin'"),
])  # fmt: skip
def test_a_preset_that_does_not_exist_is_refused_before_any_tape(settings, says):
    with pytest.raises(UnknownNameError, match=says):
        CostSettings(**settings)


def test_a_discount_needs_a_schedule():
    with pytest.raises(ConfigError, match=r"costs.fee_discount needs a fee schedule in costs.fees, was 'bnb' without one"):
        CostSettings(fee_discount="bnb")


@pytest.mark.parametrize(("settings", "says"), [
    ({"participation": "0.1"}, "costs.participation must be a number, was '0.1'"),
    ({"participation": True}, "costs.participation must be a number, was True"),
    ({"maker_fee_rate": "x"}, "costs.maker_fee_rate must be a number, was 'x'"),
    ({"fee_rate": None}, "costs.fee_rate must be a number, was None"),
    ({"max_leverage": None}, "costs.max_leverage must be a number, was None"),
    ({"fees": {"S0": ["binance/spot"]}}, r"costs.fees.S0 must be a name, was \['binance/spot'\]"),
    ({"fees": {"S0": None}}, "costs.fees.S0 must be a name, was None"),
    ({"brackets": {"S0": None}, "account": "cross"}, "costs.brackets.S0 must be a name, was None"),
    ({"fee_rate": 10**400}, "costs.fee_rate must be a number, was 1000"),
    ({"spread_window": "21"}, "costs.spread_window must be a whole number of at least 2 rows, was '21'"),
    ({"spread_window": 2.5}, "was 2.5"),
    ({"spread_window": np.nan}, "was nan"),
    ({"fees": ["binance/spot"]}, "costs.fees must be a name, or one by symbol, was"),
    ({"fees": 5}, "costs.fees must be a name, or one by symbol, was 5"),
    ({"brackets": True, "account": "cross"}, "costs.brackets must be a name, or one by symbol, was True"),
    ({"path": ["adverse"]}, "unknown costs.path"),
    ({"impact": {}}, "unknown costs.impact"),
    ({"account": ["cash"]}, "unknown costs.account"),
    ({**TRANSIENT, "impact_volume": "1e6"}, "costs.impact_volume must be positive and finite, was 1e6"),
    ({**TRANSIENT, "impact_volume": {"S0": "x"}}, "costs.impact_volume must be positive and finite"),
    ({**TRANSIENT, "impact_volume": True}, "costs.impact_volume must be positive and finite, was True"),
])  # fmt: skip
def test_settings_of_the_wrong_kind_are_refused_by_name(settings, says):
    with pytest.raises(ConfigError, match=says):
        CostSettings(**settings)


def test_a_table_that_the_caller_changes_afterwards_changes_no_settings():
    fees, volumes = {"S0": "kraken/spot"}, {"S0": 1.0}
    costs = CostSettings(fees=fees, **TRANSIENT, impact_volume=volumes)
    fees["S0"], volumes["S0"] = "nonsense", -1.0
    assert (costs.fees, costs.impact_volume) == ({"S0": "kraken/spot"}, {"S0": 1.0})


def test_nulls_are_left_where_they_mean_something():
    costs = CostSettings(maker_fee_rate=None, participation=None, maintenance_rate=None, fees=None, brackets=None, account=None)
    assert costs == CostSettings()
