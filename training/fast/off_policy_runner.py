"""RLlib's environment runner for learners with a replay: a native batch, stepped a few rows at a time into arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.rl_module import RLModuleSpec
from ray.rllib.env import INPUT_ENV_SPACES
from ray.rllib.env.env_runner import EnvRunner

from ...market.errors import ConfigError
from ..environment import Blueprint
from ..meter import MeteredVectorEnv
from ..replay.steps import Steps
from ..tally import Sums
from .reference import read_table
from .runner_seed import ENV_STREAM, NOISE_STREAM, runner_seed

__all__ = ["OffPolicyRunner", "Played", "Request"]


@dataclass(frozen=True)
class Request:
    """What a remote runner is asked to play, with all that it needs, so that a restarted one needs nothing else.

    Attributes:
        n_rows: Steps of each of its environments.
        steps: Environment steps that all runners have played so far.
        n_envs: Environments of all runners.
        iteration: Of the job; decides the seeds where episodes begin anew.
        blueprint: Reference to the world in Ray's store.
        weights: Reference to the weights of the module's `player`.
    """

    n_rows: int
    steps: int
    n_envs: int
    iteration: int
    blueprint: Any
    weights: Any


@dataclass(frozen=True)
class Played:
    """What a remote runner did.

    Attributes:
        place: Of the runner, from 1 on.
        began: Whether its episodes began anew before the first step, without a word in what was played before.
        steps: What it played.
        sums: What its meter counted.
    """

    place: int
    began: bool
    steps: Steps
    sums: Sums


class OffPolicyRunner(EnvRunner):  # type: ignore[misc]
    """Plays a batch of environments in autoreset mode SAME_STEP.

    `env_config` carries `blueprint`, a reference to it in Ray's store, and `observation`, its form. In the learner's process the
    module that decides is the learner's own, so that no weights are copied; a runner in a process of its own has a copy, whose
    weights come with every request, and random numbers of its own.

    Attributes:
        env: The batch and its meter.
        module: Who decides: `explore(observations, steps)`.
        steps: Environment steps played so far.
        seen: What is decided on next, float32 (E, D); None where episodes begin with the next request.
        place: 0 in the learner's process, else 1, 2, ...
    """

    env: MeteredVectorEnv

    def __init__(self, *, config: AlgorithmConfig, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        import ray

        self.module: Any = None
        self.steps = 0
        self.place = self.worker_index or 0
        self._job_seed = int(config.seed)
        if self.place:
            torch.set_num_threads(1)
        self._entered = self.config.env_config["blueprint"]
        self.begin(ray.get(self._entered), None if self.place else self._job_seed)
        if self.place:
            spec: RLModuleSpec = self.config.get_rl_module_spec(spaces=self.get_spaces(), inference_only=False)
            self.module = spec.build()
            self._read()

    def begin(self, blueprint: Blueprint, seed: int | None) -> None:
        """Make the environments anew, with fresh episodes from `seed`; None: they begin with the next request."""
        made = blueprint.make(
            self.config.num_envs_per_env_runner,
            autoreset_mode="same_step",
            info=(),
            observation=self.config.env_config["observation"],
        )
        if made.metadata.get("autoreset_mode") is not AutoresetMode.SAME_STEP:
            raise ConfigError(f"env.id {blueprint.id}: a replay needs autoreset mode SAME_STEP")
        if self.env is not None:
            self.env.close()
        self.env, self._world = MeteredVectorEnv(made, blueprint.reward_scale), blueprint
        self.seen: Any = None if seed is None else self.env.reset(seed=seed)[0]

    def enter(self, blueprint: Any) -> None:
        """Move to another world, a reference in Ray's store, where it is another; its episodes begin with the next request."""
        import ray

        if blueprint != self._entered:
            self.begin(ray.get(blueprint), None)
            self._read()
            self._entered = blueprint

    def play(self, request: Request) -> Played:
        """Play what is asked for, in a process of its own."""
        import ray

        self.enter(request.blueprint)
        self.module.player.load_state_dict(ray.get(request.weights))
        self.steps = request.steps
        if began := self.seen is None:
            self.seen, _ = self.env.reset(seed=runner_seed(self._job_seed, ENV_STREAM, self.place, request.iteration))
            torch.manual_seed(runner_seed(self._job_seed, NOISE_STREAM, self.place, request.iteration))
        steps = self.sample(n_rows=request.n_rows, stride=request.n_envs)
        return Played(self.place, began, steps, self.env.take())

    @torch.inference_mode()
    def sample(self, *, n_rows: int, stride: int | None = None, **_: Any) -> Steps:
        """Play `n_rows` steps of every environment from where the last call stopped; each counts as `stride` environment steps."""
        env, seen, n_envs = self.env, self.seen, self.env.num_envs
        scheme, device = env.env.scheme, next(self.module.parameters()).device
        obs = np.empty((n_rows, *seen.shape), np.float32)
        next_obs = np.empty_like(obs)
        actions = np.empty((n_rows, n_envs), np.int64) if scheme.discrete else np.empty((n_rows, n_envs, scheme.size), np.float32)
        rewards = np.empty((n_rows, n_envs), np.float32)
        terminated, truncated = np.empty((n_rows, n_envs), np.bool_), np.empty((n_rows, n_envs), np.bool_)
        for row in range(n_rows):
            obs[row] = seen
            actions[row] = self.module.explore(torch.from_numpy(seen).to(device), self.steps).cpu().numpy()
            seen, rewards[row], terminated[row], truncated[row], info = env.step(actions[row])
            next_obs[row] = seen
            if "final_obs" in info:
                ended = np.flatnonzero(terminated[row] | truncated[row])
                next_obs[row, ended] = np.stack(info["final_obs"][ended])
            self.steps += n_envs if stride is None else stride
        self.seen = seen
        return Steps(obs, actions, rewards, terminated, truncated, next_obs)

    def get_spaces(self) -> dict[str, Any]:
        """Return spaces by what they are of, as RLlib asks."""
        spaces = self.env.single_observation_space, self.env.single_action_space
        return {INPUT_ENV_SPACES: spaces, DEFAULT_MODULE_ID: spaces}

    def assert_healthy(self) -> None:
        """Raise where there is nothing to play."""
        assert self.env is not None, "the runner has no environments"

    def get_state(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Return all that decides how the episodes go on; nothing where they have not begun. What is asked for plays no part."""
        if self.seen is None:
            return {}
        state = {"env": self.env.env.get_state(), "meter": self.env.state(), "seen": self.seen.copy(), "steps": self.steps}
        return state | ({"noise": torch.get_rng_state().numpy().copy()} if self.place else {})

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` returned; weights are the learner's, so that what RLlib says of them is passed over."""
        if "env" in state:
            self.env.env.set_state(state["env"])
            self.env.load(state["meter"])
            self.seen, self.steps = state["seen"].copy(), state["steps"]
            if self.place:
                torch.set_rng_state(torch.from_numpy(state["noise"]))

    def get_metrics(self) -> Any:
        """Return RLlib's metrics, of which there are none: figures come from the meter."""
        return self.metrics.reduce()

    def stop(self) -> None:
        """Close the environments."""
        self.env.close()

    def _read(self) -> None:
        read_table(self.module, self._world, self.config.env_config["observation"])
