"""PPO as an RLlib algorithm that moves whole arrays."""

import time
from collections.abc import Callable
from typing import Any

import ray
from ray.rllib.algorithms.ppo import PPO
from ray.rllib.policy.sample_batch import MultiAgentBatch
from ray.rllib.utils.metrics import ENV_RUNNER_RESULTS, NUM_ENV_STEPS_SAMPLED_LIFETIME

from .env_runner import BatchEnvRunner
from .ppo_update import PPOUpdate
from .rollout import Rollout, joined
from .runner_calls import RunnerCalls, RunnersDeadError
from .sampled import Sampled
from .spread_group import spread_runners

__all__ = ["FastPPO", "RunnersDeadError"]

class FastPPO(RunnerCalls, PPO):  # type: ignore[misc]
    """Samples, learns, and hands the weights out with the next request.

    Attributes:
        values: `lr`, `clip` and `entropy_coefficient` of the next iteration; whoever trains sets them.
        job_iteration: Iterations that the job has done, those before a restart included.
        world: Object reference of the `Blueprint` that is played; None: that of the configuration.
        figures: Of the last iteration, by TensorBoard tag.
        n_steps: Environment steps of the last iteration.
    """

    def setup(self, config: Any) -> None:
        """See RLlib."""
        with spread_runners():
            super().setup(config)
        self.values = {
            "lr": float(self.config.lr), "clip": float(self.config.clip_param),
            "entropy_coefficient": float(self.config.entropy_coeff),
        }  # fmt: skip
        self.job_iteration, self.n_steps = 0, 0
        self.world: Any = None
        self.figures: dict[str, float] = {}

    def training_step(self) -> None:
        """Sample a rollout and learn from it; what a dead runner had in flight is lost, the rest is learned from."""
        rollout, sampled = self._sampled()
        began = time.perf_counter()
        batch = MultiAgentBatch({}, env_steps=rollout.n_steps)
        learned = self.learner_group.update(batch=batch, rollout=rollout, values=self.values)[0]
        seconds = time.perf_counter() - began
        self.figures = sampled.sums.figures() | learned | {
            "speed/learn_steps_per_s": rollout.n_steps / seconds,
            "speed/sample_steps_per_s": rollout.n_steps / sampled.seconds,
        }  # fmt: skip
        self.n_steps = rollout.n_steps
        self.metrics.log_value(
            (ENV_RUNNER_RESULTS, NUM_ENV_STEPS_SAMPLED_LIFETIME), rollout.n_steps, reduce="lifetime_sum"
        )
        if "train/episode_return" in self.figures:
            self.metrics.log_value((ENV_RUNNER_RESULTS, "episode_return_mean"), self.figures["train/episode_return"], window=1)

    @property
    def rule(self) -> PPOUpdate:
        """What learns."""
        found: PPOUpdate = self._of_learner(lambda learner: learner.rule)
        return found

    def _of_learner(self, call: Callable[[Any], Any]) -> Any:
        return next(iter(self.learner_group.foreach_learner(call))).get()

    def _sampled(self) -> tuple[Rollout, Sampled]:
        iteration, world = self.job_iteration, self.world
        weights = {name: value.detach() for name, value in self.rule.network.state_dict().items()}
        if self.env_runner_group.num_remote_env_runners():
            weights = ray.put({name: value.cpu() for name, value in weights.items()})
        found = self.asked(lambda runner: _request(runner, world, weights, iteration), iteration)
        sampled = found[0][1]
        for _, other in found[1:]:
            sampled = sampled + other
        return joined([rollout for rollout, _ in found]), sampled


def _request(runner: BatchEnvRunner, world: Any, weights: Any, iteration: int) -> tuple[Rollout, Sampled]:
    runner.enter(world)
    return runner.sample(ray.get(weights) if isinstance(weights, ray.ObjectRef) else weights, iteration)


