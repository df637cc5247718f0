"""Steps per CPU second of the environments: random actions; observation, reward and autoreset included; one core.

`python benchmarks/env_rate.py --json` prints one line a figure; the exit code is 1 where a target is missed. Every batch is first
compared with its sub-environments alone, bit for bit: a wrong answer is not timed.
"""

import argparse
import json
import statistics
import sys
import time

import numpy as np

from quantgym.data.instant import MINUTE
from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout
from quantgym.encoders.table import FeatureTable
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.envs.replay import play
from quantgym.envs.single import TradingEnv

REPEATS = 5
CHECKED_STEPS = 1_000
SECONDS = 0.5  # of one repeat, about


def table(tape, n_columns, seed=0):
    """Return random features, `n_columns` an asset."""
    values = np.random.default_rng(seed).standard_normal((tape.n_rows, tape.n_assets * n_columns)).astype(np.float32)
    columns = tuple(Column(f"f{index}", "score", -10.0, 10.0) for index in range(n_columns))
    return FeatureTable(values, Layout(tape.symbols, market_asset=columns))


def worlds(n_bars):
    """Return for each figure: environment, arguments, sub-environments, target in steps a CPU second."""
    one, many = gbm_tape(0, n_bars, bar_ns=MINUTE), gbm_tape(0, min(n_bars, 20_000), n_assets=30, bar_ns=MINUTE)
    return {
        "env.trading.features32": (TradingVectorEnv, {"tape": one, "features": table(one, 32)}, 1_024, 8e6),
        "env.trading.window64x8": (TradingVectorEnv, {"tape": one, "features": table(one, 8), "window": 64}, 1_024, 4e6),
        "env.portfolio.assets30x8": (PortfolioVectorEnv, {"tape": many, "features": table(many, 8)}, 1_024, 2e5),
    }


def check(make, settings):
    """Raise AssertionError where two sub-environments of a batch differ from the same ones alone."""
    seeds = [11, 12, 13]
    batch = make(**settings, num_envs=3, episode_bars=100)
    batch.action_space.seed(0)
    actions = [batch.action_space.sample() for _ in range(CHECKED_STEPS)]
    replay = play(batch, seeds, actions)
    for e in (0, 2):
        alone = play(make(**settings, num_envs=1, episode_bars=100), [seeds[e]], [action[e : e + 1] for action in actions])
        where = alone.difference(replay, [0], [e])
        assert where is None, f"sub-environment {e} differs from the same one alone in {where}"


def timed(step, actions, n_envs):
    """Return steps a CPU second: the median of `REPEATS` runs through `actions`, as often as fills the time."""
    started = time.process_time()
    for action in actions:
        step(action)
    rounds = max(1, round(SECONDS / max(time.process_time() - started, 1e-6)))
    rates = []
    for _ in range(REPEATS):
        started = time.process_time()
        for _ in range(rounds):
            for action in actions:
                step(action)
        rates.append(rounds * len(actions) * n_envs / (time.process_time() - started))
    return statistics.median(rates)


def batch_rate(make, settings, n_envs):
    """Return steps a CPU second of a batch."""
    env = make(**settings, num_envs=n_envs, info=())
    env.reset(seed=0)
    env.action_space.seed(0)
    return timed(env.step, [env.action_space.sample() for _ in range(64)], n_envs)


def single_rate(settings):
    """Return steps a CPU second of one environment behind Gymnasium's interface, resets by hand."""
    env = TradingEnv(**settings, info=())
    env.reset(seed=0)
    rng = np.random.default_rng(0)

    def step(action):
        *_, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()

    return timed(step, rng.integers(0, 6, 2_000), 1)


def main():
    """Print every figure; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line a figure")
    parser.add_argument("--bars", type=int, default=200_000, help="rows of the tape")
    arguments = parser.parse_args()
    missed = False
    figures = worlds(arguments.bars)
    for name, (make, settings, n_envs, target) in figures.items():
        check(make, settings)
        missed |= not report(arguments.json, name, batch_rate(make, settings, n_envs), target)
    settings = figures["env.trading.features32"][1]
    missed |= not report(arguments.json, "env.trading.single", single_rate(settings), 2e5)
    return int(missed)


def report(as_json, name, value, target):
    """Print one figure; return whether its target is met."""
    met = value >= target
    if as_json:
        checked = f"equals single environments bit for bit over {CHECKED_STEPS:,} steps"
        print(json.dumps({"figure": f"{name}.steps_per_cpu_s", "value": round(value), "unit": "steps/s", "target": target,
                          "met": met, "checked": checked}), flush=True)
    else:
        verdict = "met" if met else "missed"
        print(f"{name:<28} {value / 1e6:8.3f} million steps per CPU second, target {target / 1e6:g} {verdict}", flush=True)
    return met


if __name__ == "__main__":
    sys.exit(main())
