"""The golden digest: a rule agent's fill log on a synthetic tape. It changes only with a line in the changelog."""

import hashlib
import json
from pathlib import Path

import numpy as np

from quantgym.data.record import bar_records, clock_records, term_records
from quantgym.data.tape import Tape
from quantgym.market.cost import CostSettings
from quantgym.market.instrument import Instrument
from quantgym.market.order import OrderKind
from quantgym.simulator.backtest import run_bars

GOLDEN = Path(__file__).with_name("golden.json")
N_ROWS = 600


def golden_tape():
    """Two assets on a grid of sixteenths, without a transcendental function, so that every machine makes the same bytes."""
    generator = np.random.Generator(np.random.PCG64(20))
    shape = (N_ROWS, 2)
    close = (1_600 + generator.integers(-12, 13, shape).cumsum(axis=0)) / 16
    opened = np.vstack([close[:1], close[:-1]]) + generator.integers(-4, 5, shape) / 16
    high = np.maximum(opened, close) + generator.integers(0, 8, shape) / 16
    low = np.minimum(opened, close) - generator.integers(0, 8, shape) / 16
    opens = np.arange(N_ROWS) * 86_400_000_000_000
    terms = term_records(shape, split=np.where(np.arange(N_ROWS)[:, None] == 300, [2.0, 1.0], 1.0))
    return Tape.build(
        "golden", [Instrument(symbol="ONE"), Instrument(symbol="TWO")], clock_records(opens, opens + 86_400_000_000_000),
        bar_records(opened, high, low, close, generator.integers(500, 5_000, shape) * 1.0), terms,
    )  # fmt: skip


def follow(simulator, row):
    """Long above the mean of 20 closes with a stop 1 % below, flat under it; the second asset by limits at the close."""
    for asset in range(2):
        closes = simulator.bars[max(0, row - 19) : row + 1, asset]["close"]
        close, mean = closes[-1], closes.sum() / len(closes)
        held = int(simulator.position[0, asset]["units"])
        intent = simulator.intents[0, asset]
        if close > mean and held == 0:
            intent["lots"], intent["cancel"] = 20, 1
            if asset == 1:
                intent["kind"], intent["price_ticks"] = OrderKind.LIMIT, round(close * 100)
        elif close > mean and not simulator.account[0]["n_working"]:
            intent["lots"], intent["kind"], intent["reduce_only"] = -held, OrderKind.STOP, 1
            intent["stop_ticks"] = int(close * 99)
        elif close <= mean and held:
            intent["lots"], intent["cancel"] = -held, 1


def test_the_fill_log_of_a_rule_agent_has_its_golden_digest():
    costs = CostSettings(fee_rate=0.001, half_spread_rate=0.0005, slippage_rate=0.0002, participation=0.01)
    result = run_bars(golden_tape(), costs, follow)
    found = {
        "fills": len(result.fills),
        "kinds": np.bincount(result.fills["kind"], minlength=3).tolist(),
        "sha256": hashlib.sha256(result.fills.tobytes() + result.equity.tobytes()).hexdigest(),
    }
    assert found["fills"] > 100
    assert found == json.loads(GOLDEN.read_text())
