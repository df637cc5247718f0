"""From a prepared job to the configuration of our PPO on RLlib."""

from typing import Any

import gymnasium as gym
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module import RLModuleSpec

from ...agents.rllib.actor_critic_module import ActorCriticModule
from ...configs.job import Job
from ..device import torch_device
from ..preparation import Prepared
from .algorithm import FastPPO
from .env_runner import BatchEnvRunner
from .forecast import forecasts_of
from .ppo_update import PPOSettings
from .rllib_learner import FastTorchLearner
from .runner_config import set_runners
from .support import check_support

__all__ = ["ppo_config"]


def ppo_config(prepared: Prepared, env: str, blueprint: Any) -> PPOConfig:
    """Return the configuration.

    Args:
        prepared: The job.
        env: Name under which some creator of environments is registered with Ray; ours makes none through it.
        blueprint: Object reference of the `Blueprint`.

    Raises:
        ConfigError: Settings do not fit each other.
    """
    job, settings = prepared.job, prepared.job.training
    check_support(prepared)
    config = PPOConfig(algo_class=FastPPO)
    config.environment(
        env,
        env_config={
            "blueprint": blueprint,
            "sequence_bars": settings.sequence_bars,
            "observation": settings.observation,
            "device": torch_device(settings),
        },
        disable_env_checking=True,
    )
    set_runners(config, BatchEnvRunner, settings)
    config.env_runners(
        rollout_fragment_length=settings.rollout_bars, gym_env_vectorize_mode=gym.VectorizeMode.VECTOR_ENTRY_POINT
    )
    config.training(
        lr=settings.lr,
        gamma=settings.gamma,
        train_batch_size_per_learner=settings.num_envs * settings.rollout_bars,
        minibatch_size=settings.minibatch,
        num_epochs=settings.epochs,
        use_kl_loss=False,
        learner_class=FastTorchLearner,
        learner_config_dict={
            "ppo": _ppo_settings(job),
            "forecasts": forecasts_of(prepared),
        },
    )
    model = {"network": prepared.network.plain(), "seed": job.seed}
    config.rl_module(rl_module_spec=RLModuleSpec(module_class=ActorCriticModule, model_config=model))
    config.debugging(seed=job.seed, log_level="ERROR")
    config.reporting(min_time_s_per_iteration=0)
    return config


def _ppo_settings(job: Job) -> PPOSettings:
    settings = job.training
    return PPOSettings(
        gamma=settings.gamma,
        gae_lambda=settings.gae_lambda,
        epochs=settings.epochs,
        minibatch=settings.minibatch,
        value_coefficient=settings.value_coefficient,
        grad_clip=settings.grad_clip,
        kl_target=settings.kl_target,
        forecast_weight=0.0 if job.agent.forecast is None else job.agent.forecast.weight,
        compiled=settings.compile,
        bfloat16=settings.precision == "bfloat16",
    )
