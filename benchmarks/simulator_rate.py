"""Rates of the simulator: steps per CPU second with market orders alone, compilation, start of a second process; one core.

`python benchmarks/simulator_rate.py --json` prints one line a figure; the exit code is 1 where a target is missed. A batch is
first compared with its accounts alone, bit for bit: a wrong answer is not timed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from quantgym.data.instant import MINUTE
from quantgym.data.synthetic import gbm_tape
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings
from quantgym.simulator.simulator import Simulator

REPEATS = 7
SIX = action_scheme("six_actions")
FIRST_STEP = """
import time
start = time.perf_counter()
import numpy as np
from quantgym.data.synthetic import gbm_tape
from quantgym.market.actions.registry import action_scheme
from quantgym.market.cost import CostSettings
from quantgym.simulator.simulator import Simulator
simulator = Simulator(gbm_tape(0, n_bars=10), CostSettings())
simulator.open_accounts(1e6, np.zeros(1, int))
simulator.decode(action_scheme("six_actions"), np.array([0]))
simulator.step()
print(time.perf_counter() - start)
"""


def check(tape):
    """Raise AssertionError where an account of a batch differs from the same one alone."""
    generator = np.random.default_rng(1)
    rows, actions = generator.integers(0, tape.n_rows - 400, 5), generator.integers(0, 6, (300, 5))
    ends = []
    for envs in ([0, 1, 2, 3, 4], [0], [3]):
        simulator = Simulator(tape, CostSettings(), n_envs=len(envs))
        simulator.open_accounts(1e6, rows[envs])
        for action in actions:
            simulator.decode(SIX, action[envs])
            simulator.step()
        simulator.check()
        ends.append({e: simulator.account[i].tobytes() for i, e in enumerate(envs)})
    assert all(ends[0][e] == alone[e] for alone in ends[1:] for e in alone)


def rate(tape, n_envs, n_steps):
    """Return the median steps per CPU second with random actions, decoding included."""
    generator = np.random.default_rng(0)
    simulator = Simulator(tape, CostSettings(), n_envs=n_envs)
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


def starts():
    """Return seconds to the first step of a process without and of one with compiled kernels."""
    with tempfile.TemporaryDirectory() as folder:
        command, environment = [sys.executable, "-c", FIRST_STEP], {**os.environ, "QUANTGYM_CACHE": folder}
        return [float(subprocess.check_output(command, env=environment, text=True)) for _ in range(2)]


def main():
    """Print the figures; return whether every target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--bars", type=int, default=1_000_000, help="rows of the tape (default: 1,000,000)")
    options = parser.parse_args()
    tape = gbm_tape(0, options.bars, bar_ns=MINUTE)
    check(tape)
    cold, warm = starts()
    figures = [
        ("simulator.market_orders.batch1024", rate(tape, 1_024, 400), 8e6, "steps/s"),
        ("simulator.market_orders.single", rate(tape, 1, 20_000), None, "steps/s"),
        ("simulator.first_step.cold", cold, 90.0, "s"),
        ("simulator.first_step.second_process", warm, 2.0, "s"),
    ]
    passed = True
    for figure, value, target, unit in figures:
        met = target is None or (value >= target if unit == "steps/s" else value <= target)
        passed &= met
        if options.json:
            checked = "accounts of a batch equal the same ones alone over 300 steps"
            print(json.dumps({"figure": figure, "value": value, "unit": unit, "target": target, "met": met, "checked": checked}))
        else:
            print(f"{figure:40s} {value:14,.2f} {unit:8s} target {'none' if target is None else f'{target:,.0f}'}")
    return passed


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
