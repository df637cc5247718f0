"""One contender of `train_rate.py` in a process of its own: whoever asks on stdin gets a line of JSON on stdout.

`python benchmarks/train_contender.py '{"backend": "fast", ...}'` says what it is about to train, then obeys `check`, `train 1.0`
(for a second at least), `sample` and `unmetered`, a line each, and ends with stdin. All have the same world, network and
hyperparameters.
"""

import contextlib
import json
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import torch

from quantgym.agents.networks.network import build_network
from quantgym.configs.job import Job
from quantgym.configs.load import load_job
from quantgym.configs.strict import validate
from quantgym.data.synthetic import gbm_tape
from quantgym.training.learner import learner_of
from quantgym.training.meter import MeteredVectorEnv
from quantgym.training.preparation import prepare

__all__ = ["LEARNED", "WrongAnswerError", "check_rewards", "job", "leak_job", "opened", "turn"]

UNTAUGHT, LEARNED = 0.001, 0.007  # reward a bar on the world that leaks, where the best policy earns 0.008


class WrongAnswerError(AssertionError):
    """A contender does not learn what can be learned: it has no rate."""


def job(folder, options):
    """Return the job that is timed: 64 numbers in an observation, six actions."""
    sizes = {name: options[name] for name in ("num_envs", "rollout_bars", "minibatch")}
    training = {**sizes, "epochs": 4, "iterations": 1_000_000, "observation": options.get("observation", "flat"), **common(options)}
    return validate(Job, {
        "name": "train_rate",
        "data": {"tape": str(folder / "walk"), "train": ["2000-01-01", "2010-12-31"], "validation": ["2011-02-01", "2011-12-31"],
                 "test": ["2012-02-01", "2012-12-31"]},
        "encoders": [{"kind": "price", "lags": list(range(1, 53))}],
        "env": {"id": "quantgym/Trading-v0", "action": "six_actions"},
        "agent": {"algorithm": "PPO", "backend": backend_of(options), "hidden": [64, 64]},
        "training": training,
    }, "train_rate")  # fmt: skip


def leak_job(options):
    """Return the job that shows whether a contender learns: 41,000 steps of the world that tells what the next bar earns.

    It is not timed and has one thread: two that share their cores with others wait for each other.
    """
    changes = {"iterations": 10, "epochs": 6, "minibatch": 512, **common(options), "threads": 1}
    settings = [f"training.{name}={json.dumps(value)}" for name, value in changes.items()]
    return load_job("leak_ppo", [f"agent.backend={backend_of(options)}", *settings])


def common(options):
    """Return what the job that is timed and the one that is checked share."""
    return {"threads": options["threads"], "device": options["device"], "compile": options.get("compile", False)}


def backend_of(options):
    """Return whose job it is; the bare loop takes its world and numbers from that of the fast path."""
    return "fast" if options["backend"] == "bare" else options["backend"]


class Learned:
    """A backend of the project."""

    def __init__(self, prepared):
        """Keep what it trains."""
        self.learner = learner_of(prepared)

    def __enter__(self):
        self.learner.__enter__()
        return self

    def __exit__(self, *error):
        self.learner.__exit__(*error)

    def train(self):
        """Train one iteration; return its steps and the mean reward of a bar."""
        before = self.learner.steps
        reward = self.learner.iterate()["train/reward"]
        return self.learner.steps - before, reward

    def sample(self):
        """Play a rollout that nothing learns from; return its steps."""
        algorithm = self.learner._algorithm
        if hasattr(algorithm, "_sampled"):
            return algorithm._sampled()[0].n_steps
        episodes = algorithm.env_runner.sample()
        algorithm.env_runner.get_metrics()
        return sum(len(episode) for episode in episodes)

    def unmetered(self):
        """Play a rollout of the fast path while nobody counts what happens; return its steps."""
        meter = self.learner._algorithm.env_runner.sampler.meter
        meter.env.watchers.remove(meter._onlooker)
        try:
            return self.sample()
        finally:
            meter.env.watchers.insert(0, meter._onlooker)


class Bare:
    """The single file."""

    def __init__(self, prepared):
        """Begin; the environment is counted only where the answer is checked."""
        from bare_ppo import bare_ppo

        job, settings = prepared.job, prepared.job.training
        env = prepared.train.make(settings.num_envs, autoreset_mode="same_step", info=())
        self.meter = MeteredVectorEnv(env) if job.data is None else None
        self.n_steps, self.threads = settings.num_envs * settings.rollout_bars, settings.threads
        same = ("rollout_bars", "minibatch", "epochs", "lr", "gamma", "gae_lambda", "clip", "value_coefficient",
                "entropy_coefficient", "grad_clip", "reward_scale", "device")  # fmt: skip
        self.iterations = bare_ppo(
            self.meter or env, iterations=settings.iterations, hidden=job.agent.hidden, seed=job.seed,
            **{name: getattr(settings, name) for name in same},
        )  # fmt: skip

    def __enter__(self):
        self.before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        return self

    def __exit__(self, *error):
        self.iterations.close()
        torch.set_num_threads(self.before)

    def train(self):
        """Train one iteration; return its steps and, where it is counted, the mean reward of a bar."""
        next(self.iterations)
        return self.n_steps, self.meter.read()["train/reward"] if self.meter else None


def opened(options, prepared):
    """Return the contender of a prepared job, not yet up."""
    return Bare(prepared) if options["backend"] == "bare" else Learned(prepared)


def check_rewards(name, rewards):
    """Raise where a contender that knew nothing, or should have learned, did not.

    Raises:
        WrongAnswerError: So it is.
    """
    if not (rewards[0] < UNTAUGHT and rewards[-1] > LEARNED):
        raise WrongAnswerError(
            f"{name} does not learn quantgym/Leak-v0: a bar must earn less than {UNTAUGHT} in the first iteration and more than "
            f"{LEARNED} in the last, earned {rewards[0]:.5f} and {rewards[-1]:.5f}"
        )


def check(options):
    """Train on the world that leaks; return the mean reward of a bar in each iteration."""
    prepared = prepare(leak_job(options))
    with opened(options, prepared) as contender:
        return [contender.train()[1] for _ in range(prepared.job.training.iterations)]


def turn(work, seconds, clock=time.perf_counter, cpu_clock=time.process_time):
    """Repeat `work`, which returns steps, for as long or one time; return steps, seconds and CPU seconds of all threads."""
    began, cpu_began, steps = clock(), cpu_clock(), 0
    while True:
        steps += work()
        if (taken := clock() - began) >= seconds:
            return {"steps": steps, "seconds": taken, "cpu_seconds": cpu_clock() - cpu_began}


def works_of(contender):
    """Return what a contender can be asked to do, by name; each returns its steps."""
    alone = {name: getattr(contender, name) for name in ("sample", "unmetered") if hasattr(contender, name)}
    return {"train": lambda: contender.train()[0], **alone}


def facts(prepared):
    """Return what must be the same in all contenders."""
    network, settings = prepared.network, prepared.job.training
    weights = sum(one.numel() for one in build_network(network, 0).parameters())
    return {"n_in": network.n_in, "n_out": network.n_out, "weights": weights,
            "steps": settings.num_envs * settings.rollout_bars, "threads": settings.threads}  # fmt: skip


def main():
    """Obey until stdin ends."""
    options = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer
    warnings.filterwarnings("ignore")

    def answer(found):
        print(json.dumps(found), file=answers, flush=True)

    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        gbm_tape(1, 5_000).save(folder / "walk")
        prepared = prepare(job(folder, options))
        answer(facts(prepared))
        works = {}
        for line in sys.stdin:
            order, _, seconds = line.strip().partition(" ")
            if order == "check":
                answer(check(options))
                continue
            works = works or works_of(stack.enter_context(opened(options, prepared)))
            answer(turn(works[order], float(seconds)))


if __name__ == "__main__":
    main()
