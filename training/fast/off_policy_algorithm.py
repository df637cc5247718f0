"""RLlib's algorithm for learners with a replay: play a few rows, hand them to the learner, again."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.rllib.algorithms.algorithm import Algorithm
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.policy.sample_batch import MultiAgentBatch, SampleBatch
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED_LIFETIME

from ..replay.steps import Steps
from ..tally import Sums
from .joined_steps import joined_steps
from .off_policy_runner import OffPolicyRunner, Played, Request
from .off_policy_update import OffPolicyUpdate
from .runner_calls import RunnerCalls
from .spread_group import spread_runners

__all__ = ["OffPolicyAlgorithm", "Turn"]


@dataclass(frozen=True)
class Turn:
    """What one iteration does.

    Attributes:
        n_blocks: How often is played and learned.
        n_rows: Steps of every environment before each update.
        lr: Learning rate.
        correction: beta of the importance weights.
        iteration: Iterations that the job has done.
        blueprint: Reference to the world in Ray's store, for runners in processes of their own.
    """

    n_blocks: int
    n_rows: int
    lr: float
    correction: float
    iteration: int = 0
    blueprint: Any = None


class OffPolicyAlgorithm(RunnerCalls, Algorithm):  # type: ignore[misc]
    """DQN and SAC: the module and the learner's class, both in the configuration, make the difference.

    Attributes:
        turn: What the next iteration does.
        steps: Environment steps that were played.
        figures: Means over the updates of the last iteration, by TensorBoard tag.
        sums: What the meters counted in it.
        sample_seconds: What playing took in it.
        learn_seconds: What learning took in it, the draw from the replay included.
    """

    turn = Turn(1, 1, 0.0, 1.0)
    steps = 0
    sample_seconds = learn_seconds = 0.0
    figures: dict[str, float]
    sums: Sums

    def setup(self, config: Any) -> None:
        """Let the runner in this process, where there is one, decide with the learner's own module."""
        with spread_runners():
            super().setup(config)
        if not self.has_remote:
            self.runner.module = self.update.module[DEFAULT_MODULE_ID]
        self.figures = {}

    @property
    def runner(self) -> OffPolicyRunner:
        """Who plays in this process."""
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
        turn, sums = self.turn, list[Sums]()
        self.sample_seconds = self.learn_seconds = 0.0
        for _ in range(turn.n_blocks):
            began = time.perf_counter()
            cuts: Sequence[tuple[int, int]] = ()
            if self.has_remote:
                steps, n_steps, cuts, counted = self._asked()
                sums.append(counted)
            else:
                steps = self.runner.sample(n_rows=turn.n_rows)
                n_steps = steps.rewards.size
            played = time.perf_counter()
            self.steps += n_steps
            batch = MultiAgentBatch({DEFAULT_MODULE_ID: SampleBatch(steps._asdict())}, env_steps=n_steps)
            sampled = {NUM_ENV_STEPS_SAMPLED_LIFETIME: self.steps}
            self.learner_group.update(batch=batch, timesteps=sampled, lr=turn.lr, correction=turn.correction, cuts=cuts)
            self.sample_seconds += played - began
            self.learn_seconds += time.perf_counter() - played
            if not self.update.finite:
                break
        self.figures = self.update.read()
        self.sums = sum(sums[1:], sums[0]) if sums else self.runner.env.take()

    def _asked(self) -> tuple[Steps, int, list[tuple[int, int]], Sums]:
        """Return what all runners played, the steps that were, from and to which environment others began, and what was counted."""
        turn = self.turn
        n_runners, n_each = self.config.num_env_runners, self.config.num_envs_per_env_runner
        weights = {name: value.detach().cpu() for name, value in self.update.net.player.state_dict().items()}
        request = Request(turn.n_rows, self.steps, n_runners * n_each, turn.iteration, turn.blueprint, ray.put(weights))
        found: list[Played] = self.asked(lambda runner: runner.play(request), turn.iteration)
        steps, n_steps = joined_steps({one.place: one.steps for one in found}, n_runners)
        going_on = {one.place for one in found if not one.began}
        cuts = [(n_each * (place - 1), n_each * place) for place in range(1, n_runners + 1) if place not in going_on]
        counted = sum((one.sums for one in found[1:]), found[0].sums)
        return steps, n_steps, cuts, counted
