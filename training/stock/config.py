"""From a job to the configuration of an RLlib algorithm, new API stack."""

from typing import Any

import gymnasium as gym
from ray.rllib.algorithms.algorithm_config import AlgorithmConfig
from ray.rllib.algorithms.dqn import DQNConfig
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.algorithms.sac import SACConfig
from ray.rllib.core.rl_module import RLModuleSpec

from ...agents.networks.network import NetworkSettings
from ...agents.rllib.actor_critic_module import ActorCriticModule
from ...agents.rllib.q_module import QModule
from ...agents.rllib.sac_module import SACModule
from ...configs.job import TrainingSettings
from ..batch_size import check_batch_sizes

__all__ = ["NO_CLIP", "algorithm_config"]

NO_CLIP = 1e9
"""RLlib clips the squared error of the value at 10 unless told otherwise."""


def algorithm_config(algorithm: str, env: str, network: NetworkSettings, settings: TrainingSettings, seed: int) -> AlgorithmConfig:
    """Return the configuration of PPO, DQN or SAC with one local environment runner.

    Actions go to the environment clipped, never rescaled: our continuous schemes are boxes of [-1, 1] already.

    Args:
        algorithm: `PPO`, `DQN` or `SAC`.
        env: Name under which the environment's creator is registered with Ray.
        network: The network to learn.
        settings: The job's training section.
        seed: Of everything random.

    Raises:
        ConfigError: Batch sizes do not fit.
    """
    check_batch_sizes(algorithm, settings)
    module: dict[str, Any] = {"network": network.plain(), "seed": seed}
    if algorithm == "SAC":
        config, module_class = _sac(settings, network), SACModule
    elif algorithm == "DQN":
        config, module_class = _dqn(settings, module), QModule
    else:
        config, module_class = _ppo(settings), ActorCriticModule
    config.environment(env, normalize_actions=False, clip_actions=True, disable_env_checking=True)
    config.env_runners(
        num_env_runners=0,
        num_envs_per_env_runner=settings.num_envs,
        gym_env_vectorize_mode=gym.VectorizeMode.VECTOR_ENTRY_POINT,
    )
    config.training(gamma=settings.gamma, grad_clip=settings.grad_clip, grad_clip_by="global_norm")
    if algorithm != "SAC":  # whose three rates have names of their own
        config.training(lr=settings.lr)
    config.rl_module(rl_module_spec=RLModuleSpec(module_class=module_class, model_config=module))
    config.debugging(seed=seed, log_level="ERROR")
    config.reporting(min_time_s_per_iteration=0)
    return config


def _ppo(settings: TrainingSettings) -> AlgorithmConfig:
    steps = settings.num_envs * settings.rollout_bars
    return (
        PPOConfig()
        .env_runners(rollout_fragment_length=settings.rollout_bars)
        .training(
            train_batch_size_per_learner=steps,
            minibatch_size=settings.minibatch,
            num_epochs=settings.epochs,
            lambda_=settings.gae_lambda,
            clip_param=settings.clip,
            entropy_coeff=settings.entropy_coefficient,
            vf_loss_coeff=settings.value_coefficient,
            vf_clip_param=NO_CLIP,
            use_kl_loss=False,
        )
    )


def _dqn(settings: TrainingSettings, module: dict[str, Any]) -> AlgorithmConfig:
    module |= {"double": settings.double, "epsilon_end": settings.epsilon_end, "epsilon_steps": settings.epsilon_steps}
    return (
        DQNConfig()
        .env_runners(rollout_fragment_length=settings.update_every // settings.num_envs)
        .training(
            train_batch_size_per_learner=settings.batch,
            replay_buffer_config={"type": "EpisodeReplayBuffer", "capacity": settings.replay_capacity},
            num_steps_sampled_before_learning_starts=settings.learning_starts,
            target_network_update_freq=settings.target_update_steps,
            n_step=settings.n_step,
            double_q=settings.double,
            dueling=settings.dueling,
            num_atoms=1,
        )
        .reporting(min_sample_timesteps_per_iteration=settings.num_envs * settings.rollout_bars)
    )


def _sac(settings: TrainingSettings, network: NetworkSettings) -> AlgorithmConfig:
    """RLlib's SAC; `temperature` is where its learned temperature begins."""
    return (
        SACConfig()
        .env_runners(rollout_fragment_length=settings.update_every // settings.num_envs)
        .training(
            twin_q=True,
            actor_lr=settings.lr,
            critic_lr=settings.lr,
            alpha_lr=settings.lr,
            tau=settings.tau,
            initial_alpha=settings.temperature,
            target_entropy=-float(network.n_out) if settings.target_entropy is None else settings.target_entropy,
            target_network_update_freq=0,
            n_step=settings.n_step,
            train_batch_size_per_learner=settings.batch,
            replay_buffer_config={"type": "EpisodeReplayBuffer", "capacity": settings.replay_capacity},
            num_steps_sampled_before_learning_starts=settings.learning_starts,
        )
        .reporting(min_sample_timesteps_per_iteration=settings.num_envs * settings.rollout_bars)
    )
