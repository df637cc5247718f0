"""Execution by hand: what is sent, what it costs against the arrival price, and when it is over."""

import numpy as np
import pytest

from quantgym.envs.tasks.execution import ExecutionVectorEnv
from quantgym.envs.tasks.parent_order import OrderSettings
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, DataError, UnknownNameError

FREE = CostSettings(sizing_margin=0.0).without_costs()
HALF, ALL, WAIT, MARKET = 0.0, 1.0, -1.0, -1.0


def env(tape, order, **settings):
    given = {"num_envs": 1, "start": "first", "autoreset_mode": "disabled", "episode_bars": tape.n_rows - 1, "costs": FREE}
    return ExecutionVectorEnv(tape, order=order, features=None, **{**given, **settings})


@pytest.fixture
def flat_features(monkeypatch):
    # hand tapes are shorter than the warm-up of the light features
    from quantgym.encoders.column import Column
    from quantgym.encoders.layout import Layout
    from quantgym.encoders.table import FeatureTable

    def encode(tape):
        one = Column("one", "flag", 0.0, 1.0)
        return FeatureTable(np.ones((tape.n_rows, 1), np.float32), Layout(tape.symbols, market_asset=(one,)))

    monkeypatch.setattr(ExecutionVectorEnv, "encode", staticmethod(encode))


def play(made, *actions):
    made.reset(seed=0)
    paid = []
    for action in actions:
        _, rewards, terminated, truncated, _ = made.step(np.array([action], np.float32))
        paid.append(float(rewards[0]))
    return paid, bool(terminated[0]), bool(truncated[0])


def test_a_purchase_in_two_halves_by_hand(tape_of, flat_features):
    tape = tape_of([100, 101, 104], [100, 102, 103])
    made = env(tape, {"side": "buy", "size": 10.0, "size_in": "units"})
    paid, terminated, truncated = play(made, (HALF, MARKET), (ALL, MARKET))
    # arrival 100, worth 1,000. Five at 101 cost 5 x 1 against it, five at 104 5 x 4: 25 of 1,000 are 250 basis points
    assert sum(paid) == pytest.approx(-250.0, rel=1e-12)
    # first step: 5 for the half that was bought at 101, 5 x 2 for the half that now costs 102: 15 of 1,000
    assert paid[0] == pytest.approx(-150.0, rel=1e-12)
    assert (terminated, truncated, made.task.left.tolist()) == (True, False, [0])
    assert made.task.shortfall == pytest.approx([250.0], rel=1e-12)
    assert made.books.position["units"].tolist() == [[10.0]]


def test_a_sale_in_two_halves_by_hand(tape_of, flat_features):
    tape = tape_of([100, 101, 104], [100, 102, 103])
    made = env(tape, {"side": "sell", "size": 10.0, "size_in": "units"})
    made.reset(seed=0)
    # cash 100,000 and twice the order's worth, of which half is in units
    account = made.books.account[0]
    assert (account["equity"], account["cash"], made.books.position["units"][0, 0]) == (102_000.0, 101_000.0, 10.0)
    paid, terminated, _ = play(made, (HALF, MARKET), (ALL, MARKET))
    # sold at 101 and 104 instead of 100: a gain of 5 + 20 of 1,000
    assert sum(paid) == pytest.approx(250.0, rel=1e-12)
    assert terminated
    assert made.books.position["units"].tolist() == [[0.0]]
    made.simulator.check()


def test_fees_and_spread_are_part_of_the_shortfall(tape_of, flat_features):
    tape = tape_of([100, 100, 100], [100, 100, 100])
    costs = CostSettings(fee_rate=0.001, half_spread_rate=0.002, impact_coefficient=0.0)
    made = env(tape, {"side": "buy", "size": 10.0, "size_in": "units"}, costs=costs)
    paid, *_ = play(made, (ALL, MARKET))
    # bought at 100.2: 20 basis points of spread, and 0.1 % of 1,002: 10.02
    assert paid == pytest.approx([-30.02], rel=1e-9)


def test_what_is_left_goes_to_the_market_at_the_last_bar_whatever_the_action_says(tape_of, flat_features):
    tape = tape_of([100, 100, 110], [100, 100, 100])
    made = env(tape, {"side": "buy", "size": 10.0, "size_in": "units"})
    paid, terminated, _ = play(made, (WAIT, MARKET), (WAIT, 1.0))
    assert paid == pytest.approx([0.0, -1_000.0], rel=1e-12)  # ten at 110 instead of 100
    assert (terminated, made.task.left[0]) == (True, 0)


def test_it_ends_when_the_order_is_filled(tape_of, flat_features):
    made = env(tape_of([100] * 6, [100] * 6), {"side": "sell", "size": 3.0, "size_in": "units"})
    _, terminated, truncated = play(made, (ALL, MARKET))
    assert (terminated, truncated) == (True, False)


def test_what_volume_cuts_counts_at_the_last_mark(tape_of, flat_features):
    tape = tape_of([100, 100, 100], [100, 100, 120], volume=4.0)
    costs = CostSettings(participation=0.5, fee_rate=0.0, half_spread_rate=0.0, impact_coefficient=0.0)
    made = env(tape, {"side": "buy", "size": 10.0, "size_in": "units"}, costs=costs)
    paid, terminated, _ = play(made, (ALL, MARKET), (ALL, MARKET))
    # two lots a bar at 100; six are left, worth 20 more each than at the arrival: 120 of 1,000
    assert sum(paid) == pytest.approx(-1_200.0, rel=1e-12)
    assert (terminated, made.task.left[0], made.books.position["units"][0, 0]) == (True, 6, 4.0)


def test_a_limit_order_waits_for_its_price_and_leaves_at_the_close(tape_of, flat_features):
    # limits at 100 - 0.2 x 0.5 = 99.9, then 99.8: the first bar stops at 99.9 (no fill: it must go through), the second goes to 99
    tape = tape_of([100] * 4, [100] * 4, lows=[100, 99.9, 99.0, 99.0])
    made = env(tape, {"side": "buy", "size": 10.0, "size_in": "units"})
    paid, *_ = play(made, (ALL, 0.5))
    assert (paid[0], made.task.left[0], made.books.account["n_working"][0]) == (0.0, 10, 0)
    _, rewards, *_ = made.step(np.array([(HALF, 1.0)], np.float32))
    # five at 99.8: 5 x 0.2 saved of 1,000
    assert rewards == pytest.approx([10.0], rel=1e-9)
    _, rewards, *_ = made.step(np.array([(WAIT, MARKET)], np.float32))
    assert (rewards[0], made.task.left[0]) == (0.0, 0)


def test_a_split_and_a_dividend_cost_nothing(tape_of, flat_features):
    # two for one before row 1; 1 a new unit paid in row 2, by which the price falls
    tape = tape_of([100, 50, 49, 49], [100, 50, 49, 49], split={1: 2.0}, dividend={2: 1.0})
    for side in ("buy", "sell"):
        made = env(tape, {"side": side, "size": 10.0, "size_in": "units"})
        paid, *_ = play(made, (HALF, MARKET), (WAIT, MARKET), (ALL, MARKET))
        assert paid == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
        # the intent of five was decided in old units and became ten; ten of twenty were left
        assert (made.task.left[0], made.task.total[0]) == (0, 20.0)
        assert made.task.arrival[0] == pytest.approx(49.0)  # 100 / 2 - 1


def test_sizes_in_notional_and_volume(tape_of, flat_features):
    tape = tape_of([100] * 5, [100] * 5, volume=50.0)
    made = env(tape, {"side": "buy", "size": 1_250.0})
    made.reset(seed=0)
    assert made.task.total.tolist() == [12.0]  # 1,250 / 100 in whole lots
    made = env(tape, {"side": "buy", "size": 0.1, "size_in": "volume"})
    seen, _ = made.reset(seed=0)
    assert made.task.total.tolist() == [20.0]  # 0.1 x 50 a bar x 4 bars
    # side, remaining, in flight, time left, adverse move, 20 / (50 x 4)
    assert seen[0, -6:].tolist() == pytest.approx([1, 1, 0, 1, 0, 0.1])


def test_drawn_sides_and_sizes_come_from_each_one_s_own_stream(tape_of, flat_features):
    tape = tape_of([100] * 5, [100] * 5)
    order = OrderSettings(size=(10.0, 1_000.0), size_in="units")
    many, one = env(tape, order, num_envs=40), env(tape, order)
    many.reset(seed=list(range(40)))
    one.reset(seed=[7])
    assert (many.task.total[7], many.task.side[7]) == (one.task.total[0], one.task.side[0])
    assert set(many.task.side.tolist()) == {1.0, -1.0}
    assert 10 <= many.task.total.min() < many.task.total.max() <= 1_000


def test_an_asset_that_leaves_the_tape_ends_the_task(tape_of, flat_features):
    tape = tape_of([100] * 5, [100] * 5)
    bars = tape.bars.copy()
    bars["present"][3:], bars["tradable"][3:] = 0, 0
    bars.flags.writeable = False
    from dataclasses import replace

    made = env(replace(tape, bars=bars), {"side": "sell", "size": 10.0, "size_in": "units"})
    paid, terminated, _ = play(made, (HALF, MARKET), (WAIT, MARKET), (WAIT, MARKET))
    # five are paid out at the last close
    assert (terminated, paid) == (True, [0.0, 0.0, 0.0])


def test_even_and_immediate_execution(tape_of, flat_features):
    tape = tape_of([100] * 6, [100] * 6)
    made = env(tape, {"side": "buy", "size": 100.0, "size_in": "units"})
    made.reset(seed=0)
    left = []
    for _ in range(5):
        made.step(made.twap_action())
        left.append(int(made.task.left[0]))
    assert left == [80, 60, 40, 20, 0]
    made.reset(seed=0)
    assert made.step(made.immediate_action())[2].tolist() == [True]


def test_the_grid_waits_or_sends_a_share_in_a_way(tape_of, flat_features):
    made = env(tape_of([100] * 6, [100] * 6), {"side": "buy", "size": 100.0, "size_in": "units"},
               action={"kind": "child_order_grid", "shares": [0.25, 1.0], "offsets": [0.001]})  # fmt: skip
    assert made.scheme.labels == ("wait", "25% at market", "100% at market", "25% at 10 bp", "100% at 10 bp")
    made.reset(seed=0)
    made.step(np.array([0]))
    assert made.task.left.tolist() == [100]
    made.step(np.array([3]))  # 99.9 is never reached
    assert made.task.left.tolist() == [100]
    made.step(made.twap_action())  # one third of three decisions: a quarter is nearest
    assert made.task.left.tolist() == [75]
    assert made.step(made.immediate_action())[2].tolist() == [True]


@pytest.mark.parametrize(
    ("order", "error", "message"),
    [
        ({"sise": 1.0}, ConfigError, "unknown setting sise; did you mean size"),
        ({"size": 0.0}, ConfigError, "order.size must be positive"),
        ({"size": (5.0, 1.0)}, ConfigError, "such a pair"),
        ({"side": "long"}, ConfigError, "side"),
        ({"volume_bars": 0}, ConfigError, "volume_bars must be 1 or more"),
        (7, ConfigError, "order must be OrderSettings"),
    ],
)
def test_a_wrong_order_is_refused(tape_of, flat_features, order, error, message):
    with pytest.raises(error, match=message):
        env(tape_of([100] * 5, [100] * 5), order)


def test_a_share_of_a_volume_without_a_unit_is_refused(tape_of, flat_features):
    tape = tape_of([100] * 5, [100] * 5, volume_unit=None)
    with pytest.raises(DataError, match="needs volumes in units, that of S0 on tape hand has none"):
        env(tape, {"size": 0.1, "size_in": "volume"})


def test_a_wrong_scheme_is_refused(tape_of, flat_features):
    tape = tape_of([100] * 5, [100] * 5)
    with pytest.raises(UnknownNameError, match="unknown action scheme of Execution-v0 'child_order'; did you mean child_orders"):
        env(tape, None, action="child_order")
    with pytest.raises(ConfigError, match=r"unknown setting child_orders.max_ofset; did you mean max_offset"):
        env(tape, None, action={"kind": "child_orders", "max_ofset": 0.1})


def test_the_reward_is_refused_where_there_is_no_order():
    from quantgym.envs.batch import TradingVectorEnv

    with pytest.raises(ConfigError, match="needs a parent order, which quantgym/Execution-v0 has alone"):
        TradingVectorEnv(reward="implementation_shortfall")
