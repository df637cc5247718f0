"""The log of a step: nothing is dropped from it, it tells each order's life, and writing it changes nothing."""

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.market.cost import CostSettings
from quantgym.market.errors import IntegrityError
from quantgym.market.order import OrderState
from quantgym.simulator.order import Order, bracket, oco
from quantgym.simulator.run import Run
from quantgym.simulator.simulator import Simulator

N_ENVS, N_ASSETS, N_TICKETS = 12, 2, 8
LEFT = (OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED)


def random_order(generator, asset, close):
    """An order of any kind near the market."""
    lots = int(generator.choice([-1, 1]) * generator.integers(1, 40))
    near = [round(float(close * (1.0 + 0.01 * away)), 2) for away in generator.standard_normal(2)]
    kind = str(generator.choice(["market", "limit", "stop", "stop_limit", "trailing_stop"]))
    prices = {"limit": {"limit": near[0]}, "stop": {"stop": near[1]}, "stop_limit": {"limit": near[0], "stop": near[1]},
              "trailing_stop": {"trail": 0.5}}.get(kind, {})  # fmt: skip
    tif = str(generator.choice(["GTC", "DAY", "IOC", "FOK"] if kind in ("market", "limit") else ["GTC", "DAY"]))
    return Order(asset, lots=lots, kind=kind, time_in_force=tif, **prices)


def play(seed, **settings):
    """Random orders, brackets, pairs and cancels in twelve accounts -> (simulator, log and fills of each step and account)."""
    generator = np.random.Generator(np.random.PCG64(seed))
    tape = gbm_tape(seed, n_bars=60, n_assets=N_ASSETS, volatility=0.02, volume=2_000.0)
    costs = CostSettings(account="reg_t", max_leverage=2.0, allow_short=True, participation=0.02, latency_ms=3_600_000.0)
    simulator = Simulator(tape, costs, n_envs=N_ENVS, max_orders=6, max_tickets=N_TICKETS, **settings)
    simulator.open_accounts(20_000.0, np.zeros(N_ENVS, int))
    steps = []
    for row in range(tape.n_rows - 1):
        for e in range(N_ENVS):
            asset = int(generator.integers(N_ASSETS))
            close = tape.close[row, asset]
            order = random_order(generator, asset, close)
            side = 1 if order.lots > 0 else -1
            low, high = round(float(close * 0.98), 2), round(float(close * 1.02), 2)
            stop, target = (low, high) if side > 0 else (high, low)
            pick = generator.integers(6)
            if pick == 0:
                simulator.place(bracket(order, stop=stop, target=target, arm_delay=int(generator.integers(2))), e)
            elif pick == 1:
                other = Order(asset, lots=order.lots, kind="limit", limit=low if side > 0 else high)
                simulator.place(oco(order, other), e)
            elif pick < 4:
                simulator.place(order, e)
            else:
                simulator.cancel(int(generator.integers(1, 40)), e)
            simulator.intents["lots"][e] = generator.integers(-3, 4, N_ASSETS)
        simulator.step()
        simulator.check()
        assert (simulator.record["n_logged"] <= simulator.fills.shape[1]).all()
        steps.append([(simulator.log_of_step(e), simulator.fills_of_step(e)) for e in range(N_ENVS)])
    return simulator, steps


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_dropped_and_each_order_has_one_end(seed):
    simulator, steps = play(seed, record_orders=True)
    for e in range(N_ENVS):
        fills = sum(len(step[e][1]) for step in steps)
        assert fills == simulator.account["n_fills"][e] > 10
        ends: dict[int, int] = {}
        for step in steps:
            for entry in step[e][0]:
                order = int(entry["order_id"])
                if order == 0:  # closed by force
                    continue
                assert order not in ends, f"order {order} was heard of after it had left"
                if entry["state"] in LEFT:
                    ends[order] = int(entry["state"])
        working = simulator.orders[e, : simulator.account["n_working"][e]]["id"].tolist()
        assert sorted([*ends, *working]) == list(range(1, int(simulator.account["next_order_id"][e])))


def test_writing_states_down_changes_no_fill_and_no_account():
    told, told_steps = play(4, record_orders=True)
    quiet, quiet_steps = play(4, record_fills=True)
    for name in ("account", "position", "orders", "refused"):
        assert getattr(told, name).tobytes() == getattr(quiet, name).tobytes(), name
    for first, second in zip(told_steps, quiet_steps, strict=True):
        for e in range(N_ENVS):
            assert first[e][1].tobytes() == second[e][1].tobytes()


def test_a_step_that_wrote_more_than_the_log_holds_is_never_read_as_whole():
    simulator = Simulator(gbm_tape(0, n_bars=5), CostSettings(), record_fills=True)
    simulator.open_accounts(1e5, np.zeros(1, int))
    simulator.step()
    simulator.record["n_logged"] = simulator.fills.shape[1] + 1
    with pytest.raises(IntegrityError, match="the log of a step holds 10 entries, environment 0 wrote 11"):
        simulator.fills_of_step()


def test_nor_does_a_run_read_beyond_the_log_of_a_step():
    run = Run(gbm_tape(0, n_bars=8, n_assets=3), CostSettings(), cash=1e5, keep=("orders",))
    run.simulator.fills = run.simulator.fills[:, :2].copy()
    run._arrays = (*run._arrays[:-1], run.simulator.fills)
    with pytest.raises(IntegrityError, match="the log of a step holds 2 entries, environment 0 wrote"):
        run.play(np.full((7, 3), 5))
