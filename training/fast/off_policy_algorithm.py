"""RLlib's algorithm for learners with a replay: play a few rows, hand them to the learner, again."""

import time
from dataclasses import dataclass
from typing import Any

from ray.rllib.algorithms.algorithm import Algorithm
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.policy.sample_batch import MultiAgentBatch, SampleBatch
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED_LIFETIME

from .off_policy_runner import OffPolicyRunner
from .off_policy_update import OffPolicyUpdate

__all__ = ["OffPolicyAlgorithm", "Turn"]


@dataclass(frozen=True)
class Turn:
    """What one iteration does.

    Attributes:
        n_blocks: How often is played and learned.
        n_rows: Steps of every environment before each update.
        lr: Learning rate.
        correction: beta of the importance weights.
    """

    n_blocks: int
    n_rows: int
    lr: float
    correction: float


class OffPolicyAlgorithm(Algorithm):  # type: ignore[misc]
    """DQN and SAC: the module and the learner's class, both in the configuration, make the difference.

    Attributes:
        turn: What the next iteration does.
        figures: Means over the updates of the last one, by TensorBoard tag.
        sample_seconds: What playing took in it.
        learn_seconds: What learning took in it, the draw from the replay included.
    """

    turn = Turn(1, 1, 0.0, 1.0)
    sample_seconds = learn_seconds = 0.0
    figures: dict[str, float]

    def setup(self, config: Any) -> None:
        """Let the runner decide with the learner's own module."""
        super().setup(config)
        self.runner.module = self.update.module[DEFAULT_MODULE_ID]
        self.figures = {}

    @property
    def runner(self) -> OffPolicyRunner:
        """Who plays."""
        runner = self.env_runner_group.local_env_runner
        assert isinstance(runner, OffPolicyRunner)
        return runner

    @property
    def update(self) -> OffPolicyUpdate:
        """Who learns."""
        update = self.learner_group._learner
        assert isinstance(update, OffPolicyUpdate)
        return update

    def training_step(self) -> None:
        """Play and learn for one iteration, see `Turn`; it ends early where a loss is no longer finite."""
        turn, runner = self.turn, self.runner
        self.sample_seconds = self.learn_seconds = 0.0
        for _ in range(turn.n_blocks):
            began = time.perf_counter()
            steps = runner.sample(n_rows=turn.n_rows)
            played = time.perf_counter()
            n_steps = steps.rewards.size
            batch = MultiAgentBatch({DEFAULT_MODULE_ID: SampleBatch(steps._asdict())}, env_steps=n_steps)
            sampled = {NUM_ENV_STEPS_SAMPLED_LIFETIME: runner.steps}
            self.learner_group.update(batch=batch, timesteps=sampled, lr=turn.lr, correction=turn.correction)
            self.sample_seconds += played - began
            self.learn_seconds += time.perf_counter() - played
            if not self.update.finite:
                break
        self.figures = self.update.read()
