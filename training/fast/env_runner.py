"""An RLlib environment runner that samples whole arrays from one native batch."""

from typing import Any

import ray
import torch
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.rl_module import RLModuleSpec
from ray.rllib.env import INPUT_ENV_SINGLE_SPACES, INPUT_ENV_SPACES
from ray.rllib.env.env_runner import EnvRunner

from ...agents.distribution import distribution_of
from ...agents.networks.network import NetworkSettings
from ..environment import Blueprint
from .reference import read_table
from .rollout import Rollout
from .runner_seed import ENV_STREAM, NOISE_STREAM, runner_seed
from .sampled import Sampled
from .sampler import Sampler

__all__ = ["BatchEnvRunner"]


class BatchEnvRunner(EnvRunner):  # type: ignore[misc]
    """Keeps no episodes and runs no connectors; weights come with every request, so none acts on old ones, restarted or not.

    `env_config` carries `blueprint`, the object reference of a `Blueprint`, `sequence_bars`, `observation` and `device`;
    `model_config` carries `network` and `seed`.
    """

    env: Any

    def __init__(self, *, config: Any, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        self._job_seed = int(config.seed)
        self.place = self.worker_index or 0
        if self.place:
            torch.set_num_threads(1)
        self.make_env()
        self.make_module()

    def make_env(self, blueprint: Blueprint | None = None) -> None:
        """Make the batch anew, of another world where one is given; its episodes begin with the next request."""
        if blueprint is None:
            self._place_of_world = self.config.env_config["blueprint"]
        world = ray.get(self._place_of_world) if blueprint is None else blueprint
        if self.env is not None:
            self.env.close()
        given = self.config.env_config
        n_envs = self.config.num_envs_per_env_runner
        self.env = world.make(n_envs, autoreset_mode="same_step", info=(), observation=given["observation"])
        self.world = world
        if hasattr(self, "sampler"):
            self.sampler = self._sampler(self.module.net)

    def enter(self, world: Any) -> None:
        """Make the batch anew where `world`, the object reference of a `Blueprint`, is another than the one that is played.

        It comes with every request, like the weights: a runner that was restarted was made with the world of the first stage.
        """
        if world is not None and world != self._place_of_world:
            self.make_env(ray.get(world))
            self._place_of_world = world

    def make_module(self) -> None:
        """Build the network."""
        spec: RLModuleSpec = self.config.get_rl_module_spec(spaces=self.get_spaces(), inference_only=False)
        self.module = spec.build()
        self.sampler = self._sampler(self.module.net)

    def sample(self, weights: dict[str, torch.Tensor] | None = None, iteration: int = 0, **_: Any) -> tuple[Rollout, Sampled]:
        """Play `rollout_fragment_length` steps of every sub-environment.

        Args:
            weights: `state_dict` of the network to play; None: the one it has.
            iteration: Of the job; decides the seed where episodes begin anew.
        """
        if weights is not None:
            self.module.net.load_state_dict(weights)
        if not self.sampler.begun:
            self.sampler.begin(self._seed_of(ENV_STREAM, iteration), self._seed_of(NOISE_STREAM, iteration))
        rollout, sums = self.sampler.sample()
        self.num_env_steps_sampled_lifetime += rollout.n_steps
        return rollout, sums

    def get_spaces(self) -> dict[str, Any]:
        """See RLlib."""
        env = self.env
        return {
            INPUT_ENV_SPACES: (env.observation_space, env.action_space),
            INPUT_ENV_SINGLE_SPACES: (env.single_observation_space, env.single_action_space),
            DEFAULT_MODULE_ID: (env.single_observation_space, env.single_action_space),
        }

    def get_metrics(self) -> dict[str, Any]:
        """Return nothing: figures travel with the rollout."""
        return {}

    def get_state(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Return nothing: weights belong to the learner, and `snapshot` holds the rest."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Ignore what RLlib pushes: weights come with every request."""

    def snapshot(self) -> dict[str, Any]:
        """Return all that decides how sampling goes on, besides the weights; nothing where it has not begun (just restarted)."""
        return self.sampler.state() if self.sampler.begun else {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `snapshot`."""
        self.sampler.load(state)

    def assert_healthy(self) -> None:
        """See RLlib."""
        assert self.env is not None
        assert self.sampler is not None

    def stop(self) -> None:
        """Close the batch."""
        if self.env is not None:
            self.env.close()

    def _sampler(self, network: Any) -> Sampler:
        given = self.config.env_config
        read_table(network, self.world, given["observation"])
        device = "cpu" if self.place else given["device"]  # the learner's, where both are in one process
        network.to(device)
        model = self.config.get_rl_module_spec(spaces=self.get_spaces(), inference_only=False).model_config
        return Sampler(
            self.env,
            network,
            distribution_of(NetworkSettings.of(model["network"])),
            n_steps=self.config.get_rollout_fragment_length(self.place),
            sequence_bars=given["sequence_bars"],
            reward_scale=self.world.reward_scale,
            seed=self._seed_of(NOISE_STREAM, 0),
            device=device,
        )

    def _seed_of(self, stream: int, iteration: int) -> int:
        """Return a seed of this runner; other runners, streams and iterations have others."""
        return runner_seed(self._job_seed, stream, self.place, iteration)
