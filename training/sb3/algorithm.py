"""From a prepared job to an algorithm of stable-baselines3."""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from stable_baselines3 import DQN, PPO, SAC
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecEnv

from ..preparation import Prepared
from .actor_critic_policy import ActorCriticPolicy
from .q_policy import QPolicy
from .soft_policy import SoftPolicy

__all__ = ["build_algorithm"]


def build_algorithm(prepared: Prepared, envs: VecEnv, scheduled: Callable[[str], float]) -> BaseAlgorithm:
    """Return the algorithm of a job, with our network and nothing written anywhere.

    Args:
        prepared: The job.
        envs: Its batch of environments.
        scheduled: Returns what `lr` or `clip` is in the running iteration.
    """
    job, settings = prepared.job, prepared.job.training
    kept: dict[str, Any] = {"network": prepared.network, "seed": job.seed, "max_norm": settings.grad_clip}
    shared: dict[str, Any] = {"learning_rate": lambda _: scheduled("lr"), "gamma": settings.gamma}
    shared["device"] = device_of(settings.device)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You have specified a mini-batch size")  # the last one of a pass may be smaller
        warnings.filterwarnings("ignore", message="The number of environments used is greater")
        warnings.filterwarnings("ignore", message="You are trying to run PPO on the GPU")
        algorithm: BaseAlgorithm
        if job.agent.algorithm == "PPO":
            algorithm = _ppo(prepared, envs, scheduled, kept, shared)
        elif job.agent.algorithm == "DQN":
            algorithm = _dqn(prepared, envs, kept | {"double": settings.double}, shared)
        else:
            algorithm = _sac(prepared, envs, kept, shared)
    algorithm.set_logger(Logger(folder=None, output_formats=[]))
    algorithm.action_space.seed(job.seed)
    return algorithm


def device_of(name: str) -> str:
    """Return where networks learn: `auto` is a GPU where there is one."""
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def _ppo(prepared: Prepared, envs: VecEnv, scheduled: Callable[[str], float], kept: Any, shared: Any) -> BaseAlgorithm:
    settings = prepared.job.training
    own: dict[str, Any] = {
        "n_steps": settings.rollout_bars,
        "batch_size": settings.minibatch,
        "n_epochs": settings.epochs,
        "gae_lambda": settings.gae_lambda,
        "clip_range": lambda _: scheduled("clip"),
        "ent_coef": settings.entropy_coefficient,
        "vf_coef": settings.value_coefficient,
        "max_grad_norm": float("inf"),  # the optimiser clips
    }
    if not prepared.network.recurrent:
        return PPO(ActorCriticPolicy, envs, policy_kwargs=kept, **own, **shared)
    from sb3_contrib import RecurrentPPO

    from .recurrent_policy import RecurrentPolicy

    return RecurrentPPO(RecurrentPolicy, envs, policy_kwargs=kept, **own, **shared)


def _off_policy(prepared: Prepared) -> dict[str, Any]:
    settings = prepared.job.training
    return {
        "buffer_size": settings.replay_capacity,
        "learning_starts": settings.learning_starts,
        "batch_size": settings.batch,
        "train_freq": settings.update_every // settings.num_envs,
        "gradient_steps": 1,
        "n_steps": settings.n_step,
    }


def _dqn(prepared: Prepared, envs: VecEnv, kept: Any, shared: Any) -> BaseAlgorithm:
    settings = prepared.job.training
    algorithm = DQN(
        QPolicy, envs, policy_kwargs=kept, target_update_interval=settings.target_update_steps, max_grad_norm=float("inf"),
        **_off_policy(prepared), **shared,
    )  # fmt: skip
    steps, end = settings.epsilon_steps, settings.epsilon_end
    algorithm.exploration_schedule = lambda _: 1.0 - (1.0 - end) * min(algorithm.num_timesteps / steps, 1.0)
    algorithm.exploration_rate = 1.0
    return algorithm


def _sac(prepared: Prepared, envs: VecEnv, kept: Any, shared: Any) -> BaseAlgorithm:
    settings = prepared.job.training
    return SAC(
        SoftPolicy, envs, policy_kwargs=kept, tau=settings.tau, ent_coef=f"auto_{settings.temperature!r}",
        target_entropy="auto" if settings.target_entropy is None else settings.target_entropy, **_off_policy(prepared), **shared,
    )  # fmt: skip
