"""Trained steps a second of our PPO beside stock RLlib's, stable-baselines3's and a bare single-file loop's, in one run.

`python benchmarks/train_rate.py --json` prints one line a figure; the exit code is 1 where a target is missed, 2 where it cannot be
run. Like with like: the same world (Trading-v0, a batch of 256, 64 numbers in an observation, six actions), network (2 x 64) and
hyperparameters, eager, the same number of torch threads, each contender in a process of its own. Each must first learn the world
that leaks: a wrong answer is not timed. Then they take turns, one at a time, beside a loop that knows nothing of training: whatever
else runs on a machine only ever makes it slower, so that the value is the best turn (of a ratio: the ratio of the best turns), and
the median stands beside it. `by_cpu` is the same by CPU seconds of all threads, which a busy machine disturbs less and no target
judges. `dqn_rate.py` is run at the end.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numba
import torch
from env_rate import churning
from train_contender import WrongAnswerError, check_rewards

__all__ = ["Process", "figures", "main"]

FOLDER = Path(__file__).resolve().parent
SIZES = {"num_envs": 256, "rollout_bars": 64, "minibatch": 2_048}
QUICK = {"num_envs": 64, "rollout_bars": 16, "minibatch": 256}
WIDE = {"num_envs": 4_096, "rollout_bars": 64, "minibatch": 65_536, "observation": "reference"}
CONTENDERS = {
    "fast": {"backend": "fast"},
    "stock": {"backend": "stock"},
    "sb3": {"backend": "sb3"},
    "bare": {"backend": "bare"},
    "compiled": {"backend": "fast", "compile": True},
    "reference": {"backend": "fast", **WIDE},
}
PEERS = {"stock": 4.0, "sb3": 1.2, "bare": 0.95}
SAMPLING, CUDA_STEPS = 10.0, 1e6
CHECKED = "learned quantgym/Leak-v0 first"


class Process:
    """A contender in a process of its own, that works only while it is asked."""

    def __init__(self, name, options):
        """Start it; `ready` waits for it."""
        self.name = name
        environment = os.environ | {"OMP_NUM_THREADS": str(options["threads"])}
        command = [sys.executable, str(FOLDER / "train_contender.py"), json.dumps(options)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.facts = None

    def ready(self):
        """Wait until it knows what it trains, and keep that in `facts`."""
        self.facts = self._answer()

    def ask(self, order):
        """Return the answer to an order."""
        self.child.stdin.write(order + "\n")
        self.child.stdin.flush()
        return self._answer()

    def close(self):
        """End it."""
        self.child.stdin.close()
        self.child.wait()

    def _answer(self):
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with code {self.child.wait()} instead of an answer; its words stand above")
        return json.loads(line)


@contextmanager
def running(options, names, start=Process):
    """Yield the contenders by name: checked, so that a wrong answer is not timed, and warm."""
    with ExitStack() as stack:
        processes = {}
        for name in names:
            sizes = {**(QUICK if options.quick else SIZES), **CONTENDERS[name]}
            processes[name] = start(name, {**sizes, "threads": options.threads, "device": options.device})
            stack.callback(processes[name].close)
        for process in processes.values():
            process.ready()
        check_facts({name: process.facts for name, process in processes.items() if name != "reference"})
        for name, process in processes.items():
            if name != "reference":  # Leak-v0 has no tape; references teach what flat observations teach, a test says so
                said(f"{name} learns Leak-v0")
                check_rewards(name, process.ask("check"))
            process.ask("train 0")
        yield processes


def check_facts(facts):
    """Raise where the contenders do not train the same network on as many numbers, steps and threads."""
    first, *others = facts
    for name in others:
        if facts[name] != facts[first]:
            raise WrongAnswerError(f"{name} trains {facts[name]}, {first} trains {facts[first]}: they cannot be compared")


def said(text):
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


def in_turns(processes, options):
    """Return steps a second of every turn by work, and units a second of the bare machine loops by theirs; then by CPU seconds."""
    seconds = 0.0 if options.quick else options.seconds
    works = {f"{name}.train": (name, f"train {seconds}") for name in processes}
    for name, order in (("fast", "sample"), ("fast", "unmetered"), ("stock", "sample")):
        if name in processes:
            works[f"{name}.{order}"] = name, f"{order} {seconds / 2}"
    threads = min(options.threads, numba.config.NUMBA_NUM_THREADS)
    machine = {f"machine.threads{n}": churning(n) for n in sorted({1, threads})}
    rates, by_cpu = ({name: [] for name in (*works, *machine)} for _ in range(2))
    n_turns = 2 if options.quick else options.turns
    for number in range(n_turns):
        for name, loop in machine.items():
            rates[name].append(loop.rate(time.perf_counter))
            by_cpu[name].append(loop.rate(time.process_time))
        for name, (contender, order) in works.items():
            found = processes[contender].ask(order)
            rates[name].append(found["steps"] / found["seconds"])
            by_cpu[name].append(found["steps"] / max(found["cpu_seconds"], 1e-9))
        fast = ", ".join(f"{name} {found[-1]:,.0f}" for name, found in rates.items() if name.endswith(".train"))
        said(f"turn {number + 1} of {n_turns}, load {os.getloadavg()[0]:.1f}: {fast}")
    return rates, by_cpu


def line(figure, value, median, unit, target=None, checked=CHECKED, by_cpu=None):
    """Return a figure."""
    return {"figure": figure, "value": value, "median": median, "by_cpu": by_cpu, "unit": unit, "target": target,
            "met": target is None or value >= target, "checked": checked}  # fmt: skip


def gain(rates, more, less):
    """Return by what factor `more` is faster than `less`: of the best turns, and the median of turns."""
    pairs = [many / one for many, one in zip(rates[more], rates[less], strict=True)]
    return max(rates[more]) / max(rates[less]), statistics.median(pairs)


def meter_share(rates, pick):
    """Return what part of training the meter is: seconds a step that sampling takes longer with it, over those of training."""
    return pick(rates["fast.train"]) * (1.0 / pick(rates["fast.sample"]) - 1.0 / pick(rates["fast.unmetered"]))


def figures_of(rates, by_cpu, quick, device):
    """Yield the figures of the turns; a quick run has no targets."""
    bare = "a loop that knows nothing of training: best and median tell how much of the machine there was"
    for name, found in rates.items():
        if name.startswith("machine."):
            yield line(f"{name}.steps_per_s", max(found), statistics.median(found), "steps/s", None, bare, max(by_cpu[name]))
            continue
        contender, work = name.split(".")
        target = CUDA_STEPS if name == "reference.train" and device == "cuda" else None
        checked = "the test of the fast path: the weights of flat observations" if contender == "reference" else CHECKED
        stage = {"train": "trained", "sample": "sampled", "unmetered": "sampled_unmetered"}[work]
        yield line(f"ppo.{contender}.{stage}_steps_per_s", max(found), statistics.median(found), "steps/s",
                   None if quick else target, checked, max(by_cpu[name]))  # fmt: skip
    ratios = {f"ppo.fast_over_{peer}": ("fast.train", f"{peer}.train", target) for peer, target in PEERS.items()}
    ratios["ppo.sampling.fast_over_stock"] = "fast.sample", "stock.sample", SAMPLING
    ratios["ppo.compiled_over_eager"] = "compiled.train", "fast.train", None
    for name, (more, less, target) in ratios.items():
        if more in rates and less in rates:
            by_cpu_too = gain(by_cpu, more, less)[0]
            yield line(name, *gain(rates, more, less), "times", None if quick else target, by_cpu=by_cpu_too)
    shares = [meter_share(*one) for one in ((rates, max), (rates, statistics.median), (by_cpu, max))]
    yield line("ppo.meter.share_of_training", *shares[:2], "ratio", by_cpu=shares[2])


def dqn_lines():
    """Yield what `dqn_rate.py` finds."""
    child = subprocess.Popen([sys.executable, str(FOLDER / "dqn_rate.py"), "--json"], stdout=subprocess.PIPE, text=True)
    for found in child.stdout:
        yield json.loads(found)
    if child.wait() not in (0, 1):
        raise RuntimeError(f"dqn_rate.py ended with code {child.returncode}; its words stand above")


def figures(options, start=Process):
    """Yield every figure, a mapping each.

    Raises:
        WrongAnswerError: A contender does not learn what it should, or trains something else than the others.
    """
    names = [*(("fast", "bare") if options.quick else ("fast", *PEERS))]
    skipped = "a quick run" if options.quick else None if shutil.which("g++") else "there is no g++"
    if skipped is None:
        names.append("compiled")
    if options.device == "cuda":
        names.append("reference")
    before = os.getloadavg()[0]
    yield line("machine.load", before, before, "processes", checked="mean of the last minute, before anything was started")
    with running(options, names, start) as processes:
        rates, by_cpu = in_turns(processes, options)
    yield from figures_of(rates, by_cpu, options.quick, options.device)
    if skipped:
        yield line("ppo.compiled.trained_steps_per_s", None, None, "steps/s", checked=f"skipped: {skipped}")
    if not options.quick:
        said("DQN: updates with replay")
        yield from dqn_lines()


def parsed(arguments):
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON line a figure")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to learn; stock RLlib and DQN: cpu")
    parser.add_argument("--threads", type=int, help="torch threads of every contender (default: 2; quick: 1)")
    parser.add_argument("--turns", type=int, default=9, help="turns of every contender (default: 9)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of a contender's turn, at least (default: 1)")
    parser.add_argument("--quick", action="store_true", help="ours beside the bare loop alone, small, two turns, no targets")
    options = parser.parse_args(arguments)
    if options.threads is None:
        options.threads = 1 if options.quick else 2
    return options


def main(arguments=None):
    """Print every figure; return the exit code."""
    options = parsed(arguments)
    if options.device == "cuda" and not torch.cuda.is_available():
        said("--device cuda needs a GPU that torch can see, there is none; take --device cpu")
        return 2
    met = True
    try:
        for found in figures(options):
            met &= found["met"]
            if options.json:
                print(json.dumps(found), flush=True)
                continue
            value, target = found["value"], found["target"]
            shown = found["checked"] if value is None else f"{value:16,.3f} {found['unit']:10s}"
            print(f"{found['figure']:44s} {shown}", "" if target is None else f"target {target:,}", flush=True)
    except WrongAnswerError as error:
        said(str(error))
        return 1
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
