"""What environment runners of the fast path are told, whatever the algorithm."""

from typing import Any

from ...configs.job import TrainingSettings

__all__ = ["set_runners"]

NEVER_ENDING = 1_000_000
SAMPLE_TIMEOUT_S = 600.0


def set_runners(config: Any, runner_class: type[Any], training: TrainingSettings) -> None:
    """Have a configuration of RLlib's play in `training.runners` processes, started again whenever they die; 0: in this one.

    States are neither merged nor sent by RLlib: all that runners need comes with each request.
    """
    n_runners = training.runners
    config.env_runners(
        env_runner_cls=runner_class,
        num_env_runners=n_runners,
        num_envs_per_env_runner=training.num_envs // max(1, n_runners),
        create_local_env_runner=n_runners == 0,
        sample_timeout_s=SAMPLE_TIMEOUT_S,
        merge_env_runner_states=False,
        broadcast_env_runner_states=False,
    )
    config.fault_tolerance(
        restart_failed_env_runners=True, max_num_env_runner_restarts=NEVER_ENDING, delay_between_env_runner_restarts_s=0.0
    )
