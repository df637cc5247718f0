"""An RLlib algorithm behind three words: iterate, policy, close."""

import math
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import gymnasium as gym
import numpy as np
import torch

from ...agents.network_policy import NetworkPolicy
from ...market.seeding import generator
from ..environment import make_for_rllib
from ..learned import check_finite, copied_weights, policy_of
from ..learner_file import load_learner, save_learner
from ..meter import MeteredVectorEnv
from ..preparation import Prepared
from ..randomness import isolated_randomness, learner_stream
from ..ray_session import ray_session
from .support import check_support

__all__ = ["StockLearner"]

ENV_NAME = "quantgym"
RLLIB_ENV_ID = "rllib-single-agent-env-v0"  # RLlib registers it anew for each algorithm, and Gymnasium warns
REPLAY_STREAM = 1
LEARNER_TAGS = {
    "policy_loss": "learn/policy_loss",
    "vf_loss": "learn/value_loss",
    "vf_explained_var": "learn/explained_variance",
    "entropy": "learn/entropy",
    "total_loss": "learn/total_loss",
    "qf_loss": "learn/q_loss",
    "qf_mean": "learn/q_mean",
    "td_error_mean": "learn/td_error",
    "alpha_value": "learn/temperature",
    "gradients_default_optimizer_global_norm": "learn/gradient_norm",
    "default_optimizer_learning_rate": "learn/learning_rate",
}
SAC_TAGS = {"policy_loss": "learn/actor_loss", "policy_learning_rate": "learn/learning_rate"}


class StockLearner:
    """Ray, the algorithm and the worlds of a prepared job, up inside a `with` block and down after it.

    Raises:
        ConfigError: A setting of the job is one that stock RLlib would not follow.
    """

    def __init__(self, prepared: Prepared) -> None:
        check_support(prepared.job)
        self.prepared = prepared
        self.steps = 0
        self.iteration = 0
        self._sampling = 0.0  # seconds of this iteration
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        job = self.prepared.job
        with ExitStack() as stack:
            stack.enter_context(ray_session())
            stack.enter_context(isolated_randomness(job.seed, job.training.threads))
            import ray
            from ray.tune.registry import register_env

            from .config import algorithm_config

            register_env(ENV_NAME, make_for_rllib)
            config = algorithm_config(job.agent.algorithm, ENV_NAME, self.prepared.network, job.training, job.seed)
            config.environment(env_config={"blueprint": ray.put(self.prepared.train)})
            self._algorithm = config.build_algo()
            stack.callback(gym.registry.pop, RLLIB_ENV_ID, None)
            stack.callback(self._algorithm.stop)
            if job.agent.algorithm in ("DQN", "SAC"):  # RLlib leaves its replay unseeded
                self._algorithm.local_replay_buffer.rng = generator(learner_stream(job.seed, REPLAY_STREAM))
            self._meter = _meter_of(self._algorithm.env_runner.env)
            self._time_sampling(self._algorithm.env_runner)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def iterate(self) -> dict[str, float]:
        """Sample and learn for one iteration; return its figures by TensorBoard tag.

        Raises:
            NotFiniteError: The loss or a weight is NaN or infinite.
        """
        began = time.perf_counter()
        before, self._sampling = self.steps, 0.0
        result = self._algorithm.train()
        self.iteration += 1
        runners = result["env_runners"]
        self.steps = int(runners["num_env_steps_sampled_lifetime"])
        figures = self._meter.read()
        figures["train/episode_return"] = _number(runners, "episode_return_mean") / self.prepared.job.training.reward_scale
        figures["train/episode_bars"] = _number(runners, "episode_len_mean")
        learned = result.get("learners", {}).get("default_policy", {})
        tags = LEARNER_TAGS | (SAC_TAGS if self.prepared.job.agent.algorithm == "SAC" else {})
        figures |= {tag: _number(learned, name) for name, tag in tags.items() if name in learned}
        if self.prepared.job.agent.algorithm == "SAC" and "learn/q_loss" in figures:
            figures["learn/critic_loss"] = figures.pop("learn/q_loss") + _number(learned, "qf_twin_loss")
            norms = (_number(learned, f"gradients_{critic}_global_norm") for critic in ("qf", "qf_twin"))
            figures["learn/gradient_norm"] = math.hypot(*norms)
        if self.prepared.job.agent.algorithm == "DQN":
            figures["learn/epsilon"] = self._algorithm.get_module().epsilon(self.steps)
        loss = figures.get("learn/total_loss", 0.0)
        check_finite(self._algorithm.get_module().net, {"the loss": loss}, self.iteration, self.steps)
        seconds = time.perf_counter() - began
        stages = {"steps": seconds, "sample_steps": self._sampling, "learn_steps": seconds - self._sampling}
        figures |= {f"speed/{stage}_per_s": (self.steps - before) / taken for stage, taken in stages.items() if taken > 0.0}
        return {tag: value for tag, value in figures.items() if math.isfinite(value)}

    def distributions(self) -> dict[str, np.ndarray]:
        """Return what histograms show of the last step: `actions`, `weights`."""
        return self._meter.distributions()

    def policy(self) -> NetworkPolicy:
        """Return a copy of what has been learned so far, free of Ray."""
        return policy_of(self.prepared, copied_weights(self._algorithm.get_module().net))

    def _time_sampling(self, runner: Any) -> None:
        sample = runner.sample

        def timed(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return sample(*arguments, **options)
            finally:
                self._sampling += time.perf_counter() - began

        runner.sample = timed

    def save(self, folder: Path) -> None:
        """Write everything that decides how learning goes on; see `Learner.save`. A replay is written whole each time."""
        from .progress import progress_of

        counts = {"iteration": self.iteration, "steps": self.steps}
        save_learner(folder, self.prepared.job, {**counts, "algorithm": progress_of(self._algorithm), **self._meter.snapshot()})

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote, to the bit; see `Learner.load`."""
        from .progress import set_progress

        saved = load_learner(folder, self.prepared.job)
        self.iteration, self.steps = saved["iteration"], saved["steps"]
        set_progress(self._algorithm, saved["algorithm"])
        self._meter.restore(saved)

    def weights(self) -> Mapping[str, torch.Tensor]:
        """Return the network's weights by name."""
        return dict(self.policy().network.state_dict())


def _meter_of(env: Any) -> MeteredVectorEnv:
    while not isinstance(env, MeteredVectorEnv):
        env = env.env
    return env


def _number(mapping: Mapping[str, Any], name: str) -> float:
    value = mapping.get(name, math.nan)
    return float(value) if isinstance(value, int | float) or getattr(value, "ndim", 1) == 0 else math.nan
