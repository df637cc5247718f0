"""Orders as actions: what each entry of a catalogue becomes, worked by hand."""

import numpy as np
import pytest

from quantgym.market.actions.registry import action_scheme
from quantgym.market.errors import ConfigError, DataError, UnknownNameError
from quantgym.market.order import OrderKind, TimeInForce

MENU = action_scheme("orders", offsets=[0.012], sizes=[0.5, 1.0], time_in_force=["GTC", "DAY"])
AT = {label: index for index, label in enumerate(MENU.labels)}


def order_of(intent):
    kind, tif = OrderKind(int(intent["kind"])).name, TimeInForce(int(intent["tif"])).name
    return int(intent["lots"]), kind, int(intent["price_ticks"]), int(intent["stop_ticks"]), tif, int(intent["reduce_only"])


def test_the_catalogue_holds_first_then_cancels_then_names_every_order():
    # 2 + market: 2 sides x 2 sizes + limit and stop: 2 sides x 1 offset x 2 times x 2 sizes each
    assert MENU.n == 2 + 4 + 8 + 8 == len(MENU.labels) == len(set(MENU.labels))
    assert MENU.labels[:6] == ("hold", "cancel all", "buy market 50 %", "buy market 100 %", "sell market 50 %", "sell market 100 %")
    assert MENU.labels[6] == "buy limit 50 % at -1.2 % GTC"
    assert MENU.labels[-1] == "sell stop 100 % at -1.2 % DAY"
    small = action_scheme("orders", kinds=["market"], sizes=[1])
    assert small.labels == ("hold", "cancel all", "buy market 100 %", "sell market 100 %")


@pytest.mark.parametrize(("label", "order", "why"), [
    ("hold", (0, "MARKET", 0, 0, "GTC", 0), "nothing"),
    ("buy market 50 %", (4, "MARKET", 0, 0, "IOC", 0), "500 at 100 x 1.25"),
    ("sell market 50 %", (-12, "MARKET", 0, 0, "IOC", 1), "half of 25, towards zero"),
    ("buy limit 50 % at -1.2 % GTC", (4, "LIMIT", 197, 0, "GTC", 0), "98.8 is 98.5, the tick below; 500 at 98.5 x 1.25 is 4.06"),
    ("sell limit 100 % at +1.2 % DAY", (-25, "LIMIT", 203, 0, "DAY", 1), "101.2 is 101.5, the tick above"),
    ("buy stop 50 % at +1.2 % GTC", (3, "STOP", 0, 203, "GTC", 0), "101.2 is 101.5, no earlier; 500 at 101.5 x 1.25 is 3.94"),
    ("sell stop 50 % at -1.2 % GTC", (-12, "STOP", 0, 197, "GTC", 1), "98.8 is 98.5, no earlier"),
])  # fmt: skip
def test_orders_of_a_catalogue(label, order, why, decided):
    # 1,000 of cash, 25 units, a close of 100, ticks of 0.5
    intents, declined = decided(MENU, AT[label], units=(25,), tick=0.5)
    assert (order_of(intents[0]), declined) == (order, []), why
    assert intents[0]["cancel"] == 0


def test_a_price_on_a_tick_stays_there(decided):
    one = action_scheme("orders", kinds=["limit"], offsets=[0.3], sizes=[1.0])
    # 0.7 x 100 is 69.99999999999999 or 70: the tick of 70 either way
    assert decided(one, 2, tick=0.1)[0][0]["price_ticks"] == 700


def test_the_value_of_a_unit_counts_multiplier_and_currency(decided):
    # 98.8 x 10 x 0.2 x 1.25 = 247 a unit: 2 of 500
    intents, _ = decided(MENU, AT["buy limit 50 % at -1.2 % GTC"], tick=0.1, multiplier=10.0, fx=0.2)
    assert intents[0]["lots"] == 2


def test_cancel_asks_for_nothing_but_to_cancel_and_only_where_something_works(decided):
    intents, declined = decided(MENU, 1, working=2)
    assert (intents[0]["lots"], intents[0]["cancel"], declined) == (0, 1, [])
    assert decided(MENU, 1)[0][0]["cancel"] == 0


@pytest.mark.parametrize(("label", "world", "reasons"), [
    ("sell market 50 %", {}, []),  # nothing is held: nothing happens, as in the six actions
    ("sell limit 50 % at +1.2 % GTC", {"units": (-3,), "allow_short": True}, []),
    ("buy market 50 %", {"cash": 200.0}, ["BELOW_MINIMUM"]),  # 100 at 125 a unit
    ("buy market 50 %", {"cash": -50.0}, ["BELOW_MINIMUM"]),
    ("buy limit 50 % at -1.2 % GTC", {"min_notional": 400.0}, ["BELOW_MINIMUM"]),  # 4 x 98.8 is 395.2
    ("sell market 50 %", {"units": (3,), "min_notional": 200.0}, ["BELOW_MINIMUM"]),
    ("buy market 50 %", {"listed": False}, ["NOT_TRADABLE"]),
    ("buy limit 50 % at -1.2 % GTC", {"working": 4}, ["POOL_FULL"]),
    ("buy stop 50 % at +1.2 % GTC", {"close_only": True}, ["NO_PATH"]),
    ("sell stop 50 % at -1.2 % GTC", {"prices": (0.4,), "units": (10,), "tick": 0.5}, ["BAD_PRICE"]),
])  # fmt: skip
def test_what_cannot_become_an_order_is_declined_by_name(label, world, reasons, decided, desk_of):
    intents, declined = decided(MENU, AT[label], **world)
    assert (intents[0]["lots"], intents[0]["cancel"], declined) == (0, 0, reasons)
    assert not MENU.legal(desk_of(**world))[0, AT[label]]


def test_what_is_no_order_is_legal_where_it_does_something(desk_of):
    legal = MENU.legal(desk_of(units=(25,), working=4))
    # the pool is full: to hold, to cancel and market orders
    assert np.flatnonzero(legal[0]).tolist() == [0, 1, 2, 3, 4, 5]
    # all of a small holding may always be sold; half of it is under the minimum; buys are as large as they need to be
    legal = MENU.legal(desk_of(units=(3,), min_notional=301.0))
    some = ("sell market 50 %", "sell market 100 %", "cancel all")
    assert [label for label in some if legal[0, AT[label]]] == ["sell market 100 %"]
    assert MENU.legal(desk_of(cash=1.0)).nonzero()[1].tolist() == [0]


@pytest.mark.parametrize(("settings", "error", "says"), [
    ({"kinds": []}, ConfigError, "kinds must be one or more different names"),
    ({"kinds": ["limt"]}, UnknownNameError, r"unknown order kind 'limt'; did you mean limit\? \(action orders: kinds\)"),
    ({"kinds": "limit"}, ConfigError, r"kinds must be a list, was 'limit'; write \['limit'\]"),
    ({"kinds": ["limit", "limit"]}, ConfigError, "different names"),
    ({"kinds": ["trailing_stop"]}, UnknownNameError, "did you mean stop|known: limit, market, stop"),
    ({"offsets": []}, ConfigError, r"different fractions of the close in \[0, 1\)"),
    ({"offsets": [1.0]}, ConfigError, r"in \[0, 1\), was \(1\.0,\)"),
    ({"offsets": [-0.1]}, ConfigError, "offsets"),
    ({"offsets": [float("nan")]}, ConfigError, "offsets .* was .nan"),
    ({"sizes": [0.0]}, ConfigError, r"different shares in \(0, 1\]"),
    ({"sizes": [1.5]}, ConfigError, "sizes"),
    ({"sizes": [True]}, ConfigError, "sizes"),
    ({"sizes": 0.5}, ConfigError, "sizes must be a list"),
    ({"sizes": [0.5, 0.5]}, ConfigError, "sizes must be different"),
    ({"time_in_force": ["gtc"]}, UnknownNameError, "did you mean GTC"),
    ({"time_in_force": ["GTD"]}, UnknownNameError, "time in force 'GTD'"),
    ({"max_working": 0}, ConfigError, "max_working must be at least 1, a whole number, was 0"),
    ({"max_working": 2.0}, ConfigError, "max_working"),
    ({"n_assets": 2}, ConfigError, "trades one asset, n_assets was 2; use weights for several"),
    ({"offset": [0.1]}, ConfigError, r"unknown setting orders\.offset; did you mean offsets\?"),
])  # fmt: skip
def test_wrong_catalogues_are_refused(settings, error, says):
    with pytest.raises(error, match=says):
        action_scheme("orders", **settings)


def test_a_market_without_a_path_or_without_room_is_refused():
    with pytest.raises(DataError, match=r"tape SPY holds closes only, action orders needs highs and lows for limit and stop "
                                        r"orders; use a tape with bars, or kinds \[market\]"):
        MENU.check_market("SPY", True, 8)
    with pytest.raises(ConfigError, match="max_working must be at most max_orders, 3, was 4; raise max_orders"):
        MENU.check_market("SPY", False, 3)
    MENU.check_market("SPY", False, 4)
    action_scheme("orders", kinds=["market"]).check_market("SPY", True, 1)
