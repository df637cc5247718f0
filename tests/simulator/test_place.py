"""Orders as people write them: put on the grid once, refused in words where they do not fit."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, UnknownNameError
from quantgym.market.order import OrderKind, OrderState, TimeInForce
from quantgym.simulator.order import Order, OrderGroup, bracket, oco, oto
from quantgym.simulator.simulator import Simulator


@pytest.fixture
def simulator(kit):
    tape = kit.tape([[(100, 101, 99, 100)] * 2] * 6, lot=0.1, tick=0.25)
    made = Simulator(tape, CostSettings(**kit.FREE), n_envs=2, max_tickets=6, record_orders=True)
    made.open_accounts(10_000.0, np.zeros(2, int))
    return made


def written(simulator, slot, env=0):
    """The fields of a ticket that are not 0."""
    ticket = simulator.tickets[env, slot]
    return {name: ticket[name].item() for name in ticket.dtype.names if ticket[name]}


def test_an_order_becomes_lots_and_ticks_of_its_instrument(simulator):
    slots = simulator.place(Order("S1", 1.2, "limit", limit=99.75, time_in_force="DAY", post_only=True))
    assert slots.tolist() == [0]
    # 1.2 / 0.1 lots, 99.75 / 0.25 ticks
    assert written(simulator, 0) == {
        "lots": 12, "asset": 1, "kind": OrderKind.LIMIT, "tif": TimeInForce.DAY, "price_ticks": 399, "post_only": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("order", "fields"), [
    (Order(0, lots=-3), {"lots": -3}),
    (Order("S0", -0.3, "stop", stop=98.5, reduce_only=True), {"lots": -3, "kind": 2, "stop_ticks": 394, "reduce_only": 1}),
    (Order("S0", 0.3, "stop_limit", stop=101.0, limit=102.0), {"lots": 3, "kind": 3, "stop_ticks": 404, "price_ticks": 408}),
    (Order("S0", -1.0, "trailing_stop", trail=1.5), {"lots": -10, "kind": 4, "trail_ticks": 6}),
    (Order("S0", -1.0, "trailing_stop", trail_rate=0.02), {"lots": -10, "kind": 4, "trail_rate": 0.02}),
    (Order("S0", 1.0, time_in_force="GTD", expires_at="1970-01-03"), {"lots": 10, "tif": 4, "expires_at": 2 * 86_400 * 10**9}),
    (Order("S0", 1.0, time_in_force="AT_CLOSE"), {"lots": 10, "tif": 6}),
], ids=lambda value: value.kind if isinstance(value, Order) else "")  # fmt: skip
def test_every_kind_has_its_fields(simulator, order, fields):
    assert written(simulator, simulator.place(order)[0]) == fields


def test_a_bracket_is_an_entry_and_two_children_in_one_group(simulator):
    slots = simulator.place(bracket(Order("S0", 2.0), stop=95.0, target=110.0, arm_delay=0))
    entry, stop, target = (written(simulator, slot) for slot in slots)
    assert entry == {"lots": 20}
    assert stop == {"lots": -20, "kind": OrderKind.STOP, "stop_ticks": 380, "parent": 1, "group": 1}
    assert target == {"lots": -20, "kind": OrderKind.LIMIT, "price_ticks": 440, "parent": 1, "group": 1}


def test_groups_of_one_decision_have_labels_and_parents_of_their_own(simulator):
    simulator.place(Order("S1", 1.0))
    assert simulator.place(bracket(Order("S0", 2.0), stop=95.0, target=110.0)).tolist() == [1, 2, 3]
    simulator.place(oco(Order("S1", -1.0, "stop", stop=90.0), Order("S1", -1.0, "limit", limit=120.0)))
    tickets = simulator.tickets[0]
    assert tickets["parent"].tolist() == [0, 0, 2, 2, 0, 0]
    assert tickets["group"].tolist() == [0, 0, 1, 1, 2, 2]
    assert tickets["arm_delay"].tolist() == [0, 0, 1, 1, 0, 0]


def test_what_an_order_triggers_may_be_a_bracket_itself():
    group = oto(Order("S0", 1.0), bracket(Order("S1", 2.0), stop=90.0, target=110.0), Order("S1", 1.0), arm_delay=3)
    assert [leg.parent for leg in group.legs] == [None, 0, 1, 1, 0]
    assert [leg.arm_delay for leg in group.legs] == [1, 3, 1, 1, 3]
    assert [leg.group for leg in group.legs] == [0, 0, 1, 1, 0]


def test_a_bracket_takes_orders_of_its_own_as_children():
    trailing = Order("S0", -2.0, "trailing_stop", trail_rate=0.05)
    assert [leg.order for leg in bracket(Order("S0", 2.0), stop=trailing).legs] == [Order("S0", 2.0), trailing]
    assert isinstance(bracket(Order("S0", lots=-2), target=90.0), OrderGroup)
    assert bracket(Order("S0", lots=-2), target=90.0).legs[1].order.lots == 2


def test_ids_go_to_intents_first_then_to_tickets(simulator):
    simulator.intents["lots"][0] = [1, 1]
    simulator.cancel(7)
    simulator.place(Order("S0", 1.0))
    simulator.place(Order("S0", 2.0))
    assert simulator.order_ids().tolist() == [1, 2]
    assert simulator.ticket_ids().tolist() == [0, 3, 4, 0, 0, 0]
    assert simulator.ticket_ids(1).tolist() == [0] * 6


def test_placed_orders_belong_to_one_environment_and_one_decision(simulator):
    simulator.place(Order("S0", 1.0), env=1)
    simulator.step()
    assert simulator.position["units"][:, 0].tolist() == [0.0, 1.0]
    assert not simulator.tickets["lots"].any()
    simulator.step()
    assert simulator.position["units"][:, 0].tolist() == [0.0, 1.0]


def test_the_log_holds_changes_of_state_and_the_fills_are_fills_alone(simulator):
    simulator.place(Order("S0", 1.0, "limit", limit=98.0))
    simulator.place(Order("S1", 1.0))
    simulator.step()
    log, fills = simulator.log_of_step(), simulator.fills_of_step()
    assert fills["order_id"].tolist() == [2]
    assert {OrderState.PENDING, OrderState.OPEN, OrderState.FILLED} <= set(log["state"].tolist())
    assert len(log) == simulator.record["n_logged"][0] > len(fills) == simulator.record["n_fills"][0]
    simulator.cancel(1)
    simulator.step()
    assert simulator.log_of_step()["state"].tolist() == [OrderState.CANCELLED]
    assert len(simulator.fills_of_step()) == 0
    assert simulator.account["n_working"][0] == 0


def test_a_cancel_of_nothing_is_counted(simulator):
    from quantgym.market.order import Refusal

    simulator.cancel(99)
    simulator.step()
    assert simulator.refused[0, Refusal.UNKNOWN_ORDER] == 1


@pytest.mark.parametrize(("order", "fields"), [
    # lots towards zero; a limit no more generous; a stop no earlier; a trail no shorter
    (Order("S0", 0.28, "limit", limit=99.9), {"lots": 2, "kind": 1, "price_ticks": 399}),
    (Order("S0", -0.28, "limit", limit=99.9), {"lots": -2, "kind": 1, "price_ticks": 400}),
    (Order("S0", 0.3, "stop", stop=99.9), {"lots": 3, "kind": 2, "stop_ticks": 400}),
    (Order("S0", -0.3, "stop", stop=99.9), {"lots": -3, "kind": 2, "stop_ticks": 399}),
    (Order("S0", -0.3, "trailing_stop", trail=0.3), {"lots": -3, "kind": 4, "trail_ticks": 2}),
])  # fmt: skip
def test_rounding_is_done_only_where_it_is_asked_for(simulator, order, fields):
    with pytest.raises(ConfigError, match="must be a multiple of"):
        simulator.place(order)
    assert written(simulator, simulator.place(order, rounding="conservative")[0]) == fields


@pytest.mark.parametrize(("fields", "error", "says"), [
    ({"units": 0.25}, ConfigError, "order for S0: units must be a multiple of 0.1, was 0.25; round it, or place with rounding"),
    ({"units": np.nan}, ConfigError, "order for S0: units must be a finite number, was nan"),
    ({"units": 1e300}, ConfigError, r"order for S0: units must be at most 1e\+15 steps of 0.1, was 1e\+300"),
    ({"units": 0.0}, ConfigError, "order for S0: units must be at least one lot of 0.1, was 0"),
    ({"units": None, "lots": 1.5}, ConfigError, "order for S0: lots must be a whole number, was 1.5"),
    ({"units": None, "lots": 10**16}, ConfigError, "lots must be at most"),
    ({"units": True}, ConfigError, "units must be a finite number, was True"),
    ({"kind": "limit", "limit": -5.0}, ConfigError, "order for S0: limit must be a positive price, was -5.0"),
    ({"kind": "limit", "limit": np.nan}, ConfigError, "order for S0: limit must be a positive price, was nan"),
    ({"kind": "limit", "limit": np.inf}, ConfigError, "order for S0: limit must be a finite number, was inf"),
    ({"kind": "limit", "limit": "100"}, ConfigError, "order for S0: limit must be a finite number, was '100'"),
    ({"kind": "stop", "stop": 99.9}, ConfigError, "order for S0: stop must be a multiple of 0.25, was 99.9"),
    ({"kind": "trailing_stop", "trail": 0.0}, ConfigError, "trail must be a positive price, was 0.0"),
    ({"kind": "trailing_stop", "trail_rate": 1.0}, ConfigError, r"trail_rate is a fraction of the best price in \(0, 1\), was 1.0"),
    ({"symbol": "SO"}, UnknownNameError, "unknown symbol 'SO'"),
    ({"symbol": 2}, DataError, r"an asset is a symbol or an index in \[0, 2\), was 2"),
    ({"symbol": True}, DataError, "was True"),
    ({"time_in_force": "GTD", "expires_at": "tomorrow"}, DataError, "'tomorrow' is no ISO date or time"),
    ({"time_in_force": "GTD", "expires_at": -1}, ConfigError, "expires_at must lie between 1970 and 2262, was -1"),
], ids=str)  # fmt: skip
def test_what_does_not_fit_the_instrument_is_refused_when_placed(simulator, fields, error, says):
    with pytest.raises(error, match=says):
        simulator.place(Order(**{"symbol": "S0", "units": 1.0, **fields}))
    assert not simulator.tickets["lots"].any()


@pytest.mark.parametrize(("fields", "error", "says"), [
    ({"kind": "limt", "limit": 1.0}, UnknownNameError, r"unknown order kind 'limt'; did you mean limit\? \(order for S0\)"),
    ({"time_in_force": "GTX"}, UnknownNameError, r"unknown time in force 'GTX'; did you mean GT"),
    ({"lots": 1}, ConfigError, "give units or lots, one of the two, was units 1.0, lots 1"),
    ({"units": None}, ConfigError, "give units or lots"),
    ({"kind": "limit"}, ConfigError, "a limit order needs its limit price"),
    ({"kind": "stop_limit", "limit": 1.0}, ConfigError, "a stop_limit order needs its stop price"),
    ({"limit": 1.0}, ConfigError, "limit means nothing in a market order, was 1.0"),
    ({"kind": "trailing_stop"}, ConfigError, "a trailing_stop has trail or trail_rate, one of the two"),
    ({"kind": "trailing_stop", "trail": 1.0, "trail_rate": 0.1}, ConfigError, "one of the two"),
    ({"kind": "stop", "stop": 1.0, "trail": 1.0}, ConfigError, "other kinds none"),
    ({"time_in_force": "GTD"}, ConfigError, "expires_at goes with time_in_force GTD"),
    ({"expires_at": 5}, ConfigError, "expires_at goes with time_in_force GTD"),
    ({"kind": "stop", "stop": 1.0, "time_in_force": "AT_OPEN"}, ConfigError, "AT_OPEN goes with market and limit orders, was stop"),
    ({"post_only": True}, ConfigError, "post_only goes with limit orders that may wait"),
    ({"kind": "limit", "limit": 1.0, "time_in_force": "IOC", "post_only": True}, ConfigError, "was limit IOC"),
], ids=str)  # fmt: skip
def test_an_order_that_makes_no_sense_is_refused_when_written(fields, error, says):
    with pytest.raises(error, match=says):
        Order(**{"symbol": "S0", "units": 1.0, **fields})


@pytest.mark.parametrize(("make", "says"), [
    (lambda: bracket(Order("S0", 1.0)), "bracket needs an entry, and a stop, a target or both"),
    (lambda: bracket(Order("S0", 1.0), stop=Order("S0", 1.0, "stop", stop=9.0)), "opposite to its entry and as large, was 1.0"),
    (lambda: bracket(Order("S0", 1.0), stop=Order("S1", -1.0, "stop", stop=9.0)), "of S1"),
    (lambda: oco(Order("S0", 1.0)), "oco needs two or more orders"),
    (lambda: oto(Order("S0", 1.0)), "oto needs an Order and what it triggers"),
    (lambda: oto(Order("S0", 1.0), Order("S0", 1.0), arm_delay=-1), "arm_delay must be a whole number of bars"),
    (lambda: oto(Order("S0", 1.0), Order("S0", 1.0), arm_delay=0), "a market order that waits for another needs arm_delay 1"),
])  # fmt: skip
def test_groups_that_make_no_sense_are_refused(make, says):
    with pytest.raises(ConfigError, match=says):
        make()


def test_more_orders_than_a_decision_holds_are_refused_whole(simulator):
    simulator.place(bracket(Order("S0", 1.0), stop=90.0, target=110.0))
    simulator.place(Order("S0", 1.0))
    with pytest.raises(ConfigError, match=r"holds at most max_tickets = 6 orders and cancels, 4 are taken, 3 more were placed; "
                                          r"make the simulator with max_tickets=7"):  # fmt: skip
        simulator.place(bracket(Order("S0", 1.0), stop=90.0, target=110.0))
    assert (simulator.tickets["lots"][0] != 0).sum() == 4
    none = Simulator(gbm_tape(0, n_bars=5), CostSettings())
    with pytest.raises(ConfigError, match="max_tickets = 0"):
        none.place(Order("S0", 1.0))


@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda simulator: simulator.place("buy"), ConfigError, "an order must be an Order, or a group .* was 'buy'"),
    (lambda simulator: simulator.place(Order("S0", 1.0), env=2), DataError, "environments are 0 to 1, was 2"),
    (lambda simulator: simulator.place(Order("S0", 1.0), rounding="up"), UnknownNameError, "unknown rounding 'up'"),
    (lambda simulator: simulator.cancel(0), ConfigError, "cancel needs the id of an order, a whole number of at least 1, was 0"),
    (lambda simulator: simulator.cancel(1.5), ConfigError, "was 1.5"),
    (lambda simulator: simulator.cancel(1, env=-1), DataError, "environments are 0 to 1"),
])  # fmt: skip
def test_wrong_calls_are_refused(simulator, call, error, says):
    with pytest.raises(error, match=says):
        call(simulator)
