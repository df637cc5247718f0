"""What TensorBoard and the meter cost: `python benchmarks/board_cost.py --json`.

The meter's share is measured on two batches of 1,024 environments that step in turns, one of them metered; the board's on a whole
training by the time spent in its methods.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from quantgym.configs.load import load_job
from quantgym.data.synthetic import gbm_tape
from quantgym.envs.features import price_features
from quantgym.training.board.board import Board
from quantgym.training.environment import Blueprint
from quantgym.training.job import train
from quantgym.training.meter import MeteredVectorEnv

N_ENVS = 1024
BLOCKS, STEPS = 40, 20
METHODS = ("__init__", "iteration", "validation", "finish", "close")
METER_TARGET, BOARD_TARGET = 0.10, 0.02


def meter_share(world, n_assets, action, mode):
    tape = gbm_tape(2, 2000, n_assets)
    blueprint = Blueprint(world, tape, price_features(tape), (20, 1900), None, {"action": action, "episode_bars": 250}, 10.0)
    bare, metered = (blueprint.make(N_ENVS, autoreset_mode=mode, info=()) for _ in range(2))
    metered = MeteredVectorEnv(metered, blueprint.reward_scale)
    generator, space = np.random.default_rng(0), bare.single_action_space
    actions = [generator.integers(0, space.n, N_ENVS) if hasattr(space, "n")
               else generator.uniform(-1.0, 1.0, (N_ENVS, *space.shape)).astype(np.float32) for _ in range(8)]  # fmt: skip
    spent = {}
    for env in (bare, metered):
        spent[env] = []
        env.reset(seed=1)
    for _ in range(BLOCKS):
        for env, seconds in spent.items():
            began = time.process_time()
            for step in range(STEPS):
                env.step(actions[step % 8])
            seconds.append((time.process_time() - began) / STEPS)
    assert metered.take().counts[0] > 0.9 * N_ENVS * BLOCKS * STEPS  # it did count
    pairs = [one / other for one, other in zip(spent[metered], spent[bare], strict=True)]
    return statistics.median(pairs) - 1.0, 1e6 * statistics.median(spent[bare])


def board_share(name):
    """Return the seconds in the board over the seconds of the training, encoders not counted, and both."""
    spent, originals = [0.0], {method: getattr(Board, method) for method in METHODS}

    def timed(original):
        def method(self, *arguments, **options):
            began = time.perf_counter()
            try:
                return original(self, *arguments, **options)
            finally:
                spent[0] += time.perf_counter() - began

        return method

    try:
        for method, original in originals.items():
            setattr(Board, method, timed(original))
        with tempfile.TemporaryDirectory() as folder:
            result = train(load_job(name, []), Path(folder) / "run")
    finally:
        for method, original in originals.items():
            setattr(Board, method, original)
    return spent[0] / result.seconds, spent[0], result.seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one line of JSON a figure")
    parser.add_argument("--job", default="portfolio_ppo", help="which training the board is measured on")
    options = parser.parse_args()
    figures = []
    for world, n_assets, action in (("quantgym/Trading-v0", 1, "six_actions"), ("quantgym/Portfolio-v0", 5, "weights")):
        for mode in ("next_step", "same_step"):
            share, bare = meter_share(world, n_assets, action, mode)
            figures.append((f"meter.{action}.{mode}.share_of_step", share, METER_TARGET, f"beside {bare:.0f} us a bare step"))
    share, board, whole = board_share(options.job)
    figures.append((f"board.{options.job}.share_of_training", share, BOARD_TARGET, f"{board:.2f} of {whole:.1f} s"))
    for name, value, target, checked in figures:
        line = {"figure": name, "value": round(value, 4), "unit": "share", "target": target, "met": value < target}
        line["checked"] = checked
        print(json.dumps(line) if options.json else f"{name:<44} {value:7.2%}  target below {target:.0%}  {checked}")
    return 0 if all(value < target for _, value, target, _ in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
