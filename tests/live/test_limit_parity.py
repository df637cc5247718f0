"""What the live guard sends is what an environment under the same limits plays."""

from dataclasses import replace

import numpy as np
import pytest

from quantgym.data.synthetic import gbm_tape
from quantgym.envs.limits import Limits
from quantgym.live.books import Books
from quantgym.live.guard import Guard
from quantgym.live.intent import wanted_orders
from quantgym.live.journal import Journal
from quantgym.market.cost import CostSettings
from quantgym.market.limits import LimitSettings
from quantgym.market.order import OrderKind, OrderState, Refusal
from quantgym.simulator.simulator import Simulator

COSTS = CostSettings(allow_short=True, max_leverage=10.0)
TAPE = gbm_tape(5, 200, 3)
LIMITS = (LimitSettings(max_position=900.0, max_gross=2_000.0, max_net=1_200.0, max_order=800.0, max_orders_per_minute=2),
          LimitSettings(max_leverage=1.5, max_daily_loss=0.01, max_drawdown=0.02))  # fmt: skip


def asked(intents):
    return list(wanted_orders("twin", 0, TAPE.instruments, intents))


@pytest.mark.parametrize("settings", LIMITS)
def test_the_guard_and_the_environment_drop_the_same_orders_for_the_same_reasons(settings, tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite", "twin", {}, clock=lambda: 0)
    simulator, limits = Simulator(TAPE, COSTS), Limits(settings, 1, 3)
    simulator.open_accounts(1_000.0, np.zeros(1, np.int64))
    books = Books(TAPE.instruments, COSTS, 1_000.0)
    books.open(TAPE.row(0))
    books.account, books.position = simulator.account, simulator.position  # one account, seen by both
    guard = Guard(books, journal, None, clock=lambda: 0, limits=settings)
    rng, dropped, sent = np.random.default_rng(1), 0, 0
    for row in range(150):
        intents = simulator.intents[0]
        intents["lots"] = rng.integers(-8, 9, 3) * (rng.random(3) < 0.7)
        limited = rng.random(3) < 0.4
        intents["kind"] = np.where(limited, OrderKind.LIMIT, OrderKind.MARKET)
        away = 1.0 + 0.02 * rng.standard_normal(3)
        intents["price_ticks"] = np.where(limited, np.round(TAPE.close[row] * away / 0.01), 0)
        intents["reduce_only"] = rng.random(3) < 0.2
        intents["cancel"] = rng.random(3) < 0.3
        working = working_requests(simulator, intents)
        passed, refused = guard_says(guard, row, intents, working)
        limits.screen(simulator)
        left = {symbol: int(lots) for symbol, lots in zip(TAPE.symbols, intents["lots"], strict=True) if lots}
        counted = [Refusal(reason).name.lower() for reason, n in enumerate(simulator.declined[0]) for _ in range(n) if reason]
        assert left == passed
        assert sorted(counted) == sorted(refused)
        dropped, sent = dropped + len(refused), sent + len(passed)
        simulator.step()
    journal.close()
    assert min(dropped, sent) > 30


def working_requests(simulator, intents):
    """What works and is not being cancelled, as the order desk tells it."""
    requests = []
    for order in simulator.orders[0][: simulator.account["n_working"][0]]:
        if OrderState.FREE < order["state"] <= OrderState.PARTIALLY_FILLED and not intents["cancel"][order["asset"]]:
            one = np.zeros(3, intents.dtype)
            one["lots"][order["asset"]], one["reduce_only"][order["asset"]] = order["lots"] - order["filled"], order["reduce_only"]
            requests.append(asked(one)[0].request)
    return requests


def guard_says(guard, row, intents, working):
    guard.watch(TAPE.row(row))
    orders = [replace(order, sequence=row) for order in asked(intents)]
    passed, refused = guard.clear(TAPE.row(row), orders, working)
    return {order.request.symbol: order.request.lots for order in passed}, [refusal.reason for refusal in refused]
