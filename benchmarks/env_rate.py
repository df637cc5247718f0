"""Rates of the environments: random actions; observation, reward and autoreset included; one core, after compilation.

`python benchmarks/env_rate.py --json` prints one line a figure; the exit code is 1 where a target is missed. Every batch is first
compared with its sub-environments alone and with its stages one after the other, bit for bit: a wrong answer is not timed. Rates
are per CPU second, threads are timed by the clock. All are timed in turns, one after the other, beside two loops that know nothing
of environments: whatever else runs on a machine only ever makes it slower, so that the value is the best turn; the median stands
beside it, and how far the bare loops fell behind their own best tells what kind of moment it was.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import gymnasium as gym
import numba
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

TURNS = 15
CHECKED_STEPS = 1_000
SECONDS = 0.07  # of one batch's part of a turn, about
N_ENVS, N_THREADED, N_MANY = 1_024, 4_096, 100_000
SINGLE = "env.trading.single"
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


@numba.njit(parallel=True)
def churn(states, n):
    """Shift and fold each of `states` uint64 (k,) `n` times: nothing but a core works, and each step waits for the one before."""
    for k in numba.prange(states.shape[0]):
        x = states[k]
        for _ in range(n):
            x ^= x << np.uint64(13)
            x ^= x >> np.uint64(7)
            x ^= x << np.uint64(17)
        states[k] = x


class Machine:
    """A loop that knows nothing of environments, timed like a batch: how fast the machine is at this moment."""

    def __init__(self, unit, work):
        """Run it once; `work()` does `unit` of whatever it counts."""
        self.unit, self.work = unit, work
        work()

    def rate(self, clock=time.process_time):
        """Return units a second."""
        start = clock()
        for _ in range(40):
            self.work()
        return 40 * self.unit / max(clock() - start, 1e-9)


def churning(threads, n=200_000):
    """Return a loop of a core on each of `threads`."""
    states = np.arange(1, threads + 1, dtype=np.uint64)

    def work():
        numba.set_num_threads(threads)
        churn(states, n)

    return Machine(threads * n, work)


def copying():
    """Return the copy of as many bytes as the windows of a batch have."""
    source = np.random.default_rng(0).random((N_ENVS, 64 * 8), np.float32)
    target = np.zeros_like(source)
    return Machine(source.nbytes, lambda: np.copyto(target, source))


class Single:
    """What `gymnasium.make` gives, with random actions and resets by hand."""

    def __init__(self, settings):
        """Reset it."""
        self.env = gym.make("quantgym/Trading-v0", **settings, info=())
        self.env.reset(seed=0)
        self.actions = np.random.default_rng(0).integers(0, 6, 10_000)

    def rate(self, clock=time.process_time):
        """Return steps a second."""
        start = clock()
        for action in self.actions:
            *_, terminated, truncated, _ = self.env.step(action)
            if terminated or truncated:
                self.env.reset()
        return len(self.actions) / max(clock() - start, 1e-9)


def let_ends_come_apart(batch):
    """Let the running episodes end one by one instead of all in one step, as they do after a while."""
    episode = batch.env.books.episode
    episode["last_row"] = episode["first_row"] + np.random.default_rng(0).integers(10, 253, batch.n_envs)


def batch_rates(n_bars):
    """Return the rates of every turn, steps a CPU second, of batches, of one alone and of the bare loops."""
    batches = {SINGLE: Single(worlds(n_bars)["env.trading.features32"][1])}
    for name, (make, settings, _) in worlds(n_bars).items():
        batches[name] = Batch(make, settings)
    let_ends_come_apart(batches["env.trading.features32.ends_apart"])
    batches["env.trading.features32.by_stages"].env.fused = None
    return in_turns({"machine.core": churning(1), "machine.copy": copying(), **batches}, time.process_time)


def in_turns(batches, clock):
    """Return the rates of batches that are timed one after the other, again and again; the first turn warms up."""
    rates = {name: [] for name in batches}
    for _ in range(TURNS + 1):
        for name, batch in batches.items():
            rates[name].append(batch.rate(clock))
    return {name: found[1:] for name, found in rates.items()}


def thread_rates(settings):
    """Return the rates of every turn by the clock, of a batch and of the machine's own loop, on one thread and on two."""
    batches = {n: Batch(TradingVectorEnv, {**settings, "threads": n}, N_THREADED) for n in (1, 2)}
    for batch in batches.values():
        let_ends_come_apart(batch)
    return in_turns({**batches, "bare 1": churning(1), "bare 2": churning(2)}, time.perf_counter)


def gain(rates, more, less):
    """Return by what factor `more` is faster than `less`: of the best turns, and the median of turns."""
    pairs = [many / one for many, one in zip(rates[more], rates[less], strict=True)]
    return [max(rates[more]) / max(rates[less]), statistics.median(pairs)]


def best(rates):
    """Return the best and the median."""
    return [max(rates), statistics.median(rates)]


def figures(n_bars):
    """Yield name, value and median, unit, target and what was checked."""
    alone = f"equals single environments and its own stages bit for bit over {CHECKED_STEPS:,} steps"
    bare = "a loop that knows nothing of environments"
    made = worlds(n_bars)
    for make, settings, _ in made.values():
        check(make, settings)
    wide = made["env.trading.features32"][1]
    check(TradingVectorEnv, wide, threads=2)
    check_single(wide)
    rates = batch_rates(n_bars)
    yield "machine.core.steps_per_cpu_s", best(rates.pop("machine.core")), "steps/s", None, bare
    yield "machine.copy.bytes_per_cpu_s", best(rates.pop("machine.copy")), "bytes/s", None, bare
    alone_rates = best(rates.pop(SINGLE))
    for name, found in rates.items():
        yield f"{name}.steps_per_cpu_s", best(found), "steps/s", made[name][2], alone
    by_stages = gain(rates, "env.trading.features32", "env.trading.features32.by_stages")
    yield "env.trading.features32.part_of_by_stages", by_stages, "ratio", None, alone
    yield f"{SINGLE}.steps_per_cpu_s", alone_rates, "steps/s", 2e5, alone
    threaded = thread_rates(wide)
    yield "machine.two_threads", gain(threaded, "bare 2", "bare 1"), "ratio", None, bare
    yield f"env.trading.two_threads.batch{N_THREADED}", gain(threaded, 2, 1), "ratio", 1.6, alone
    command = [sys.executable, "-c", MEMORY, str(N_MANY)]
    used = float(subprocess.check_output(command, text=True, cwd=sys.path[0])) / 1e9
    yield f"env.trading.memory.batch{N_MANY}", [used, used], "GB", 2.0, "largest resident memory of a process that steps it"


def main():
    """Print every figure; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line a figure")
    parser.add_argument("--bars", type=int, default=200_000, help="rows of the tape (default: 200,000)")
    options = parser.parse_args()
    missed = False
    for figure, (value, median), unit, target, checked in figures(options.bars):
        met = target is None or (value <= target if unit == "GB" else value >= target)
        missed |= not met
        if options.json:
            line = {"figure": figure, "value": value, "median": median, "unit": unit, "target": target, "met": met,
                    "checked": checked}  # fmt: skip
            print(json.dumps(line), flush=True)
        else:
            shown = "none" if target is None else f"{target:,.1f} {'met' if met else 'missed'}"
            print(f"{figure:52s} {value:16,.2f} median {median:16,.2f} {unit:8s} target {shown}", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
