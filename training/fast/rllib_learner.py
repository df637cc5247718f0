"""The learner that RLlib builds: our update behind its interface."""

from typing import Any

import ray
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.core import DEFAULT_MODULE_ID

from ...agents.distribution import distribution_of
from ...agents.networks.network import NetworkSettings
from ..environment import Blueprint
from .ppo_update import PPOUpdate, adam
from .reference import read_table

__all__ = ["FastTorchLearner"]


class FastTorchLearner(PPOTorchLearner):  # type: ignore[misc]
    """Learns from whole rollouts; `learner_config_dict` carries `ppo` (`PPOSettings`) and `forecasts`, `env_config` the rest."""

    def build(self) -> None:
        """Build module and optimiser, then the update that uses both."""
        super().build()
        given = self.config.learner_config_dict
        module = self.module[DEFAULT_MODULE_ID]
        self.rule = PPOUpdate(
            module.net,
            distribution_of(NetworkSettings.of(module.model_config["network"])),
            given["ppo"],
            seed=self.config.seed,
            forecasts=given["forecasts"],
            device=self.config.env_config["device"],
            optimiser=self.get_optimizer(DEFAULT_MODULE_ID),
        )

    def configure_optimizers_for_module(self, module_id: str, config: Any = None) -> None:
        """Register Adam in one kernel; its learning rate comes with every rollout."""
        module = self.module[module_id]
        world: Blueprint = ray.get(self.config.env_config["blueprint"])
        read_table(module.net, world, self.config.env_config["observation"])
        module.net.to(self.config.env_config["device"])
        parameters = list(module.net.parameters())
        self.register_optimizer(module_id=module_id, optimizer=adam(parameters), params=parameters)

    def update(self, *_: Any, rollout: Any = None, values: Any = None, **__: Any) -> dict[str, float]:
        """Learn from a `Rollout` with the `values` of the schedules; return figures by TensorBoard tag."""
        return self.rule.learn(rollout, values)
