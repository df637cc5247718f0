"""A learner without any library behind it: NumPy alone, a function of the seed, saved and loaded whole."""

import json
import time
from pathlib import Path

import numpy as np

from quantgym.agents.network_policy import NetworkPolicy
from quantgym.agents.networks.network import build_network, load_weights
from quantgym.training.learner import NotFiniteError
from quantgym.training.preparation import Prepared


class FakeLearner:
    """Walks the weights of its network at random; its state is the weights, the generator and the counters.

    `seconds` passes in each iteration and in each save, so that a process can be killed inside of either.
    """

    seconds = 0.0
    breaks_at: int | None = None

    def __init__(self, prepared: Prepared) -> None:
        self.prepared, self.steps, self.iteration = prepared, 0, 0
        self.random = np.random.Generator(np.random.PCG64(prepared.job.seed))
        weights = build_network(prepared.network, prepared.job.seed).state_dict()
        self.weights = {name: value.numpy().copy() for name, value in weights.items()}
        self.worlds: list[object] = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        pass

    def iterate(self):
        time.sleep(self.seconds)
        settings, now = self.prepared.job.training, self.prepared.at(self.iteration)
        self.worlds.append(self.prepared.stage(self.iteration))
        self.iteration += 1
        self.steps += settings.num_envs * settings.rollout_bars
        if self.iteration == self.breaks_at:
            raise NotFiniteError(f"the loss became nan in iteration {self.iteration} ({self.steps} steps)")
        for value in self.weights.values():
            value += np.float32(100.0 * now["lr"]) * self.random.standard_normal(value.shape, np.float32)
        loss = float(sum(np.abs(value).sum() for value in self.weights.values()))
        return {"learn/total_loss": loss, "learn/learning_rate": now["lr"], "speed/steps_per_s": time.perf_counter()}

    def policy(self):
        import torch

        prepared, job = self.prepared, self.prepared.job
        network = load_weights(prepared.network, {name: torch.from_numpy(value.copy()) for name, value in self.weights.items()})
        return NetworkPolicy(network, prepared.network, prepared.layout, prepared.scheme, name=job.name, seed=job.seed)

    def save(self, folder: Path):
        assert list(folder.iterdir()) == []
        state = {"random": self.random.bit_generator.state, "steps": self.steps, "iteration": self.iteration}
        (folder / "state.json").write_text(json.dumps(state))
        time.sleep(self.seconds)
        with (folder / "weights.npz").open("wb") as file:
            np.savez(file, **self.weights)
        time.sleep(self.seconds)

    def load(self, folder: Path):
        state = json.loads((folder / "state.json").read_text())
        self.random.bit_generator.state = state["random"]
        self.steps, self.iteration = state["steps"], state["iteration"]
        with np.load(folder / "weights.npz") as found:
            self.weights = {name: found[name] for name in found.files}
