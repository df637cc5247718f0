"""Action schemes: what each action becomes, worked by hand."""

import numpy as np
import pytest

from quantgym.data.record import bar_records
from quantgym.market.account import new_accounts
from quantgym.market.actions.one_asset import OneAsset
from quantgym.market.actions.registry import SCHEMES, action_scheme
from quantgym.market.cost import CostSettings, rules_records
from quantgym.market.desk import new_desk
from quantgym.market.errors import ConfigError, ShapeError, UnknownNameError
from quantgym.market.instrument import Instrument, instrument_records
from quantgym.market.order import OrderKind, Refusal


class Desk:
    """One account at the close of row 0; `sizing_buffer` is 0.25 unless told."""

    def __init__(self, *, cash=1_000.0, prices=(100.0,), units=(0,), lot=1.0, listed=True, min_notional=0.0, **settings):
        n = len(prices)
        settings = {"fee_rate": 0.0, "half_spread_rate": 0.0, "sizing_margin": 0.25, **settings}
        close = np.array([prices], float)
        self.bars = bar_records(close, close, close, close, None, np.full((1, n), int(listed)))
        made = [Instrument(symbol=f"S{a}", lot=lot, min_notional=min_notional) for a in range(n)]
        self.instruments = instrument_records(tuple(made))
        self.rules = rules_records(CostSettings(**settings))
        self.account, self.position = new_accounts(1, n)
        self.account["cash"] = cash
        self.position["units"][0], self.position["mark"][0] = units, prices
        self.account["equity"] = cash + (np.array(units) * prices).sum()
        self.desk = new_desk(np.zeros(1, np.int64), self.bars, self.instruments, self.rules, self.account, self.position)
        self.intents, self.declined = self.desk.intents, self.desk.declined

    def decide(self, scheme, action):
        """-> lots of each asset and the reasons of what was declined."""
        checked = scheme.check_actions(np.array([action]), 1)
        scheme.decode(checked, self.desk)
        assert self.declined[0, 0] == self.declined[0, 1:].sum()
        return self.intents["lots"][0].tolist(), [reason.name for reason in Refusal if reason and self.declined[0, reason]]


SIX = action_scheme("six_actions")


@pytest.mark.parametrize(("action", "lots", "why"), [
    (0, 0, "100 of cash at 125 a unit is no whole unit"),
    (1, 4, "500 at 100 x 1.25 a unit"),
    (2, 0, "hold"),
    (3, -2, "a tenth of 25, rounded towards zero"),
    (4, -12, "half of 25, rounded towards zero"),
    (5, -25, "all"),
])  # fmt: skip
def test_the_six_actions(action, lots, why):
    assert Desk(units=(25,)).decide(SIX, action)[0] == [lots], why


def test_six_actions_decline_what_rounds_to_nothing_and_nothing_else():
    assert Desk().decide(SIX, 0) == ([0], ["BELOW_MINIMUM"])
    assert Desk(units=(5,)).decide(SIX, 3) == ([0], ["BELOW_MINIMUM"])
    assert Desk().decide(SIX, 3) == ([0], [])
    assert Desk().decide(SIX, 5) == ([0], [])
    assert Desk(cash=10_000.0, min_notional=900.0).decide(SIX, 0) == ([0], ["BELOW_MINIMUM"])
    assert Desk(cash=10_000.0, min_notional=800.0).decide(SIX, 0) == ([8], [])
    assert Desk(units=(5,), min_notional=800.0).decide(SIX, 5) == ([-5], [])
    assert Desk(listed=False).decide(SIX, 1) == ([0], ["NOT_TRADABLE"])


def test_positions_take_all_of_the_equity_and_leave_a_side_that_is_held():
    flat_or_long = action_scheme("positions")
    assert Desk().decide(flat_or_long, 1)[0] == [8]
    assert Desk(units=(3,)).decide(flat_or_long, 1)[0] == [0]
    assert Desk(units=(3,)).decide(flat_or_long, 0)[0] == [-3]
    three = action_scheme("positions", short=True)
    assert Desk(allow_short=True).decide(three, 0)[0] == [-8]
    # equity is 1000 + 300; 1300 / 125 is ten short, from three long
    assert Desk(units=(3,), allow_short=True).decide(three, 0)[0] == [-13]
    assert Desk(units=(-3,), allow_short=True).decide(three, 1)[0] == [3]


def test_exposure_is_a_share_of_equity():
    exposure = action_scheme("exposure")
    assert Desk().decide(exposure, [0.5])[0] == [4]
    assert Desk(allow_short=True).decide(exposure, [-0.5])[0] == [-4]
    assert Desk(units=(2,)).decide(exposure, [-1.0]) == ([-2], ["NO_SHORT"])


def test_a_portfolio_divides_by_the_sum_and_keeps_the_last_entry_in_cash():
    weights = action_scheme("weights", n_assets=2)
    # entries 1, 0.5, 0.5: half, a quarter, a quarter of cash; 1000 / 1.25 is 800 to place
    assert Desk(prices=(100.0, 50.0), units=(0, 0)).decide(weights, [1.0, 0.0, 0.0])[0] == [4, 4]
    # nothing at all is all cash
    desk = Desk(prices=(100.0, 50.0), units=(2, 6), cash=500.0)
    assert desk.decide(weights, [-1.0, -1.0, -1.0])[0] == [-2, -6]
    assert desk.intents["kind"].tolist() == [[OrderKind.MARKET] * 2]


def test_target_weights_are_taken_as_they_are():
    targets = action_scheme("target_weights", n_assets=2)
    assert Desk(prices=(100.0, 50.0), units=(1, 0), cash=900.0).decide(targets, [0.5, 0.5])[0] == [3, 8]
    # whole lots towards zero: 0.45 x 800 / 100 is 3.6
    assert Desk(allow_short=True).decide(action_scheme("target_weights"), [-0.45])[0] == [-3]


def test_weights_beyond_the_leverage_are_scaled_to_it():
    targets = action_scheme("target_weights", n_assets=2)
    assert Desk(prices=(100.0, 50.0), units=(0, 0)).decide(targets, [1.0, 1.0]) == ([4, 8], ["LEVERAGE"])
    assert Desk(prices=(100.0, 50.0), units=(0, 0), max_leverage=2.0).decide(targets, [1.0, 1.0]) == ([8, 16], [])


def test_an_asset_without_a_price_is_declined_only_where_it_is_wanted():
    targets = action_scheme("target_weights")
    assert Desk(listed=False).decide(targets, [0.5]) == ([0], ["NOT_TRADABLE"])
    assert Desk(listed=False).decide(targets, [0.0]) == ([0], [])


def test_small_changes_are_declined_but_closing_is_not():
    targets = action_scheme("target_weights")
    assert Desk(units=(7,), cash=300.0, min_notional=200.0).decide(targets, [1.0]) == ([0], ["BELOW_MINIMUM"])
    assert Desk(units=(1,), cash=300.0, min_notional=200.0).decide(targets, [0.0]) == ([-1], [])


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_every_scheme_refuses_wrong_actions_by_name_and_index(name):
    scheme = action_scheme(name)
    if scheme.discrete:
        good, wide = np.zeros(2, int), np.zeros((2, 1), int)
        bad, says = np.array([0, scheme.n]), rf"action {name}: must lie in \[0, {scheme.n}\), was {scheme.n} at index \[1\]"
        with pytest.raises(ShapeError, match="must be integers"):
            scheme.check_actions(np.zeros(2), 2)
        with pytest.raises(ConfigError, match="is discrete"):
            _ = scheme.size
    else:
        good, wide = np.zeros((2, scheme.size)), np.zeros((2, scheme.size + 1))
        bad, says = np.zeros((2, scheme.size)), rf"action {name}: must be finite .*, was nan at index \[1, 0\]"
        bad[1, 0] = np.nan
        with pytest.raises(ConfigError, match=r"was -1\.5"):
            scheme.check_actions(np.full((2, scheme.size), -1.5), 2)
        with pytest.raises(ConfigError, match="is continuous"):
            _ = scheme.n
    assert scheme.check_actions(good, 2).flags.c_contiguous
    assert len(scheme.labels) == (scheme.n if scheme.discrete else scheme.size)
    with pytest.raises(ShapeError, match=f"action {name}"):
        scheme.check_actions(wide, 2)
    with pytest.raises(ConfigError, match=says):
        scheme.check_actions(bad, 2)


def test_unknown_names_and_settings_are_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="did you mean six_actions"):
        action_scheme("six_action")
    with pytest.raises(ConfigError, match=r"unknown setting positions\.shorts; did you mean short"):
        action_scheme("positions", shorts=True)
    with pytest.raises(ConfigError, match="trades one asset"):
        action_scheme("six_actions", n_assets=2)
    with pytest.raises(ConfigError, match="n_assets must be at least 1"):
        action_scheme("weights", n_assets=0)


@pytest.mark.parametrize("name", [name for name, scheme in SCHEMES.items() if issubclass(scheme, OneAsset)])
def test_a_scheme_of_one_asset_refuses_two_and_names_one_that_takes_them(name):
    several = SCHEMES[name].several
    cure = f"; use {several} for several" if several else ""
    with pytest.raises(ConfigError) as refused:
        action_scheme(name, n_assets=2)
    assert str(refused.value) == f"action {name}: trades one asset, n_assets was 2{cure}"
    assert several is None or action_scheme(several, n_assets=2).n_assets == 2


@pytest.mark.parametrize("value", [np.int8(-128), np.iinfo(np.int64).min, np.iinfo(np.int64).max])
def test_whole_numbers_outside_the_range_are_refused(value):
    # |-128| is -128 in int8
    with pytest.raises(ConfigError, match=r"must be finite and lie in \[-1, 1\]"):
        action_scheme("weights", n_assets=1).check_actions(np.array([[value, value]]), 1)


def test_the_scale_of_an_exposure_multiplies_the_action_up_to_the_leverage():
    # equity 1000, 800 to place at 100: 0.5 x 3 is 1.5 of it, 12 units
    tripled = action_scheme("exposure", scale=3.0)
    assert Desk(allow_short=True, max_leverage=3.0).decide(tripled, [0.5]) == ([12], [])
    assert Desk(allow_short=True, max_leverage=3.0).decide(tripled, [-1.0]) == ([-24], [])
    assert Desk().decide(tripled, [0.5]) == ([8], ["LEVERAGE"])
    # half of it: 0.5 x 0.5 x 800 is 2 units
    assert Desk().decide(action_scheme("exposure", scale=0.5), [0.5]) == ([2], [])


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), True, "2"])
def test_a_scale_that_is_not_positive_is_refused(scale):
    with pytest.raises(ConfigError, match="action exposure: scale must be a positive, finite number, was"):
        action_scheme("exposure", scale=scale)


def test_holding_is_in_units_whatever_the_equity():
    scheme = action_scheme("holding", max_units=40.0)
    # 0.5 x 40 = 20 wanted, 5 held; -0.26 x 40 = -10.4, towards zero -10
    assert Desk(units=(5,), cash=1.0).decide(scheme, [0.5]) == ([15], [])
    assert Desk(allow_short=True).decide(scheme, [-0.26]) == ([-10], [])
    assert Desk(units=(5,)).decide(scheme, [0.125]) == ([0], [])
    assert Desk(units=(5,)).decide(scheme, [-1.0]) == ([-5], ["NO_SHORT"])
    assert Desk(listed=False).decide(scheme, [1.0]) == ([0], ["NOT_TRADABLE"])
    pair = action_scheme("holding", n_assets=2, max_units=10.0)
    assert Desk(prices=(100.0, 7.0), units=(0, 3)).decide(pair, [0.2, 0.0]) == ([2, -3], [])


def test_a_slice_is_a_share_of_what_is_left_and_the_last_takes_the_rest():
    scheme = action_scheme("slice", units=100.0)
    # 100 less 20 are left; (0 + 1) / 2 of them
    assert Desk(units=(20,)).decide(scheme, [0.0])[0] == [40]
    assert Desk(units=(20,)).decide(scheme, [-1.0])[0] == [0]
    assert Desk(units=(20,)).decide(scheme, [1.0])[0] == [80]
    assert Desk(units=(-20,), allow_short=True).decide(action_scheme("slice", units=-100.0), [-0.5])[0] == [-20]
    last = Desk(units=(20,))
    last.desk.episode["last_row"] = 1  # the bar that follows is the last
    assert last.decide(scheme, [-1.0])[0] == [80]
    late = Desk(units=(20,))
    late.desk.episode["last_row"] = 1
    assert late.decide(action_scheme("slice", units=100.0, finish=False), [-1.0])[0] == [0]


def test_levels_are_a_menu_of_exposures():
    scheme = action_scheme("levels", levels=(0.0, 0.5, 2.0))
    assert (scheme.n, scheme.labels) == (3, ("0", "0.5", "2"))
    # 2 x 1000 / 1.25 / 100 = 16; with a leverage of 1 it is declined whole
    assert Desk(max_leverage=2.0).decide(scheme, 2) == ([16], [])
    assert Desk().decide(scheme, 2) == ([0], ["LEVERAGE"])
    assert Desk().decide(scheme, 1) == ([4], [])
    assert Desk(units=(4,)).decide(scheme, 0) == ([-4], [])


@pytest.mark.parametrize(("name", "settings", "says"), [
    ("holding", {"max_units": 0.0}, "max_units must be positive and finite, was 0.0"),
    ("slice", {"units": 0.0}, "units must be finite and not 0, was 0.0"),
    ("slice", {"n_assets": 2}, "slice: trades one asset, n_assets was 2"),
    ("levels", {"levels": (1.0,)}, r"two or more different finite numbers, was \(1.0,\)"),
    ("levels", {"levels": (1.0, 1.0)}, "two or more different"),
    ("levels", {"n_assets": 2}, "levels: trades one asset, n_assets was 2"),
])  # fmt: skip
def test_wrong_settings_of_units_slices_and_menus_are_refused(name, settings, says):
    with pytest.raises(ConfigError, match=says):
        action_scheme(name, **settings)
