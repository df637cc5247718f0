"""What happened in the environments while they were sampled, summed up in arrays instead of lists of infos."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv

from ..encoders.regime import LABELS
from ..encoders.table import FeatureTable
from ..envs.batch import TradingVectorEnv
from ..evaluation.recorder import value_weights
from ..market.errors import IntegrityError
from ..market.kernel import compiled
from .tally import Sums, tally

__all__ = ["MeteredVectorEnv", "regime_of_rows"]


RUNNING = ("paid", "peak", "worst", "opened")


class MeteredVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """Passes a batch through, scales its rewards, and keeps sums of what the simulator recorded.

    It looks on as one of the batch's watchers, before a new episode begins in the step in which another ended; so it counts the
    same in every autoreset mode, and steps that only reset an environment do not count.

    Args:
        env: A batch.
        reward_scale: Factor on the rewards.
    """

    def __init__(self, env: TradingVectorEnv, reward_scale: float = 1.0) -> None:
        self.env, self.reward_scale = env, reward_scale
        self.num_envs, self.metadata = env.num_envs, env.metadata
        self.single_observation_space, self.observation_space = env.single_observation_space, env.observation_space
        self.single_action_space, self.action_space = env.single_action_space, env.action_space
        self.spec, self.render_mode = env.spec, env.render_mode
        self._onlooker = Onlooker(env)
        env.watchers.append(self._onlooker)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """See Gymnasium; running episodes are forgotten."""
        return self.env.reset(seed=seed, options=options)

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """See Gymnasium; rewards are scaled."""
        began = time.perf_counter()
        observation, reward, terminated, truncated, info = self.env.step(actions)
        self._onlooker.sums.seconds[0] += time.perf_counter() - began
        return observation, reward if self.reward_scale == 1.0 else reward * self.reward_scale, terminated, truncated, info

    def close(self, **options: Any) -> None:
        """Close the batch."""
        self.env.close(**options)
        self.closed = True

    def read(self) -> dict[str, float]:
        """Return the figures since the last call, by TensorBoard tag, and begin anew; tags without data are left out."""
        return self.take().figures()

    def take(self) -> Sums:
        """Return the sums since the last call and begin anew: those of several runners are added, and then read."""
        taken = self._onlooker.sums.copied()
        self._onlooker.sums.clear()
        return taken

    def distributions(self) -> dict[str, np.ndarray]:
        """Return a snapshot of the batch after the last step, for histograms.

        `actions`: those of the last step, int64 (E,) or float (E, n); left out before it. `weights`: value of each position over
        equity, signed, float64 (E, A).
        """
        simulator = self.env.simulator
        weights = value_weights(simulator.position, simulator.instruments["multiplier"], simulator.account["equity"])
        last = self._onlooker.actions
        return ({} if last is None else {"actions": np.array(last)}) | {"weights": weights}

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of the sums and of what is known of running episodes: arrays by name."""
        return self._onlooker.sums.state() | {name: getattr(self._onlooker, name).copy() for name in RUNNING}

    def snapshot(self) -> dict[str, Any]:
        """Return where environments and meter stand, for a checkpoint."""
        return {"environment": self.env.get_state(), "meter": self.state()}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on from what `snapshot` returned, to the bit; other entries are left alone."""
        self.env.set_state(snapshot["environment"])
        self.load(snapshot["meter"])

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from what `state` returned, to the bit, beside an environment that goes on from its own.

        Raises:
            IntegrityError: The state is of another environment; nothing was changed.
        """
        self._onlooker.load(state)


class Onlooker:
    """The meter's watcher: see `envs.watcher.Watcher`."""

    def __init__(self, env: TradingVectorEnv) -> None:
        n = env.num_envs
        labels = env.scheme.labels if env.scheme.discrete else ()
        self._regime = regime_of_rows(env.world.table)
        self.sums = Sums.zero(labels, LABELS if len(self._regime) else ())
        self.paid = np.zeros(n)  # rewards of the running episode
        self.peak = np.zeros(n)  # highest equity of the running episode
        self.worst = np.zeros(n)  # deepest drawdown of the running episode
        self.opened = np.full((n, env.tape.n_assets), -1, np.int64)  # row in which the open trade began
        self.actions: np.ndarray | None = None
        self._nobody, self._no_choices = np.zeros(n, np.bool_), np.zeros(n if labels else 0, np.int64)
        simulator, sums = env.simulator, self.sums
        self._kept = (
            simulator.instruments, simulator.account, simulator.position, simulator.record, simulator.refused, self._regime,
            self.paid, self.peak, self.worst, self.opened,
            sums.amounts, sums.counts, sums.refused, sums.actions, sums.regime_return, sums.regime_bars,
        )  # fmt: skip
        self._tally: Callable[..., None] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tally": None}  # what is compiled stays in its process

    def begin(self, envs: np.ndarray, env: TradingVectorEnv) -> None:
        """Forget the episodes that were running."""
        self.paid[envs] = self.peak[envs] = self.worst[envs] = 0.0
        self.opened[envs] = -1

    def note(self, env: TradingVectorEnv) -> None:
        """All is counted in `stepped`."""

    def observed(self, written: np.ndarray) -> None:
        """Observations are not counted."""

    def stepped(self, env: TradingVectorEnv, actions: np.ndarray, written: np.ndarray, rewards: np.ndarray,
                terminated: np.ndarray, truncated: np.ndarray, resetting: np.ndarray | None) -> None:  # fmt: skip
        """Count the bar, and the episodes that end with it."""
        self.actions = actions
        choices = self._no_choices
        if len(self.sums.labels):
            choices = actions if actions.dtype == np.int64 and actions.flags.c_contiguous else whole(actions)
        skipped = self._nobody if resetting is None else resetting
        if self._tally is None:
            like = (self._nobody, self._no_choices, np.empty(1), self._nobody, self._nobody, *self._kept)
            self._tally = compiled(tally, *like)
        self._tally(skipped, choices, rewards, terminated, truncated, *self._kept)

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from the state of another, whose shapes are checked first."""
        for name in RUNNING:
            own, given = getattr(self, name), state[name]
            if own.shape != given.shape:
                raise IntegrityError(f"meter: {name} must have the shape {own.shape}, was {given.shape}; "
                                     "the state is of another environment")
        self.sums.load(state)
        for name in RUNNING:
            getattr(self, name)[...] = state[name]


def whole(actions: np.ndarray) -> np.ndarray:
    """Return choices as int64; of those that only begin anew any value is let pass, also one that is no number."""
    with np.errstate(invalid="ignore"):
        return np.ascontiguousarray(actions, np.int64)


def regime_of_rows(table: FeatureTable) -> np.ndarray:
    """Return the most likely regime at each row as an index into `encoders.regime.LABELS`, int8 (T,).

    -1 while the encoder warms up; an array of no rows where the table has no regimes.
    """
    if not all(label in table.layout.names for label in LABELS):
        return np.zeros(0, np.int8)
    posteriors = np.stack([table.column(label) for label in LABELS], axis=1)
    return np.where(posteriors.any(axis=1), posteriors.argmax(axis=1), -1).astype(np.int8)
