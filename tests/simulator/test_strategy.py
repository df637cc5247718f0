"""Strategies in Python: ids that hold, answers that are looked at, and errors that say where."""

from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.cost import CostSettings
from quantgym.market.errors import ConfigError, ShapeError
from quantgym.market.order import OrderKind
from quantgym.simulator.order import Order, bracket
from quantgym.simulator.strategy import run_strategy


def play(on_bar, tape=None, **words):
    words = {"keep": ("orders", "equity", "steps"), **words}
    return run_strategy(gbm_tape(0, n_bars=8) if tape is None else tape, CostSettings(), SimpleNamespace(on_bar=on_bar), **words)


def test_ids_of_placed_orders_hold_where_the_same_answer_sends_a_target(kit):
    ids = []

    def on_bar(bar):
        if bar.row == 0:
            ids.extend(bar.place(Order("S0", -2, "stop", stop=90.0)).tolist())
            return 2.0
        if bar.row == 2:
            bar.cancel(ids[0])
        return None

    log = play(on_bar, kit.tape(kit.flat(100.0, 6))).log
    assert ids == [1]
    assert set(log["kind"][log["order_id"] == 1].tolist()) == {OrderKind.STOP}
    # the target's order came after it, and has filled; the cancel met the stop
    assert log[log["lots"] != 0][["order_id", "row", "lots"]].tolist() == [(2, 1, 2)]
    assert log[["order_id", "row"]].tolist()[-1] == (1, 3)


def test_the_targets_order_beside_placed_ones_trades_like_one_alone(kit):
    tape = gbm_tape(5, n_bars=200, n_assets=3)
    wanted = np.random.default_rng(3).integers(0, 20, (200, 3)) * 1.0

    def placing(bar):
        bar.place(Order("S1", 1, "limit", limit=0.01, time_in_force="DAY"))  # never filled
        return wanted[bar.row]

    words = {"max_orders": 8, "max_tickets": 1, "keep": ("fills",)}
    beside, alone = play(placing, tape, **words), play(lambda bar: wanted[bar.row], tape, **words)
    assert len(alone.fills) > 400
    names = [name for name in alone.fills.dtype.names if name != "order_id"]
    assert all(np.array_equal(beside.fills[name], alone.fills[name]) for name in names)


def test_a_target_takes_no_slot_from_the_orders_that_a_decision_may_place():
    def on_bar(bar):
        for _ in range(3):
            bar.place(Order("S0", 1, "limit", limit=1.0))
        return float(bar.row)

    with pytest.raises(ConfigError, match="at most max_tickets = 2 orders and cancels, 2 are taken, 1 more were placed"):
        play(on_bar, max_tickets=2)
    assert len(play(on_bar, max_tickets=3, max_orders=30).fills) == 6


def test_a_full_pool_is_no_way_to_lose_a_target():
    def on_bar(bar):
        bar.place(Order("S0", 1, "limit", limit=1.0))
        return float(bar.row)

    says = "row 2 placed 1 orders and returned a target that needs 1 more, the pool holds 3, 2 are working; run with a larger max_"
    with pytest.raises(ConfigError, match=says):
        play(on_bar, max_orders=3)
    assert play(on_bar, max_orders=9).position["units"] == 6.0


@pytest.mark.parametrize("looks", [False, True])
@pytest.mark.parametrize("answer", [
    "10", b"3", ["1"], True, np.True_, np.array([1.0, 2.0]), np.datetime64("2020-01-01"), np.timedelta64(3, "D"), 1 + 2j,
    10**400, {}, object(), Decimal("1"), [[1.0, 2.0], [3.0]],
], ids=lambda answer: type(answer).__name__)  # fmt: skip
def test_only_numbers_are_targets(answer, looks):
    with pytest.raises(ShapeError, match=r"on_bar at row 0 must return a target in units for each of 1 assets, or None, was "):
        play(lambda bar: (looks and bar.equity, answer)[1])


@pytest.mark.parametrize("answer", [["1", "2"], [True, False], 1.0, [1.0], (1, 2, 3), {0: 1.0}])
def test_several_assets_need_a_number_each(answer):
    with pytest.raises(ShapeError, match="a target in units for each of 2 assets"):
        play(lambda bar: answer, gbm_tape(0, n_bars=8, n_assets=2))


@pytest.mark.parametrize("answer", [3, 3.0, np.float32(3), np.int64(3), np.array(3), [3], (3.0,), np.array([[3]])])
def test_every_way_to_write_a_number_is_the_same_target(answer):
    assert play(lambda bar: answer).position["units"] == 3.0


def test_some_positions_may_be_left_as_they_are():
    tape = gbm_tape(0, n_bars=8, n_assets=2)
    answers = [[2, None], [np.nan, 4], None, np.array([np.nan, np.nan])]
    result = play(lambda bar: answers[bar.row % 4], tape)
    assert result.fills[["asset", "lots"]].tolist() == [(0, 2), (1, 4)]


def test_what_a_strategy_raises_says_at_which_bar():
    def on_bar(bar):
        return 1.0 / (3 - bar.row)

    with pytest.raises(ZeroDivisionError) as caught:
        play(lambda bar: round(on_bar(bar)))
    assert caught.value.__notes__ == ["raised by on_bar at row 3 of gbm-0"]


def test_a_class_is_no_strategy():
    class Idle:
        def on_bar(self, bar):
            return None

    with pytest.raises(ConfigError, match=r"a strategy is an object, was the class Idle; write Idle\(\)"):
        run_strategy(gbm_tape(0, n_bars=5), CostSettings(), Idle)
    assert len(run_strategy(gbm_tape(0, n_bars=5), CostSettings(), Idle()).equity) == 5


def test_stop_and_target_of_a_bracket_cannot_be_exchanged():
    bracket(Order("S0", -1.0), stop=110.0, target=90.0)
    bracket(Order("S0", 1.0), stop=Order("S0", -1.0, "trailing_stop", trail=1.0), target=101.0)
    for entry, stop, target, says in (
        (Order("S0", 1.0), 110.0, 90.0, r"a bracket that buys needs its stop below its target, was stop 110.0, target 90.0"),
        (Order("S0", lots=-1), 90.0, 110.0, r"a bracket that sells needs its stop above its target, was stop 90.0, target 110.0"),
    ):
        with pytest.raises(ConfigError, match=says):
            bracket(entry, stop=stop, target=target)
