"""RLlib's environment runner for learners with a replay: a native batch, stepped a few rows at a time into arrays."""

from typing import Any

import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.env import INPUT_ENV_SPACES
from ray.rllib.env.env_runner import EnvRunner

from ...market.errors import ConfigError
from ..environment import Blueprint
from ..meter import MeteredVectorEnv
from ..replay.steps import Steps

__all__ = ["OffPolicyRunner"]


class OffPolicyRunner(EnvRunner):  # type: ignore[misc]
    """Plays a batch of environments in autoreset mode SAME_STEP.

    `env_config` carries `blueprint`, a reference to it in Ray's store, and `observation`, its form. The module that decides is the
    learner's own, so that no weights are copied.

    Attributes:
        env: The batch and its meter.
        module: Who decides: `explore(observations, steps)`.
        steps: Environment steps played so far.
        seen: What is decided on next, float32 (E, D).
    """

    env: MeteredVectorEnv

    def __init__(self, *, config: AlgorithmConfig, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        import ray

        self.module: Any = None
        self.steps = 0
        self.begin(ray.get(self.config.env_config["blueprint"]), self.config.seed)

    def begin(self, blueprint: Blueprint, seed: int) -> None:
        """Make the environments anew, with fresh episodes from `seed`."""
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
        self.env = MeteredVectorEnv(made, blueprint.reward_scale)
        self.seen, _ = self.env.reset(seed=seed)

    @torch.inference_mode()
    def sample(self, *, n_rows: int, **_: Any) -> Steps:
        """Play `n_rows` steps of every environment from where the last call stopped."""
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
            self.steps += n_envs
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
        """Return all that decides how the episodes go on; what is asked for plays no part."""
        return {"env": self.env.env.get_state(), "meter": self.env.state(), "seen": self.seen.copy(), "steps": self.steps}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from what `get_state` returned; weights are the learner's, so that what RLlib says of them is passed over."""
        if "env" in state:
            self.env.env.set_state(state["env"])
            self.env.load(state["meter"])
            self.seen, self.steps = state["seen"].copy(), state["steps"]

    def get_metrics(self) -> Any:
        """Return RLlib's metrics, of which there are none: figures come from the meter."""
        return self.metrics.reduce()

    def stop(self) -> None:
        """Close the environments."""
        self.env.close()
