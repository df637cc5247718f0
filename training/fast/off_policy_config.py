"""From a prepared job to RLlib's configuration of an algorithm with a replay."""

from typing import Any

from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.core.rl_module import RLModuleSpec

from ...configs.job import TrainingSettings
from ..device import torch_device
from ..memory_need import replay_shape
from ..preparation import Prepared
from ..randomness import learner_stream
from .forecast import forecasts_of
from .off_policy_algorithm import OffPolicyAlgorithm
from .off_policy_runner import OffPolicyRunner
from .runner_config import set_runners

__all__ = ["off_policy_config"]

REPLAY_STREAM = 1


class OffPolicyConfig(AlgorithmConfig):  # type: ignore[misc]
    """RLlib asks an algorithm's configuration for its default module, even where it is given one."""

    def get_default_rl_module_spec(self) -> RLModuleSpec:
        """Return the module of the job."""
        return self.learner_config_dict["module"]


def off_policy_config(
    prepared: Prepared, env: str, blueprint: Any, module_class: type[Any], learner_class: type[Any], model: dict[str, Any]
) -> AlgorithmConfig:
    """Return the configuration, new API stack, one local learner.

    Args:
        prepared: The job.
        env: Name under which an environment is registered with Ray.
        blueprint: Reference to that of the environments in Ray's store.
        module_class: RLlib's module.
        learner_class: RLlib's learner.
        model: What the module is built with, besides network and seed.
    """
    job = prepared.job
    training: TrainingSettings = job.training
    replay = {
        "shape": replay_shape(prepared),
        "n_step": training.n_step,
        "gamma": training.gamma,
        "seed": learner_stream(job.seed, REPLAY_STREAM),
        "exponent": training.priority_exponent if training.prioritised else None,
    }
    model = {"network": prepared.network.plain(), "seed": job.seed, **model}
    module = RLModuleSpec(module_class=module_class, model_config=model)
    config = OffPolicyConfig(algo_class=OffPolicyAlgorithm)
    config.framework("torch")
    config.environment(env, env_config={"blueprint": blueprint, "observation": training.observation}, disable_env_checking=True)
    set_runners(config, OffPolicyRunner, training)
    config.learners(num_learners=0, num_gpus_per_learner=int(torch_device(training) == "cuda"))
    config.training(
        learner_class=learner_class,
        lr=training.lr,
        gamma=training.gamma,
        train_batch_size_per_learner=training.batch,
        learner_config_dict={
            "training": training, "replay": replay, "module": module, "forecasts": forecasts_of(prepared),
            "forecast_weight": 0.0 if job.agent.forecast is None else job.agent.forecast.weight,
        },
    )
    config.debugging(seed=job.seed, log_level="ERROR")
    config.reporting(min_time_s_per_iteration=0)
    return config
