"""What is asked of the simulator in the wrong way: refused in words, before anything has changed."""

from types import SimpleNamespace

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, ShapeError, UnknownNameError
from quantgym.market.order import Refusal
from quantgym.simulator.backtest import run_actions, run_bars
from quantgym.simulator.order import Order, bracket
from quantgym.simulator.simulator import Simulator
from quantgym.simulator.strategy import run_strategy
from quantgym.simulator.targets import run_targets

IDLE = SimpleNamespace(on_bar=lambda bar: None)
ONES = np.ones(3)


def by_targets(tape, costs, **words):
    return run_targets(tape, costs, ONES, **words)


def by_bars(tape, costs, **words):
    return run_bars(tape, costs, lambda simulator, row: None, **words)


def by_strategy(tape, costs, **words):
    return run_strategy(tape, costs, IDLE, **words)


@pytest.fixture
def simulator():
    made = Simulator(gbm_tape(0, n_bars=8), CostSettings(), n_envs=5, max_tickets=4, record_fills=True)
    made.open_accounts(1e5, np.zeros(5, int))
    return made


@pytest.mark.parametrize("call", [Simulator, by_targets, by_bars, by_strategy])
def test_a_tape_is_a_tape_and_costs_are_costs(call):
    with pytest.raises(ConfigError, match=r"simulator.tape must be a Tape, was str; open it with data.catalog.open_tape"):
        call("sample:us-tech", CostSettings())
    with pytest.raises(ConfigError, match=r"simulator.costs must be CostSettings, was dict"):
        call(gbm_tape(0, n_bars=5), {"fee_rate": 0.0})


@pytest.mark.parametrize("call", [by_bars, by_strategy])
@pytest.mark.parametrize("rows", [(0, 5.5), ("0", "5"), (0,), 5, (None, None), slice(0, 5), (False, 5)], ids=str)
def test_rows_are_two_whole_numbers(call, rows):
    with pytest.raises(ConfigError, match=r"rows must be the first row and one past the last, as in \(0, 8\), was "):
        call(gbm_tape(0, n_bars=8), CostSettings(), rows=rows)


@pytest.mark.parametrize("first_row", ["1", None, 1.5, True])
def test_the_first_row_is_a_whole_number(first_row):
    tape = gbm_tape(0, n_bars=8)
    for call in (lambda: by_targets(tape, CostSettings(), first_row=first_row),
                 lambda: run_actions(tape, CostSettings(), ONES[:, None], first_row=first_row)):  # fmt: skip
        with pytest.raises(ConfigError, match="first_row must be a whole number, was "):
            call()


@pytest.mark.parametrize("call", [by_targets, by_bars, by_strategy])
@pytest.mark.parametrize("cash", ["1000", "rich", None, True, np.datetime64("2020-01-01")], ids=str)
def test_cash_is_a_number(call, cash):
    with pytest.raises(ConfigError, match="cash must be a number"):
        call(gbm_tape(0, n_bars=8), CostSettings(), cash=cash)
    assert call(gbm_tape(0, n_bars=8), CostSettings(), cash=np.array([1e4])).equity[0] == 1e4


@pytest.mark.parametrize(("keep", "error", "says"), [
    (5, ConfigError, "keep must be several names"),
    (None, ConfigError, "keep must be several names"),
    ((["equity"],), UnknownNameError, "unknown record"),
    ((1,), UnknownNameError, "unknown record '1'"),
])  # fmt: skip
def test_what_is_kept_is_named(keep, error, says):
    with pytest.raises(error, match=says):
        by_targets(gbm_tape(0, n_bars=8), CostSettings(), keep=keep)


@pytest.mark.parametrize(("targets", "says"), [
    (ONES, "targets in lots must be integers, were float64"),
    (np.array([1, np.iinfo(np.int64).min]), r"must be at most 1e\+15, was -9223372036854775808 at index \[1, 0\]"),
    (np.array([2**63], np.uint64), r"was 9223372036854775808 at index \[0, 0\]"),
])  # fmt: skip
def test_lots_beyond_counting_are_no_target(targets, says):
    with pytest.raises(ConfigError, match=says):
        run_targets(gbm_tape(0, n_bars=8), CostSettings(), targets, unit="lots")


def test_wrong_actions_are_found_before_the_first_is_played():
    tape, actions = gbm_tape(0, n_bars=8), np.full((7, 1), 0.5)
    actions[5] = np.nan
    with pytest.raises(ConfigError, match=r"was nan at index \[5, 0\]"):
        run_actions(tape, CostSettings(), actions)
    for nothing in (0.5, []):
        with pytest.raises(ShapeError, match="at least one decision"):
            run_actions(tape, CostSettings(), nothing, scheme=action_scheme("exposure"))


@pytest.mark.parametrize("mask", [[0, 1, 2, 3, 4], [0, 1, 0, 0, 1], ["False"] * 5, np.ones(5), [None] * 5], ids=str)
def test_a_mask_is_no_list_of_indices(simulator, mask):
    for call in (simulator.step, lambda mask: simulator.open_accounts(1.0, np.zeros(5, int), mask)):
        with pytest.raises(ShapeError, match="mask of environments must be bool, one an environment and no list of indices, was "):
            call(mask)
    assert simulator.rows.tolist() == [0] * 5


@pytest.mark.parametrize("env", [5, -1, "0", None, 1.0, True])
def test_every_call_names_an_environment_that_does_not_exist(simulator, env):
    order = Order("S0", 1.0)
    for call in (simulator.order_ids, simulator.ticket_ids, simulator.fills_of_step, simulator.log_of_step,
                 lambda env: simulator.place(order, env), lambda env: simulator.cancel(1, env)):  # fmt: skip
        with pytest.raises(DataError, match="environments are 0 to 4, was "):
            call(env)


def test_an_id_is_one_that_could_be():
    simulator = Simulator(gbm_tape(0, n_bars=5), CostSettings(), max_tickets=1)
    with pytest.raises(ConfigError, match="cancel needs the id of an order"):
        simulator.cancel(2**63)


@pytest.mark.parametrize("state", [None, {}, {"rows": [0] * 5}])
def test_a_state_is_one_that_a_simulator_returned(simulator, state):
    with pytest.raises(ShapeError, match="must have shape"):
        simulator.load(state)


def test_a_loaded_state_has_the_fills_of_its_step():
    tape = gbm_tape(0, n_bars=8)
    first, second = (Simulator(tape, CostSettings(), max_tickets=3, record_orders=True) for _ in range(2))
    first.open_accounts(1e5, np.zeros(1, int))
    first.place(bracket(Order("S0", 2.0), stop=50.0, target=200.0))
    first.step()
    second.load(first.state())
    assert len(second.fills_of_step()) == 1
    assert second.log_of_step().tobytes() == first.log_of_step().tobytes()


@pytest.mark.parametrize(("fields", "error", "says"), [
    ({"kind": ["limit"]}, UnknownNameError, "unknown order kind"),
    ({"kind": "LIMIT", "limit": 1.0}, UnknownNameError, r"unknown order kind 'LIMIT'; did you mean limit\?"),
    ({"time_in_force": ["GTC"]}, UnknownNameError, "unknown time in force"),
    ({"time_in_force": "gtc"}, UnknownNameError, r"unknown time in force 'gtc'; did you mean GTC\?"),
    ({"symbol": "s0"}, UnknownNameError, r"unknown symbol 's0'; did you mean S0\?"),
    ({"units": 10**400}, ConfigError, "order for S0: units must be a finite number, was beyond floats"),
    ({"units": "1"}, ConfigError, "order for S0: units must be a finite number, was '1'"),
    ({"kind": "trailing_stop", "trail_rate": "0.1"}, ConfigError, "order for S0: trail_rate must be a finite number, was '0.1'"),
    ({"reduce_only": "false"}, ConfigError, "order for S0: reduce_only must be true or false, was 'false'"),
    ({"reduce_only": 2}, ConfigError, "reduce_only must be true or false, was 2"),
    ({"post_only": None}, ConfigError, "post_only must be true or false, was None"),
    ({"time_in_force": "GTD", "expires_at": 1.5e18}, ConfigError, "expires_at must be ns UTC, ISO text, a date or a time"),
    ({"time_in_force": "GTD", "expires_at": True}, ConfigError, "expires_at must be ns UTC"),
    ({"time_in_force": "GTD", "expires_at": np.datetime64("2020-01-01")}, ConfigError, "expires_at must be ns UTC"),
], ids=str)  # fmt: skip
def test_fields_of_the_wrong_kind_are_named(simulator, fields, error, says):
    with pytest.raises(error, match=says):
        simulator.place(Order(**{"symbol": "S0", "units": 1.0, **fields}))
    assert not simulator.tickets["lots"].any()


def test_a_group_that_does_not_fit_is_written_nowhere(simulator):
    for arm_delay in (2**63, 1.0, True):
        with pytest.raises(ConfigError, match="arm_delay must be a whole number of bars"):
            simulator.place(bracket(Order("S0", 1.0), stop=90.0, arm_delay=arm_delay))
    assert not simulator.tickets["lots"].any()
    simulator.place(bracket(Order("S0", 1.0), stop=90.0, arm_delay=np.int64(2)))
    assert simulator.tickets["arm_delay"][0].tolist() == [0, 2, 0, 0]


@pytest.mark.parametrize("units", [5.000000005, 7.0000000049, 12_345.678901234, 60_000.123456789])
def test_fine_lots_and_ticks_are_a_grid_like_any_other(kit, units):
    tape = kit.tape(kit.flat(100.0, 4), lot=1e-8, tick=1e-8)
    simulator = Simulator(tape, CostSettings(), max_tickets=2)
    with pytest.raises(ConfigError, match="units must be a multiple of 1e-08"):
        simulator.place(Order("S0", units))
    with pytest.raises(ConfigError, match="limit must be a multiple of 1e-08"):
        simulator.place(Order("S0", 1.0, "limit", limit=units))
    with pytest.raises(ConfigError, match="a multiple of the lot 1e-08"):
        run_targets(tape, CostSettings(), np.full(2, units))
    # on request: lots towards zero, the limit of a purchase no higher
    simulator.place(Order("S0", units, "limit", limit=units), rounding="conservative")
    below = int(units * 1e8)
    assert simulator.tickets[0, 0][["lots", "price_ticks"]].tolist() == (below, below)


@pytest.mark.parametrize("count", [1, 3, 7, 123_456_789, 1_234_567_890_123, 999_999_999_999_999])
@pytest.mark.parametrize("per_unit", [10, 100, 10**8])
def test_decimals_of_every_size_are_on_the_grid(kit, count, per_unit):
    simulator = Simulator(kit.tape(kit.flat(100.0, 4), lot=1 / per_unit), CostSettings(), max_tickets=1)
    simulator.place(Order("S0", count / per_unit))
    assert simulator.tickets["lots"][0, 0] == count


def test_more_orders_on_their_way_than_the_pool_holds_need_a_larger_one():
    tape, targets = gbm_tape(0, n_bars=60), np.arange(59) % 2 * 1.0
    late = CostSettings(latency_ms=30 * 86_400_000)
    for max_orders, lost in ((8, True), (40, False)):
        result = run_targets(tape, late, targets, max_orders=max_orders)
        assert bool(result.refused[Refusal.POOL_FULL]) == lost
