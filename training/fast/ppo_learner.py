"""Our PPO behind the protocol of learners."""

import math
import pickle
import random
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch

from ...agents.network_policy import NetworkPolicy
from ...configs.job import Job
from ...market.errors import IntegrityError
from ..environment import make_for_rllib
from ..inheritance import check_heir
from ..learned import check_finite, copied_weights, policy_of
from ..learner_file import save_tensors
from ..preparation import Prepared
from ..quiet_log import quiet_logger
from ..randomness import isolated_randomness
from ..ray_session import check_processors, ray_session
from ..warm_start import warm_start
from .support import check_support

__all__ = ["FastPPOLearner"]

ENV_NAME = "quantgym"
LEARNER_FILE, RUNNERS_FILE = "learner.pt", "runners.pickle"


class FastPPOLearner:
    """Ray, the algorithm and the worlds of a prepared job, up inside a `with` block and down after it.

    Raises:
        ConfigError: Settings do not fit each other, the world or the machine.
    """

    def __init__(self, prepared: Prepared) -> None:
        check_support(prepared)
        self.prepared = prepared
        self.steps = 0
        self.iteration = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        job = self.prepared.job
        with ExitStack() as stack:
            stack.enter_context(ray_session(max(2, job.training.runners)))
            stack.enter_context(isolated_randomness(job.seed, job.training.threads))
            import ray
            from ray.tune.registry import register_env

            from .config import ppo_config

            check_processors(job.training.runners)
            register_env(ENV_NAME, make_for_rllib)
            self._world = self.prepared.stage(0)
            config = ppo_config(self.prepared, ENV_NAME, ray.put(self._world))
            self._algorithm: Any = config.build_algo()
            stack.callback(self._algorithm.stop)
            warm_start(self._algorithm.rule.network, self.prepared)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def iterate(self) -> dict[str, float]:
        """Sample and learn for one iteration; return its figures by TensorBoard tag.

        Raises:
            NotFiniteError: The loss or a weight is NaN or infinite.
            RunnersDeadError: No environment runner answers.
        """
        began, algorithm = time.perf_counter(), self._algorithm
        self._move_to(self.prepared.stage(self.iteration))
        algorithm.job_iteration, algorithm.values = self.iteration, self.prepared.at(self.iteration)
        algorithm.train()
        self.iteration += 1
        self.steps += algorithm.n_steps
        figures: dict[str, float] = algorithm.figures
        check_finite(self._algorithm.rule.network, {"the loss": figures["learn/total_loss"]}, self.iteration, self.steps)
        figures["speed/steps_per_s"] = algorithm.n_steps / (time.perf_counter() - began)
        return {tag: value for tag, value in figures.items() if math.isfinite(value)}

    def policy(self) -> NetworkPolicy:
        """Return a copy of what has been learned so far, free of Ray."""
        return policy_of(self.prepared, self.weights())

    def distributions(self) -> dict[str, np.ndarray]:
        """Return what the last step of the environments shows, by name: see `MeteredVectorEnv.distributions`."""
        found = self._algorithm.each_runner(lambda runner: runner.sampler.meter.distributions())
        names = dict.fromkeys(name for one in found for name in one)  # one that was just restarted has not all of them
        return {name: np.concatenate([one[name] for one in found if name in one]) for name in names}

    def weights(self) -> dict[str, torch.Tensor]:
        """Return copies of the network's weights by name."""
        return copied_weights(self._algorithm.rule.network)

    def save(self, folder: Path) -> None:
        """Write `learner.pt` (weights, optimiser, permutations, coefficient, counters) and `runners.pickle` (where they stand).

        Raises:
            OSError: It cannot be written.
        """
        learner = self._algorithm.rule.state() | {"steps": self.steps, "iteration": self.iteration, "torch": torch.get_rng_state()}
        save_tensors(learner, folder / LEARNER_FILE)
        found = self._algorithm.each_runner(lambda runner: (runner.place, runner.snapshot()))
        snapshots = {place: state for place, state in found if state}
        globals_ = {"python": random.getstate(), "numpy": np.random.get_state()}  # noqa: NPY002 - RLlib draws from them
        with (folder / RUNNERS_FILE).open("wb") as file:
            pickle.dump({"job": self.prepared.job.digest, "runners": snapshots, "random": globals_}, file)

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote, before the first iteration: with one environment runner to the bit.

        A runner that was dead when it was saved has no state there: it begins new episodes, with random numbers of its own.

        Raises:
            IntegrityError: A file is missing or unreadable, or it is of another job.
        """
        self._go_on(folder, self.prepared.job)

    def take_over(self, folder: Path, job: Job) -> None:
        """Go on from the checkpoint of another job; see `Heir.take_over`."""
        check_heir(self.prepared.job, job)
        self._go_on(folder, job)

    def _go_on(self, folder: Path, job: Job) -> None:
        """Restore a checkpoint that must be of `job`."""
        try:
            learner = torch.load(folder / LEARNER_FILE, map_location="cpu", weights_only=True)
            with (folder / RUNNERS_FILE).open("rb") as file:
                kept = pickle.load(file)  # a checkpoint of one's own run; bundles hold no pickles
        except (OSError, EOFError, pickle.UnpicklingError, RuntimeError, LookupError, ValueError) as error:
            raise IntegrityError(f"{folder}: the checkpoint cannot be read ({error})") from None
        if kept["job"] != job.digest:
            raise IntegrityError(f"{folder}: the checkpoint is of another job (digest {kept['job'][:12]})")
        self._algorithm.rule.load(learner)
        self.steps, self.iteration = learner["steps"], learner["iteration"]
        self._move_to(self.prepared.stage(max(0, self.iteration - 1)))
        snapshots = kept["runners"]
        if isinstance(snapshots, list):  # as earlier checkpoints have them
            snapshots = dict(enumerate(snapshots, 1 if self.prepared.job.training.runners else 0))
        places = self._algorithm.each_runner(lambda runner: _restore(runner, snapshots))
        if missing := sorted(place for place in places if place not in snapshots):
            quiet_logger("quantgym.training").warning(
                "the checkpoint has no state of some environment runners, which begin new episodes", runners=missing,
                restored=sorted(set(places) - set(missing)),
            )  # fmt: skip
        torch.set_rng_state(learner["torch"])
        random.setstate(kept["random"]["python"])
        np.random.set_state(kept["random"]["numpy"])  # noqa: NPY002

    def _move_to(self, world: Any) -> None:
        """Make the environments anew where the stage is another, those of runners that are restarted later too."""
        if world is self._world:
            return
        import ray

        self._world = world
        place = self._algorithm.world = ray.put(world)
        self._algorithm.each_runner(lambda runner: runner.enter(place))


def _restore(runner: Any, snapshots: dict[int, Any]) -> int:
    if runner.place in snapshots:
        runner.restore(snapshots[runner.place])
    return int(runner.place)
