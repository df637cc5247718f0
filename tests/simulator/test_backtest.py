"""The backtest of one account is the simulator with a batch of one."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings
from quantgym.market.errors import DataError, ShapeError
from quantgym.simulator.backtest import run_actions, run_bars
from quantgym.simulator.simulator import Simulator


def test_weights_held_to_the_end_follow_the_price(kit):
    tape = kit.tape([(100,) * 4, (100, 110, 100, 110), (110, 121, 110, 121)])
    result = run_actions(tape, CostSettings(**kit.FREE), np.ones((2, 1)), cash=1_000.0)
    # ten units at 100; at 110 and 1100 of equity the target is still ten
    assert result.equity.tolist() == [1_000.0, 1_100.0, 1_210.0]
    assert result.rows.tolist() == [0, 1, 2]
    assert result.fills["lots"].tolist() == [10]
    assert result.position["units"].tolist() == [10.0]


def test_a_function_called_each_bar_equals_the_stream_of_its_actions():
    tape, costs = gbm_tape(1, n_bars=80, n_assets=2), CostSettings()
    weights = np.random.Generator(np.random.PCG64(0)).random((79, 2)) / 2
    scheme = action_scheme("target_weights", n_assets=2)
    called = run_bars(tape, costs, lambda simulator, row: simulator.decode(scheme, weights[row : row + 1]))
    streamed = run_actions(tape, costs, weights)
    for name in ("equity", "fills", "records", "account", "position", "refused", "rows"):
        assert getattr(called, name).tobytes() == getattr(streamed, name).tobytes(), name


def test_the_backtest_equals_one_account_of_a_batch():
    tape, costs = gbm_tape(2, n_bars=60), CostSettings()
    actions = np.random.Generator(np.random.PCG64(1)).integers(0, 6, (5, 59))
    scheme = action_scheme("six_actions")
    batch = Simulator(tape, costs, n_envs=5)
    batch.open_accounts(100_000.0, np.zeros(5, int))
    for row in range(59):
        batch.decode(scheme, actions[:, row])
        batch.step()
    for e in range(5):
        alone = run_actions(tape, costs, actions[e], scheme=scheme)
        assert alone.account.tobytes() == batch.account[e].tobytes()


def test_a_run_can_begin_and_end_inside_the_tape():
    tape = gbm_tape(3, n_bars=50)
    result = run_actions(tape, CostSettings(), np.ones((10, 1)), first_row=20)
    assert result.rows.tolist() == list(range(20, 31))
    assert result.account["opened_row"] == 20
    assert result.fills["row"].min() == 21


def test_decisions_without_a_bar_after_them_are_refused():
    tape = gbm_tape(3, n_bars=50)
    with pytest.raises(DataError, match=r"in \[0, 50\), were \[0, 51\)"):
        run_actions(tape, CostSettings(), np.ones((50, 1)))
    with pytest.raises(DataError, match="rows must hold a decision"):
        run_bars(tape, CostSettings(), lambda simulator, row: None, rows=(5, 6))
    with pytest.raises(ShapeError, match="at least one decision"):
        run_actions(tape, CostSettings(), np.ones((0, 1)))


def test_actions_of_the_wrong_width_are_refused():
    with pytest.raises(ShapeError, match=r"floats of shape \(9, 1\), was float64 \(9, 2\)"):
        run_actions(gbm_tape(3, n_bars=50), CostSettings(), np.ones((9, 2)))
