"""Algorithms of stable-baselines3 behind the learner's protocol."""

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch

from ...agents.network_policy import NetworkPolicy
from ..environment import Blueprint
from ..learned import check_finite, copied_weights, policy_of
from ..learner_file import load_learner, save_learner
from ..meter import MeteredVectorEnv
from ..preparation import Prepared
from ..randomness import isolated_randomness
from ..warm_start import warm_start
from .support import check_support

if TYPE_CHECKING:
    from ...envs.sb3 import BatchVecEnv

__all__ = ["Sb3Learner"]

TAGS = {
    "train/policy_gradient_loss": "learn/policy_loss",
    "train/actor_loss": "learn/actor_loss",
    "train/value_loss": "learn/value_loss",
    "train/critic_loss": "learn/critic_loss",
    "train/explained_variance": "learn/explained_variance",
    "train/approx_kl": "learn/kl",
    "train/clip_fraction": "learn/clip_share",
    "train/ent_coef": "learn/temperature",
    "train/learning_rate": "learn/learning_rate",
    "train/loss": "learn/total_loss",
    "rollout/exploration_rate": "learn/epsilon",
}


class Sb3Learner:
    """An algorithm of stable-baselines3 around our network, over our batch of environments.

    Raises:
        ConfigError: A setting of the job is one that stable-baselines3 would not follow.
    """

    def __init__(self, prepared: Prepared) -> None:
        check_support(prepared.job, prepared.network)
        self.prepared = prepared
        self.steps = 0
        self.iteration = 0
        self._stack = ExitStack()
        self._learning_s = 0.0

    def __enter__(self) -> Self:
        job = self.prepared.job
        with ExitStack() as stack:
            stack.enter_context(isolated_randomness(job.seed, job.training.threads))
            from .algorithm import build_algorithm

            self._blueprint = self.prepared.stage(0)
            envs = self._make(self._blueprint)
            self._algorithm = build_algorithm(self.prepared, envs, self._scheduled)
            self._algorithm.train = self._timed(self._algorithm.train)  # type: ignore[attr-defined]
            stack.callback(lambda: self._meter.close())
            if warm_start(self._net, self.prepared):
                self._copy_to_targets()
            self._begin()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def iterate(self) -> dict[str, float]:
        """Sample and learn for one iteration; see `Learner.iterate`."""
        began, before, settings = time.perf_counter(), self.steps, self.prepared.job.training
        if self.prepared.stage(self.iteration) is not self._blueprint:
            self._enter_stage(self.prepared.stage(self.iteration))
        if hasattr(self._algorithm, "n_epochs"):
            self._algorithm.ent_coef = self._scheduled("entropy_coefficient")
        self._learning_s = 0.0
        told = self._algorithm.logger.name_to_value
        told.clear()
        self._algorithm.learn(settings.num_envs * settings.rollout_bars, reset_num_timesteps=False, log_interval=None)  # type: ignore[call-arg]
        self.iteration += 1
        self.steps = int(self._algorithm.num_timesteps)
        figures = self._meter.read() | {tag: float(told[name]) for name, tag in TAGS.items() if name in told}
        if "train/entropy_loss" in told:
            figures["learn/entropy"] = -float(told["train/entropy_loss"])
        if "rollout/exploration_rate" in told and "train/loss" in told:
            figures["learn/q_loss"] = figures["learn/total_loss"]
        if "train/learning_rate" in told:  # it has learned in this iteration
            figures["learn/gradient_norm"] = self._gradient_norm()
        losses = {tag: value for tag, value in figures.items() if tag.endswith("_loss")}
        check_finite(self._net, losses, self.iteration, self.steps)
        whole, n_steps = time.perf_counter() - began, self.steps - before
        figures["speed/steps_per_s"] = n_steps / whole
        figures["speed/sample_steps_per_s"] = n_steps / max(whole - self._learning_s, 1e-9)
        if self._learning_s > 0.0:
            figures["speed/learn_steps_per_s"] = n_steps / self._learning_s
        return {tag: value for tag, value in figures.items() if math.isfinite(value)}

    def distributions(self) -> dict[str, np.ndarray]:
        """Return what histograms show of the last step: `actions`, `weights`."""
        return self._meter.distributions()

    def policy(self) -> NetworkPolicy:
        """Return a copy of what has been learned so far, free of stable-baselines3."""
        return policy_of(self.prepared, copied_weights(self._net))

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
        stage = self.prepared.stage(max(self.iteration - 1, 0))
        if stage is not self._blueprint:
            self._enter_stage(stage)
        set_progress(self._algorithm, saved["algorithm"])
        self._meter.restore(saved)

    @property
    def _net(self) -> torch.nn.Module:
        policy: Any = self._algorithm.policy
        net: torch.nn.Module = policy.q_net if hasattr(policy, "q_net") else policy.net
        return net

    def _copy_to_targets(self) -> None:
        policy: Any = self._algorithm.policy
        if hasattr(policy, "q_net_target"):
            policy.q_net_target.net.load_state_dict(policy.q_net.state_dict())
        if hasattr(policy, "critic_target"):
            policy.critic_target.load_state_dict(policy.critic.state_dict())

    def _scheduled(self, name: str) -> float:
        return self.prepared.at(self.iteration)[name]

    def _make(self, blueprint: Blueprint) -> "BatchVecEnv":
        from ...envs.sb3 import BatchVecEnv

        env = blueprint.make(self.prepared.job.training.num_envs, autoreset_mode="same_step", info=())
        self._meter = MeteredVectorEnv(env, blueprint.reward_scale)
        return BatchVecEnv(self._meter)

    def _begin(self) -> None:
        """Begin all episodes; each stage has seeds of its own."""
        seen, _ = self._meter.reset(seed=(self.prepared.job.seed + self.iteration) % 2**32)
        self._algorithm._last_obs = seen
        self._algorithm._last_episode_starts = np.ones(len(seen), np.bool_)

    def _enter_stage(self, blueprint: Blueprint) -> None:
        self._meter.close()
        self._blueprint = blueprint
        self._algorithm.set_env(self._make(blueprint), force_reset=False)
        if (buffer := getattr(self._algorithm, "replay_buffer", None)) is not None:  # no n-step return crosses into the new world
            buffer.timeouts[buffer.pos - 1] = np.logical_or(buffer.timeouts[buffer.pos - 1], buffer.dones[buffer.pos - 1] == 0.0)
        self._begin()

    def _timed(self, train: Callable[..., None]) -> Callable[..., None]:
        def timed(*args: Any, **keywords: Any) -> None:
            began = time.perf_counter()
            train(*args, **keywords)
            self._learning_s += time.perf_counter() - began

        return timed

    def _gradient_norm(self) -> float:
        policy: Any = self._algorithm.policy
        return float((policy.critic if hasattr(policy, "critic") else policy).optimizer.norm)
