"""Rates of the environments: random actions; observation, reward and autoreset included; one core, after compilation.

`python benchmarks/env_rate.py --json` prints one line a figure; the exit code is 1 where a target is missed. Every batch is first
compared with its sub-environments alone and with its stages one after the other, bit for bit: a wrong answer is not timed. Rates
are per CPU second, medians of turns in which all batches are timed one after the other; threads are timed by the clock.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import gymnasium as gym
import numpy as np

import quantgym  # noqa: F401 (registers the ids)
from quantgym.data.instant import MINUTE
from quantgym.data.synthetic import gbm_tape
from quantgym.encoders.column import Column
from quantgym.encoders.layout import Layout
from quantgym.encoders.table import FeatureTable
from quantgym.envs.batch import TradingVectorEnv
from quantgym.envs.portfolio import PortfolioVectorEnv
from quantgym.envs.replay import play

TURNS = 9
CHECKED_STEPS = 1_000
SECONDS = 0.1  # of one batch's part of a turn, about
N_ENVS, N_THREADED, N_MANY = 1_024, 4_096, 100_000
MEMORY = """
import resource, sys, time
import numpy as np
from env_rate import table
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.batch import TradingVectorEnv
tape = gbm_tape(0, 20_000)
env = TradingVectorEnv(tape, table(tape, 32), num_envs=int(sys.argv[1]))
env.reset(seed=0)
for _ in range(3):
    env.step(np.zeros(env.num_envs, int))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def table(tape, n_columns, seed=0):
    """Return random features, `n_columns` an asset."""
    values = np.random.default_rng(seed).standard_normal((tape.n_rows, tape.n_assets * n_columns)).astype(np.float32)
    columns = tuple(Column(f"f{index}", "score", -10.0, 10.0) for index in range(n_columns))
    return FeatureTable(values, Layout(tape.symbols, market_asset=columns))


def worlds(n_bars):
    """Return for each batch: environment, arguments, target in steps a CPU second."""
    one, many = gbm_tape(0, n_bars, bar_ns=MINUTE), gbm_tape(0, min(n_bars, 20_000), n_assets=30, bar_ns=MINUTE)
    wide, narrow = {"tape": one, "features": table(one, 32)}, {"tape": one, "features": table(one, 8), "window": 64}
    return {
        "env.trading.features32": (TradingVectorEnv, wide, 8e6),
        "env.trading.features32.ends_apart": (TradingVectorEnv, wide, 8e6),
        "env.trading.features32.by_stages": (TradingVectorEnv, wide, None),
        "env.trading.features32.differential_sharpe": (TradingVectorEnv, {**wide, "reward": "differential_sharpe"}, None),
        "env.trading.window64x8": (TradingVectorEnv, narrow, 4e6),
        "env.trading.window64x8.reference": (TradingVectorEnv, {**narrow, "observation": "reference"}, 12e6),
        "env.portfolio.assets30x8": (PortfolioVectorEnv, {"tape": many, "features": table(many, 8)}, 2e5),
    }


def check(make, settings, **changes):
    """Raise AssertionError where a batch differs from two of its sub-environments alone, or from its stages."""
    seeds = [11, 12, 13]
    batch = make(**settings, num_envs=3, episode_bars=100, **changes)
    batch.action_space.seed(0)
    actions = [batch.action_space.sample() for _ in range(CHECKED_STEPS)]
    replay = play(batch, seeds, actions)
    for e in (0, 2):
        alone = play(make(**settings, num_envs=1, episode_bars=100), [seeds[e]], [action[e : e + 1] for action in actions])
        where = alone.difference(replay, [0], [e])
        assert where is None, f"sub-environment {e} differs from the same one alone in {where}"
    staged = make(**settings, num_envs=3, episode_bars=100)
    assert batch.fused is not None
    staged.fused = None
    where = replay.difference(play(staged, seeds, actions))
    assert where is None, f"the batch differs from its stages in {where}"


def check_single(settings):
    """Raise AssertionError where what `gymnasium.make` gives, reset by hand, differs from the sub-environment of a batch."""
    env = gym.make("quantgym/Trading-v0", **settings, episode_bars=100)
    batch = gym.make_vec("quantgym/Trading-v0", num_envs=1, **settings, episode_bars=100)
    same = env.reset(seed=11)[0].tobytes() == batch.reset(seed=[11])[0].tobytes()
    for action in np.random.default_rng(0).integers(0, 6, CHECKED_STEPS):
        seen, *alone, _ = env.step(action)
        shown, *numbers, info = batch.step(np.array([action]))
        over = alone[1] or alone[2]
        reached = info["final_obs"][0] if over else shown[0]
        same &= seen.tobytes() == reached.tobytes() and alone == [one[0] for one in numbers]
        same &= not over or env.reset()[0].tobytes() == shown[0].tobytes()
        assert same, f"the single environment differs from a batch of one, action {action}"


class Batch:
    """A batch that is stepped with the same 64 random actions over and over."""

    def __init__(self, make, settings, n_envs=N_ENVS):
        """Reset it and compile it."""
        self.env, self.n_envs = make(**settings, num_envs=n_envs, info=()), n_envs
        self.env.reset(seed=0)
        self.env.action_space.seed(0)
        self.actions = [self.env.action_space.sample() for _ in range(64)]
        self.rounds = 1
        self.timed()
        self.rounds = max(1, round(SECONDS / self.timed(time.process_time)))

    def timed(self, clock=time.process_time):
        """Return the seconds of `rounds` times 64 steps."""
        start = clock()
        for _ in range(self.rounds):
            for action in self.actions:
                self.env.step(action)
        return max(clock() - start, 1e-9)

    def rate(self, clock=time.process_time):
        """Return steps a second."""
        return self.rounds * len(self.actions) * self.n_envs / self.timed(clock)


def let_ends_come_apart(batch):
    """Let the running episodes end one by one instead of all in one step, as they do after a while."""
    episode = batch.env.books.episode
    episode["last_row"] = episode["first_row"] + np.random.default_rng(0).integers(10, 253, batch.n_envs)


def batch_rates(n_bars):
    """Return steps a CPU second of every batch of `worlds`, medians of turns."""
    batches = {}
    for name, (make, settings, _) in worlds(n_bars).items():
        batches[name] = Batch(make, settings)
    let_ends_come_apart(batches["env.trading.features32.ends_apart"])
    batches["env.trading.features32.by_stages"].env.fused = None
    return {name: statistics.median(rates) for name, rates in in_turns(batches, time.process_time).items()}


def in_turns(batches, clock):
    """Return the rates of batches that are timed one after the other, again and again; the first turn warms up."""
    rates = {name: [] for name in batches}
    for _ in range(TURNS + 1):
        for name, batch in batches.items():
            rates[name].append(batch.rate(clock))
    return {name: found[1:] for name, found in rates.items()}


def threads_ratio(settings):
    """Return by what factor two threads are faster than one by the clock, the median of turns."""
    batches = {n: Batch(TradingVectorEnv, {**settings, "threads": n}, N_THREADED) for n in (1, 2)}
    for batch in batches.values():
        let_ends_come_apart(batch)
    rates = in_turns(batches, time.perf_counter)
    return statistics.median(two / one for one, two in zip(rates[1], rates[2], strict=True))


def single_rate(settings):
    """Return steps a CPU second of what `gymnasium.make` gives, resets by hand, the median of turns."""
    env = gym.make("quantgym/Trading-v0", **settings, info=())
    env.reset(seed=0)
    actions, rates = np.random.default_rng(0).integers(0, 6, 10_000), []
    for _ in range(TURNS + 1):
        start = time.process_time()
        for action in actions:
            *_, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        rates.append(len(actions) / (time.process_time() - start))
    return statistics.median(rates[1:])


def figures(n_bars):
    """Yield name, value, unit, target and what was checked."""
    alone = f"equals single environments and its own stages bit for bit over {CHECKED_STEPS:,} steps"
    made = worlds(n_bars)
    for make, settings, _ in made.values():
        check(make, settings)
    wide = made["env.trading.features32"][1]
    check(TradingVectorEnv, wide, threads=2)
    check_single(wide)
    rates = batch_rates(n_bars)
    for name, rate in rates.items():
        yield f"{name}.steps_per_cpu_s", rate, "steps/s", made[name][2], alone
    gain = rates["env.trading.features32"] / rates["env.trading.features32.by_stages"]
    yield "env.trading.features32.part_of_by_stages", gain, "ratio", None, alone
    yield "env.trading.single.steps_per_cpu_s", single_rate(wide), "steps/s", 2e5, alone
    yield f"env.trading.two_threads.batch{N_THREADED}", threads_ratio(wide), "ratio", 1.6, alone
    command = [sys.executable, "-c", MEMORY, str(N_MANY)]
    used = float(subprocess.check_output(command, text=True, cwd=sys.path[0])) / 1e9
    yield f"env.trading.memory.batch{N_MANY}", used, "GB", 2.0, "largest resident memory of a process that steps it"


def main():
    """Print every figure; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line a figure")
    parser.add_argument("--bars", type=int, default=200_000, help="rows of the tape (default: 200,000)")
    options = parser.parse_args()
    missed = False
    for figure, value, unit, target, checked in figures(options.bars):
        met = target is None or (value <= target if unit == "GB" else value >= target)
        missed |= not met
        if options.json:
            line = {"figure": figure, "value": value, "unit": unit, "target": target, "met": met, "checked": checked}
            print(json.dumps(line), flush=True)
        else:
            shown = "none" if target is None else f"{target:,.1f} {'met' if met else 'missed'}"
            print(f"{figure:58s} {value:16,.2f} {unit:8s} target {shown}", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
