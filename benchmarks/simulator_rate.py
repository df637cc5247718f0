"""Rates of the simulator, one core: batches of market orders, a stream of targets, strategies in Python, working brackets, a
portfolio of weights; compilation, start of a second process, growth of memory.

`python benchmarks/simulator_rate.py --json` prints one line a figure; the exit code is 1 where a target is missed. Each figure's
answer is checked first: a wrong answer is not timed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque

import numba
import numpy as np

from quantgym.data.instant import MINUTE
from quantgym.data.synthetic import gbm_tape
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings
from quantgym.simulator.order import Order, bracket
from quantgym.simulator.run import Run
from quantgym.simulator.simulator import Simulator
from quantgym.simulator.strategy import run_strategy
from quantgym.simulator.stream import LEAVE
from quantgym.simulator.targets import run_targets

REPEATS = 5
LEAST_BARS = 25_000  # what the checks and the batch play
SIX = action_scheme("six_actions")
COSTS = CostSettings()
FREE = {"fee_rate": 0.0, "half_spread_rate": 0.0, "impact_coefficient": 0.0, "borrow_rate": 0.0, "sizing_margin": 0.0,
        "margin_interest_rate": 0.0}  # fmt: skip
FAST, SLOW, UNITS = 20, 50, 10.0
N_BRACKETS, TOP_UP = 32, 250  # working brackets, bars between two looks whether one is missing
EVERYTHING = """
import time
start = time.perf_counter()
import numpy as np
from quantgym.data.synthetic import gbm_tape
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings
from quantgym.simulator.order import Order, bracket
from quantgym.simulator.simulator import Simulator
from quantgym.simulator.targets import run_targets
tape = gbm_tape(0, n_bars=10)
simulator = Simulator(tape, CostSettings(), max_tickets=3, record_orders=True)
simulator.open_accounts(1e6, np.zeros(1, int))
simulator.decode(action_scheme("six_actions"), np.array([0]))
simulator.place(bracket(Order(0, 1.0), stop=90.0, target=110.0))
simulator.step()
run_targets(tape, CostSettings(), np.ones(9), keep=())
print(time.perf_counter() - start, time.process_time())
"""
GROWTH = """
import os
import numpy as np
from quantgym.data.instant import MINUTE
from quantgym.data.synthetic import gbm_tape
from quantgym.market.cost import CostSettings
from quantgym.simulator.strategy import run_strategy
seen = []
class Blocks:
    def on_bar(self, bar):
        if bar.row % 50_000 == 20_000:
            seen.append(int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        return bar.row // 64 % 2 + 0.0 * bar.equity
run_strategy(gbm_tape(0, 520_000, bar_ns=MINUTE), CostSettings(), Blocks(), keep=())
print((max(seen) - seen[0]) / (len(seen) - 1) * 20)
"""


def timed(work, count, seconds=0.2):
    """Return the median of `count` per CPU second over at least REPEATS repeats of `work`, which may return its own count."""
    rates = []
    while len(rates) < REPEATS or sum(count / rate for rate in rates) < seconds:
        start = time.process_time()
        done = work()
        rates.append((done or count) / (time.process_time() - start))
    return statistics.median(rates)


def same(first, second, names):
    """Raise AssertionError where two results differ in a byte."""
    for name in names:
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes(), f"{name} differs"


def check_batch(tape):
    """An account of a batch is the same one alone."""
    generator = np.random.default_rng(1)
    rows, actions = generator.integers(0, tape.n_rows - 400, 5), generator.integers(0, 6, (300, 5))
    ends = []
    for envs in ([0, 1, 2, 3, 4], [0], [3]):
        simulator = Simulator(tape, COSTS, n_envs=len(envs))
        simulator.open_accounts(1e6, rows[envs])
        for action in actions:
            simulator.decode(SIX, action[envs])
            simulator.step()
        simulator.check()
        ends.append({e: simulator.account[i].tobytes() for i, e in enumerate(envs)})
    assert all(ends[0][e] == alone[e] for alone in ends[1:] for e in alone)


def batch_rate(tape, n_envs, n_steps):
    """Return steps per CPU second with random actions, decoding included."""
    generator = np.random.default_rng(0)
    simulator = Simulator(tape, COSTS, n_envs=n_envs)
    actions = generator.integers(0, 6, (n_steps, n_envs))
    rates = []
    for _ in range(REPEATS):
        simulator.open_accounts(1e6, generator.integers(0, tape.n_rows - n_steps - 1, n_envs))
        start = time.process_time()
        for action in actions:
            simulator.decode(SIX, action)
            simulator.step()
        rates.append(n_envs * n_steps / (time.process_time() - start))
    return statistics.median(rates)


class Cross:
    """Ten units while the mean of 20 closes is above that of 50, else none."""

    def __init__(self):
        self.short, self.long, self.sums = deque(maxlen=FAST), deque(maxlen=SLOW), [0.0, 0.0]

    def on_bar(self, bar):
        close, short, long, sums = bar.close, self.short, self.long, self.sums
        full = len(long) == SLOW
        if full:
            sums[1] -= long[0]
        if len(short) == FAST:
            sums[0] -= short[0]
        short.append(close)
        long.append(close)
        sums[0] += close
        sums[1] += close
        return UNITS if full and sums[0] / FAST > sums[1] / SLOW else 0.0


class LookingCross(Cross):
    """The same, and it reads its equity and its position at every close."""

    def on_bar(self, bar):
        self.seen = bar.equity, bar.units()
        return super().on_bar(bar)


def crossing(tape):
    """Return the answers of `Cross` at every close but the last, (T - 1,)."""
    strategy, bar = Cross(), type("Bar", (), {})()
    answers = np.empty(tape.n_rows - 1)
    for row, bar.close in enumerate(tape.close[:-1, 0].tolist()):
        answers[row] = strategy.on_bar(bar)
    return answers


@numba.njit(error_model="numpy")
def bare_loop(targets, opens, closes, cash, rate, curve):
    """The same stream in the fewest words: no ledgers, no refusals, no records, fills at the open, one rate for all costs."""
    units = 0.0
    for i in range(targets.shape[0]):
        if targets[i] != units:
            traded = targets[i] - units
            cash -= traded * opens[i + 1] + abs(traded) * opens[i + 1] * rate
            units = targets[i]
        curve[i] = cash + units * closes[i + 1]


def check_stream(tape, targets):
    """The stream is its decisions stepped, and a strategy in Python is the stream, bit for bit."""
    n = min(20_000, tape.n_rows - 1)
    part, targets = tape.slice(0, n + 1), targets[:n]
    simulator = Simulator(part, COSTS)
    simulator.open_accounts(100_000.0, np.zeros(1, int))
    curve = np.empty(n)
    for row in range(n):
        simulator.intents["lots"][0, 0] = targets[row] - simulator.position["units"][0, 0]
        simulator.intents["tif"][0, 0] = 2
        curve[row] = simulator.step()["equity"][0]
    streamed = run_targets(part, COSTS, targets)
    assert streamed.equity[1:].tobytes() == curve.tobytes()
    assert streamed.account.tobytes() == simulator.account[0].tobytes()
    for strategy in (Cross(), LookingCross()):
        same(run_strategy(part, COSTS, strategy), streamed, ("equity", "account", "position", "refused"))


def stream_rates(tape, targets):
    """Return bars per CPU second of the stream and of the bare loop, in turns."""
    n = len(targets)
    opens, closes, curve = tape.open[:, 0].copy(), tape.close[:, 0].copy(), np.empty(n)
    ours, bare = [], []
    for _ in range(2 * REPEATS + 1):
        ours.append(timed_once(lambda: run_targets(tape, COSTS, targets), n))
        bare.append(timed_once(lambda: bare_loop(targets, opens, closes, 1e5, 0.0007, curve), n))
    return statistics.median(ours[1:]), statistics.median(bare[1:])


def timed_once(work, count):
    """Return `count` per CPU second of one call of `work`."""
    start = time.process_time()
    work()
    return count / (time.process_time() - start)


def play_brackets(tape, n_bars, costs, seed=0, keep=()):
    """Return a run with 32 brackets at work, topped up every 250 bars, the mean number of their orders, and what was placed."""
    generator = np.random.default_rng(seed)
    run = Run(tape, costs, cash=1e6, rows=(0, n_bars + 1), keep=keep, max_orders=4 * N_BRACKETS, max_tickets=3 * N_BRACKETS)
    simulator, leave = run.simulator, np.full((TOP_UP, 1), LEAVE, np.int64)
    working, placed = [], []
    for row in range(0, n_bars, TOP_UP):
        close = float(tape.close[row, 0])
        for _ in range(N_BRACKETS - (int(simulator.account["n_working"][0]) + 1) // 2):
            below, above = generator.uniform(0.02, 0.08, 2)
            low, high = round(close * (1.0 - below), 2), round(close * (1.0 + above), 2)
            simulator.place(bracket(Order(0, 1.0), stop=low, target=high))
            placed.append((row + 1, low, high))
        run.play(leave)
        working.append(int(simulator.account["n_working"][0]))
    return run, statistics.mean(working), placed


def check_brackets(tape, n_bars):
    """Every bracket ends where its levels are first reached: found for each on its own, from highs and lows, without a pool."""
    run, working, placed = play_brackets(tape, n_bars, CostSettings(**FREE, max_leverage=5.0, limit_touch=True))
    account, position = run.simulator.account[0], run.simulator.position[0, 0]
    bars, worth = tape.bars[: n_bars + 1, 0], 1e6
    for entered, stop, target in placed:
        worth -= bars["open"][entered]
        later = bars[entered + 1 :]
        ends = np.flatnonzero((later["low"] <= stop) | (later["high"] >= target))
        if not len(ends):
            worth += bars["close"][-1]
        elif later["low"][ends[0]] <= stop:  # both in one bar: the worse
            worth += min(stop, later["open"][ends[0]])
        else:
            worth += max(target, later["open"][ends[0]])
    assert abs(account["equity"] - worth) < 1e-6, (account["equity"], worth)
    assert len(placed) > 1.2 * N_BRACKETS
    assert position["units"] > 0.9 * N_BRACKETS
    assert working > 1.5 * N_BRACKETS


def portfolio(n_assets, n_bars):
    """Return a tape of daily bars and weights that drift by a few per cent of themselves a day, (T - 1, A)."""
    tape = gbm_tape(1, n_bars, n_assets)
    steps = np.random.default_rng(0).standard_normal((n_bars - 1, n_assets)) * 0.02
    weights = np.exp(steps.cumsum(axis=0))
    return tape, weights / weights.sum(axis=1, keepdims=True)


def redrawn_weights(shape):
    """Return weights that are drawn anew at every bar, so that every position trades all the time."""
    weights = np.random.default_rng(1).random(shape)
    return weights / weights.sum(axis=1, keepdims=True)


def check_weights(tape, weights):
    """The stream of weights is `target_weights` decoded and stepped, bit for bit."""
    scheme, n = action_scheme("target_weights", n_assets=tape.n_assets), 100
    simulator = Simulator(tape, COSTS)
    simulator.open_accounts(1e6, np.zeros(1, int))
    for row in range(n):
        simulator.decode(scheme, weights[row : row + 1])
        simulator.step()
    streamed = run_targets(tape, COSTS, weights[:n], unit="weights", cash=1e6)
    assert streamed.account["n_fills"] > n * tape.n_assets // 10
    assert streamed.account.tobytes() == simulator.account[0].tobytes()
    assert streamed.position.tobytes() == simulator.position[0].tobytes()


def starts():
    """Return CPU seconds to compile all and play it, and seconds until a second process, with compiled kernels, has played."""
    with tempfile.TemporaryDirectory() as folder:
        command, environment = [sys.executable, "-c", EVERYTHING], {**os.environ, "QUANTGYM_CACHE": folder}
        cold, warm = (subprocess.check_output(command, env=environment, text=True).split() for _ in range(2))
    return float(cold[1]), float(warm[0])


def figures(n_bars):
    """Yield name, value, target, unit and what was checked."""
    tape = gbm_tape(0, n_bars, bar_ns=MINUTE, volatility=0.0005)
    check_batch(tape)
    alone = "accounts of a batch equal the same ones alone over 300 steps"
    yield "simulator.market_orders.batch1024", batch_rate(tape, 1_024, 400), 8e6, "steps/s", alone
    yield "simulator.market_orders.single", batch_rate(tape, 1, 20_000), None, "steps/s", alone
    targets = crossing(tape)
    check_stream(tape, targets)
    stepped = "equals its decisions stepped one by one, bit for bit"
    ours, bare = stream_rates(tape, targets)
    yield "simulator.stream.targets", ours, 30e6, "bars/s", stepped
    yield "simulator.stream.bare_loop", bare, None, "bars/s", "a loop without ledgers, refusals or records: for comparison"
    yield "simulator.stream.part_of_bare_loop", ours / bare, None, "ratio", stepped
    part = tape.slice(0, min(200_001, tape.n_rows))
    streamed = "equals the stream of its targets, bit for bit"
    n = part.n_rows - 1
    yield "simulator.strategy.python", timed(lambda: run_strategy(part, COSTS, Cross()) and n, n), 250e3, "bars/s", streamed
    looking = timed(lambda: run_strategy(part, COSTS, LookingCross()) and n, n)
    yield "simulator.strategy.python_that_reads_its_account", looking, None, "bars/s", streamed
    n -= n % TOP_UP
    check_brackets(gbm_tape(3, 20_001, bar_ns=MINUTE, volatility=0.001), 20_000)
    assert play_brackets(part, n, CostSettings(max_leverage=5.0))[1] > 1.9 * N_BRACKETS
    brackets = timed(lambda: play_brackets(part, n, CostSettings(max_leverage=5.0)) and n, n)
    by_levels = "each bracket ends where its levels are first reached, found from highs and lows alone"
    yield f"simulator.brackets.working{N_BRACKETS}", brackets, 1e6, "bars/s", by_levels
    many, weights = portfolio(500, 1_260)
    check_weights(many, weights)
    cells = weights.size
    decoded = "equals target_weights decoded and stepped, bit for bit"
    rate = timed(lambda: run_targets(many, COSTS, weights, unit="weights", cash=1e6) and cells, cells)
    yield "simulator.weights.assets500", rate, 10e6, "asset-bars/s", decoded
    redrawn = redrawn_weights(weights.shape)
    check_weights(many, redrawn)
    rate = timed(lambda: run_targets(many, COSTS, redrawn, unit="weights", cash=1e6) and cells, cells)
    yield "simulator.weights.assets500_redrawn", rate, 10e6, "asset-bars/s", decoded
    cold, warm = starts()
    yield "simulator.first_step.cold", cold, 90.0, "CPU s", "a step, a bracket and a stream are compiled and played"
    yield "simulator.first_step.second_process", warm, 2.0, "s", "the same from the cache"
    grown = float(subprocess.check_output([sys.executable, "-c", GROWTH], text=True)) / 1e6
    yield "simulator.memory.per_million_bars", grown, 1.0, "MB", "resident memory of a strategy with recording off, largest of ten"


def main():
    """Print the figures; return whether every target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--bars", type=int, default=1_000_000, help="rows of the tape (default: 1,000,000)")
    options = parser.parse_args()
    if options.bars < LEAST_BARS:
        parser.error(f"--bars must be at least {LEAST_BARS}, was {options.bars}")
    passed = True
    for figure, value, target, unit, checked in figures(options.bars):
        met = target is None or (value >= target if unit.endswith("/s") else value <= target)
        passed &= met
        if options.json:
            line = {"figure": figure, "value": value, "unit": unit, "target": target, "met": met, "checked": checked}
            print(json.dumps(line), flush=True)
        else:
            print(f"{figure:52s} {value:16,.2f} {unit:14s} target {'none' if target is None else f'{target:,.0f}'}", flush=True)
    return passed


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
