"""What DQN and SAC have in common: a learner with a replay, that goes on bit for bit where it was saved."""

import math
import time
from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch

from ...agents.network_policy import NetworkPolicy
from ...market.errors import ConfigError
from ..batch_size import check_batch_sizes
from ..learned import check_finite, copied_weights, policy_of
from ..learner_file import load_learner, save_learner
from ..memory_need import check_memory
from ..preparation import Prepared
from ..quiet_log import quiet_logger
from ..randomness import isolated_randomness, random_states, restore_random_states
from ..ray_session import check_processors, ray_session
from ..warm_start import warm_start
from .forecast import forecasts_of

if TYPE_CHECKING:
    from .off_policy_algorithm import OffPolicyAlgorithm

__all__ = ["OffPolicyLearner"]

ENV_NAME = "quantgym-off-policy"
STAGE_STREAM = 2


class OffPolicyLearner(ABC):
    """RLlib with our environment runner, replay and update, up inside a `with` block and down after it.

    Raises:
        ConfigError: Batch sizes do not fit, the replay does not fit into memory, or a setting is of another algorithm.
    """

    def __init__(self, prepared: Prepared) -> None:
        _check(prepared)
        self.prepared = prepared
        self.steps = 0
        self.iteration = 0
        self._stack = ExitStack()
        self._blueprint = prepared.train
        self._reference: Any = None  # to the world, for runners in processes of their own

    def __enter__(self) -> Self:
        job = self.prepared.job
        with ExitStack() as stack:
            stack.enter_context(ray_session(max(2, job.training.runners)))
            stack.enter_context(isolated_randomness(job.seed, job.training.threads))
            import ray
            from ray.tune.registry import register_env

            from ..environment import make_for_rllib

            check_processors(job.training.runners)
            register_env(ENV_NAME, make_for_rllib)  # a name that RLlib asks for; the runner makes its own
            self._blueprint = self.prepared.stage(0)
            self._reference = ray.put(self._blueprint)
            config = self.config(ENV_NAME, self._reference)
            self._algorithm: OffPolicyAlgorithm = config.build_algo()
            stack.callback(self._algorithm.stop)
            self._read_references()
            module = self._algorithm.update.net
            if warm_start(module.net, self.prepared):
                module.catch_up()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @abstractmethod
    def config(self, env: str, blueprint: Any) -> Any:
        """Return RLlib's configuration; see `off_policy_config`."""

    @abstractmethod
    def more_figures(self) -> dict[str, float]:
        """Return figures of the algorithm's own after an iteration."""

    def iterate(self) -> dict[str, float]:
        """Play and learn for one iteration; return its figures by TensorBoard tag.

        Raises:
            NotFiniteError: The loss or a weight is NaN or infinite.
        """
        from .off_policy_algorithm import Turn

        began, before = time.perf_counter(), self.steps
        training, algorithm = self.prepared.job.training, self._algorithm
        self._enter_stage()
        n_rows = training.update_every // training.num_envs
        done = min(1.0, self.iteration / max(1, training.iterations - 1))
        algorithm.turn = Turn(
            n_blocks=max(1, training.rollout_bars // n_rows),
            n_rows=n_rows,
            lr=self.prepared.at(self.iteration)["lr"],
            correction=training.priority_weight + done * (1.0 - training.priority_weight),
            iteration=self.iteration,
            blueprint=self._reference,
        )
        algorithm.train()
        self.iteration += 1
        self.steps = algorithm.steps
        figures = algorithm.sums.figures() | algorithm.figures
        check_finite(self._algorithm.update.net.net, {"the loss": figures.get("learn/total_loss", 0.0)}, self.iteration, self.steps)
        if algorithm.figures:
            figures |= {"learn/learning_rate": algorithm.turn.lr, **self.more_figures()}
        played = self.steps - before
        figures["speed/sample_steps_per_s"] = played / algorithm.sample_seconds
        figures["speed/learn_steps_per_s"] = played / algorithm.learn_seconds
        figures["speed/steps_per_s"] = played / (time.perf_counter() - began)
        return {tag: value for tag, value in figures.items() if math.isfinite(value)}

    def distributions(self) -> dict[str, np.ndarray]:
        """Return what the meter shows as histograms."""
        found = self._algorithm.each_runner(lambda runner: runner.env.distributions())
        names = dict.fromkeys(name for one in found for name in one)  # one that was just restarted has not all of them
        return {name: np.concatenate([one[name] for one in found if name in one]) for name in names}

    def policy(self) -> NetworkPolicy:
        """Return a copy of what has been learned so far, free of Ray."""
        return policy_of(self.prepared, self.weights())

    def weights(self) -> dict[str, torch.Tensor]:
        """Return copies of the network's weights by name."""
        return copied_weights(self._algorithm.update.net.net)

    def save(self, folder: Path) -> None:
        """Write into an empty folder all that decides how learning goes on; rows of the replay go into `replay/` beside it.

        Raises:
            OSError: It cannot be written; what was saved before stands.
        """
        update = self._algorithm.update
        update.replay.save(folder)
        worlds = dict(self._algorithm.each_runner(lambda runner: (runner.place, runner.get_state())))
        save_learner(folder, self.prepared.job, {
            "steps": self.steps, "iteration": self.iteration, "random": random_states(torch.device(update.device)),
            "update": update.state(), "worlds": worlds,
        })  # fmt: skip

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote, before the first iteration, bit for bit where all runners lived when it was written.

        A runner that was dead then has no state: it begins new episodes, which no return of earlier ones reaches.

        Raises:
            IntegrityError: What stands there is of another job or incomplete.
        """
        progress, update = load_learner(folder, self.prepared.job), self._algorithm.update
        self.steps, self.iteration = progress["steps"], progress["iteration"]
        if self.iteration:
            self._enter_stage(self.iteration - 1)
        self._algorithm.steps = self.steps
        self._restore(progress["worlds"])
        update.replay.load(folder)
        update.load(progress["update"])
        restore_random_states(progress["random"], torch.device(update.device))

    def _read_references(self) -> None:
        """Let the networks read the environment's table, which may have fewer assets than the tape's, where observations refer."""
        from .reference import read_table

        update = self._algorithm.update
        read_table(update.net, self._blueprint, self.prepared.job.training.observation)
        update.net.to(update.device)

    def _restore(self, worlds: dict[Any, Any]) -> None:
        """Give the runners the states of their places."""
        if "env" in worlds:  # as earlier checkpoints have it
            worlds = {0: worlds}
        reference = self._reference
        places = self._algorithm.each_runner(lambda runner: _restored(runner, worlds, reference))
        if missing := sorted(place for place in places if not worlds.get(place)):
            quiet_logger("quantgym.training").warning(
                "the checkpoint has no state of some environment runners, which begin new episodes", runners=missing,
                restored=sorted(set(places) - set(missing)),
            )  # fmt: skip

    def _enter_stage(self, iteration: int | None = None) -> None:
        """Make the environments anew where another stage's world holds."""
        number = self.iteration if iteration is None else iteration
        blueprint = self.prepared.stage(number)
        if blueprint is not self._blueprint:
            self._blueprint = blueprint
            self._algorithm.update.replay.cut()
            if self._algorithm.has_remote:
                import ray

                self._reference = ray.put(blueprint)
                return
            seed = np.random.SeedSequence(self.prepared.job.seed, spawn_key=(STAGE_STREAM, number)).generate_state(1)[0]
            self._algorithm.runner.begin(blueprint, int(seed))


def _restored(runner: Any, worlds: dict[Any, Any], reference: Any) -> int:
    if runner.place:
        runner.enter(reference)
    if worlds.get(runner.place):
        runner.set_state(worlds[runner.place])
    return int(runner.place)


def _check(prepared: Prepared) -> None:
    """Raise ConfigError where a setting is not for an algorithm with a replay, or does not fit another or the machine."""
    job, training = prepared.job, prepared.job.training
    name, steps = job.agent.algorithm, training.num_envs * training.rollout_bars
    check_batch_sizes(name, training)
    if steps % training.update_every:
        raise ConfigError(f"training.update_every must divide the steps of an iteration, num_envs x rollout_bars = "
                          f"{training.num_envs} x {training.rollout_bars} = {steps}, was {training.update_every}")
    forecasts_of(prepared)
    if prepared.network.forecast and training.observation != "reference":
        raise ConfigError(f"agent.forecast with {name} needs training.observation reference, by which what it replays knows "
                          f"its row of the tape, was {training.observation}; set that")
    if training.observation == "reference" and prepared.train.table is None:
        raise ConfigError(f"training.observation reference needs a tape; {job.env.id} draws its own paths, use flat")
    if training.precision != "float32":
        raise ConfigError(f"training.precision {training.precision} is for PPO, {name} learns in float32, remove it")
    for key in ("entropy_coefficient", "clip"):
        if key in training.schedules:
            raise ConfigError(f"training.schedules.{key} is of PPO, {name} has no such setting; leave it out")
    check_memory(prepared)
