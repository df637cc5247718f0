"""What holds for every execution: rewards sum to the shortfall of the fills, nothing is overfilled, states go on."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.cost import CostSettings

from .conftest import LoggedExecution

N = 9
COSTS = {
    "free": CostSettings(sizing_margin=0.0).without_costs(),
    "default": CostSettings(),
    "participation": CostSettings(participation=0.02, fee_rate=0.001, slippage_rate=0.0005),
    "displacement": CostSettings(impact="transient", impact_permanent=0.02, impact_volume=1e5),
    "late": CostSettings(latency_ms=129_600_000.0, maker_fee_rate=-0.0001),  # a bar and a half
    "isolated": CostSettings(account="isolated", max_leverage=3.0, maintenance_rate=0.01),
}


def batch(costs, **settings):
    tape = gbm_tape(3, 300)
    order = {"size": (0.005, 0.1), "size_in": "volume"}
    given = {"num_envs": N, "order": order, "costs": COSTS[costs], "episode_bars": 7, "autoreset_mode": "disabled"}
    return LoggedExecution(tape, **{**given, **settings})


@pytest.mark.parametrize("action", ["child_orders", "child_order_grid"])
@pytest.mark.parametrize("costs", COSTS)
def test_rewards_sum_to_the_shortfall_of_the_fills_and_nothing_is_overfilled(costs, action):
    made = batch(costs, action=action)
    task, sim = made.task, made.simulator
    made.action_space.seed(1)
    made.reset(seed=5)
    arrival, ordered, side = task.arrival.copy(), task.total.copy(), task.side.copy()
    summed, spent, got, running = np.zeros(N), np.zeros(N), np.zeros(N), np.ones(N, bool)
    while running.any():
        _, rewards, terminated, truncated, _ = made.step(made.action_space.sample())
        assert not truncated.any()
        for e in np.flatnonzero(running):
            fills = sim.fills_of_step(e)
            assert (fills["lots"] * side[e] > 0).all()
            got[e] += np.abs(fills["units"]).sum()
            # side x q x (p - arrival) + fees
            spent[e] += (fills["units"] * (fills["price"] - arrival[e]) + fills["commission"] + fills["fees"]).sum()
            assert task.left[e] * task.lot == pytest.approx(ordered[e] - got[e])
        assert (task.left >= 0).all()
        summed[running] += rewards[running]
        for e in np.flatnonzero(running & terminated):
            rest = ordered[e] - got[e]
            cost = spent[e] + rest * side[e] * (sim.position["mark"][e, 0] - arrival[e])
            assert summed[e] == pytest.approx(-1e4 * cost / (ordered[e] * arrival[e]), rel=1e-9, abs=1e-9)
            running[e] = False
        sim.check()
        if terminated.any():  # what they play now is not looked at
            made.reset(options={"reset_mask": terminated})
    assert costs in ("participation", "late") or (got == ordered).all()


def test_the_last_decision_sends_all_that_no_order_in_flight_may_still_fill():
    made = batch("late")
    made.reset(seed=0)
    made.action_space.seed(0)
    for _ in range(6):
        made.step(made.action_space.sample())
        flying = made.task.in_flight(made.books)
        assert (flying <= made.task.left).all()
        assert (flying[made.task.left > 0] >= 0).all()


def test_a_saved_execution_goes_on_identically():
    first, second = batch("default"), batch("default")
    first.reset(seed=2)
    first.action_space.seed(0)
    actions = [first.action_space.sample() for _ in range(5)]
    for action in actions[:2]:
        first.step(action * 0.5 - 0.5)
    second.set_state(first.get_state())
    for action in actions[2:4]:
        mine, theirs = first.step(action * 0.5 - 0.5), second.step(action * 0.5 - 0.5)
        assert [part.tobytes() for part in mine[:4]] == [part.tobytes() for part in theirs[:4]]


def test_the_order_is_no_use_of_a_limit_on_shorts():
    # a sale reduces what is held from the start, so that a long-only account can sell
    made = batch("default", order={"side": "sell", "size": 1_000.0, "size_in": "units"})
    made.reset(seed=0)
    made.step(made.immediate_action())
    assert (made.task.left == 0).all()
    assert (made.simulator.refused == 0).all()


def test_on_several_tapes_volumes_are_averaged_and_orders_expire_on_each_tape_alone():
    from quantgym.envs.tasks.execution import ExecutionVectorEnv

    tapes = [gbm_tape(1, 80), gbm_tape(2, 90, volume=10.0)]
    order = {"side": "buy", "size": 0.5, "size_in": "volume"}
    pool = ExecutionVectorEnv(tapes, order=order, num_envs=8, episode_bars=6, costs=COSTS["free"], tape_weights=[1.0, 1.0])
    alone = ExecutionVectorEnv(tapes[1], order=order, num_envs=1, episode_bars=6, costs=COSTS["free"], start="first")
    assert np.array_equal(pool.task.volume[80:], alone.task.volume)
    pool.reset(seed=0)
    rows = pool.books.rows.copy()
    assert {False, True} == set((rows >= 80).tolist())
    pool.step(np.tile(np.array([1.0, 0.3], np.float32), (8, 1)))
    assert (pool.books.account["n_working"] == 0).all()  # limits have left at the close
