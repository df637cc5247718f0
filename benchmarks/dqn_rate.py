"""What one update of DQN costs, replay included: ours beside stock RLlib's, same job, network and batch, one torch thread.

`python benchmarks/dqn_rate.py --json` prints one line a figure; the exit code is 1 where the target is missed. Before anything is
timed, the loss of a batch is compared with NumPy's. Both take turns in the same process; CPU milliseconds, medians of the turns.
"""

import argparse
import json
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch

from quantgym.configs.job import Job
from quantgym.configs.strict import validate
from quantgym.data.synthetic import gbm_tape
from quantgym.training.fast.dqn_learner import FastDQNLearner
from quantgym.training.fast.dqn_loss import dqn_loss
from quantgym.training.fast.off_policy_update import tensors
from quantgym.training.preparation import prepare
from quantgym.training.ray_session import ray_session
from quantgym.training.stock.learner import StockLearner

TURNS, UPDATES = 9, 16  # updates of a turn
TARGET = 8.0


def job(folder, **training):
    """Return a job with 64 or so numbers in an observation, six actions, and a batch of 256."""
    return validate(Job, {
        "name": "dqn_rate",
        "data": {"tape": str(folder / "walk"), "train": ["2000-01-01", "2004-06-30"], "validation": ["2004-08-01", "2004-12-31"],
                 "test": ["2005-02-01", "2005-05-31"]},
        "encoders": [{"kind": "price", "lags": [1, 2, 4, 8]}],
        "env": {"id": "quantgym/Trading-v0", "action": "six_actions", "window": 7, "episode_bars": 128},
        "agent": {"algorithm": "DQN", "hidden": [64, 64]},
        "training": {"num_envs": 16, "rollout_bars": 64, "batch": 256, "update_every": 64, "dueling": False, "iterations": 1_000,
                     "device": "cpu", **training},
    }, "dqn_rate")  # fmt: skip


class Timed:
    """CPU seconds inside some methods of a learner, each called once an update, or once a block of steps."""

    def __init__(self, methods):
        self.seconds = 0.0
        for owner, name in methods:
            setattr(owner, name, self.timed(getattr(owner, name)))

    def timed(self, method):
        def call(*args, **kwargs):
            began = time.process_time()
            try:
                return method(*args, **kwargs)
            finally:
                self.seconds += time.process_time() - began

        return call


def check(learner):
    """Raise where our loss of a batch is not that of NumPy."""
    update = learner._algorithm.update
    drawn = update.replay.sample(256)
    with torch.no_grad():
        net, target = update.net.net, update.net.target
        ours = dqn_loss(net, target, tensors(drawn, "cpu"), True).loss.item()
        values, reached, worth = (one.numpy() for one in (
            net(torch.from_numpy(drawn.obs)), net(torch.from_numpy(drawn.next_obs)), target(torch.from_numpy(drawn.next_obs))
        ))  # fmt: skip
    rows = np.arange(256)
    goal = drawn.rewards + drawn.discounts * ~drawn.terminated * worth[rows, reached.argmax(1)]
    error = np.abs(values[rows, drawn.actions] - goal)
    expected = np.where(error < 1.0, 0.5 * error**2, error - 0.5).mean()
    if not np.isclose(ours, expected, rtol=1e-5):
        raise AssertionError(f"the loss is {ours}, NumPy says {expected}")


def figures():
    """Yield the figures, one mapping each."""
    with tempfile.TemporaryDirectory() as folder, ray_session():
        gbm_tape(1, 2_000).save(Path(folder) / "walk")
        plain, prioritised = prepare(job(Path(folder))), prepare(job(Path(folder), prioritised=True, n_step=3))
        with FastDQNLearner(plain) as fast, FastDQNLearner(prioritised) as ranked, StockLearner(plain) as stock:
            rllib = stock._algorithm
            for learner in (fast, ranked, stock):
                for _ in range(2):
                    learner.iterate()
            check(fast)
            timed = {
                "fast": (fast, Timed([(fast._algorithm.learner_group, "update")])),
                "prioritised": (ranked, Timed([(ranked._algorithm.learner_group, "update")])),
                "stock": (stock, Timed([(rllib.local_replay_buffer, "add"), (rllib.local_replay_buffer, "sample"),
                                        (rllib.learner_group, "update")])),
            }  # fmt: skip
            turns = {name: [] for name in timed}
            for _ in range(TURNS):
                for name, (learner, clock) in timed.items():
                    clock.seconds = 0.0
                    learner.iterate()
                    turns[name].append(clock.seconds / UPDATES * 1e3)
    medians = {name: statistics.median(values) for name, values in turns.items()}
    checked = "the loss equals NumPy's on a batch of 256"
    for name, value in medians.items():
        yield {"figure": f"dqn.update.{name}.cpu_ms", "value": round(value, 3), "unit": "ms", "target": None, "met": True,
               "least": round(min(turns[name]), 3), "checked": checked}
    ratio = medians["stock"] / medians["fast"]
    yield {"figure": "dqn.update.stock_over_fast", "value": round(ratio, 2), "unit": "times", "target": TARGET,
           "met": ratio >= TARGET, "checked": checked}


def main():
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON line a figure")
    options, met = parser.parse_args(), True
    warnings.filterwarnings("ignore")
    for line in figures():
        met &= line["met"]
        text = f"{line['figure']:<32} {line['value']:>10} {line['unit']:<6} target {line['target']}"
        print(json.dumps(line) if options.json else text, flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
