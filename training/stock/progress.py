"""Everything that decides how an algorithm of stock RLlib goes on; what RLlib itself saves leaves half of it out."""

from typing import Any

import torch
from ray.rllib.algorithms.algorithm import Algorithm

from ..randomness import random_states, restore_random_states

__all__ = ["progress_of", "set_progress"]

CPU = torch.device("cpu")
RUNNER = ("_ongoing_episodes", "_done_episodes_for_metrics", "_cached_to_module", "_shared_data", "_needs_initial_reset",
          "_weights_seq_no", "num_env_steps_sampled_lifetime")  # fmt: skip


def progress_of(algorithm: Algorithm) -> dict[str, Any]:
    """Return what RLlib saves, and episodes under way, replay, temperatures and random states; keep it in one file, since parts are
    shared."""
    runner, learner = algorithm.env_runner, algorithm.learner_group._learner
    return {
        "algorithm": algorithm.get_state(),
        "runner": {name: getattr(runner, name) for name in RUNNER},
        "episodes": dict(runner._ongoing_episodes_for_metrics),
        "figures": runner.metrics.get_state(),
        "module": runner.module.state_dict(),
        "temperatures": {name: value.detach().clone() for name, value in getattr(learner, "curr_log_alpha", {}).items()},
        "replay": getattr(algorithm, "local_replay_buffer", None),
        "actions": runner.env.action_space.np_random.bit_generator.state,
        "random": random_states(CPU),
    }


def set_progress(algorithm: Algorithm, progress: dict[str, Any]) -> None:
    """Go on from what `progress_of` returned of an algorithm that was built from the same job."""
    runner, learner = algorithm.env_runner, algorithm.learner_group._learner
    algorithm.set_state(progress["algorithm"])
    for name, value in progress["runner"].items():
        setattr(runner, name, value)
    runner._ongoing_episodes_for_metrics.update(progress["episodes"])
    runner.metrics.set_state(progress["figures"])
    runner.module.load_state_dict(progress["module"])
    with torch.no_grad():
        for name, value in progress["temperatures"].items():
            learner.curr_log_alpha[name].copy_(value)
    if progress["replay"] is not None:
        algorithm.local_replay_buffer = progress["replay"]
    runner.env.action_space.np_random.bit_generator.state = progress["actions"]
    restore_random_states(progress["random"], CPU)
