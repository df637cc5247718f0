"""A ring of transitions in arrays: rows of E environments each, the newest overwrite the oldest."""

from dataclasses import dataclass

import numpy as np

from ...market.errors import ConfigError, ShapeError
from .memory import available_bytes, readable
from .n_step import gather
from .steps import Steps

__all__ = ["Ring", "RingShape"]

FLAG_BYTES = 2  # terminated, truncated
REWARD_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class RingShape:
    """How much a ring holds of what.

    Attributes:
        capacity: Transitions at most; the ring holds as many whole rows as fit, `n_rows`.
        n_envs: Environments that step together.
        width: Numbers in an observation, whatever its form: 2 and the private ones where it refers to a row of the feature table,
            so that the market part is not stored with every transition.
        action_size: Dimensions of a continuous action; 0: actions are discrete.
    """

    capacity: int
    n_envs: int
    width: int
    action_size: int = 0

    @property
    def n_rows(self) -> int:
        """Rows of `n_envs` transitions."""
        return self.capacity // self.n_envs

    @property
    def bytes(self) -> int:
        """Memory of all arrays."""
        action = 4 * self.action_size if self.action_size else 8
        return self.n_rows * self.n_envs * (2 * 4 * self.width + action + REWARD_BYTES + FLAG_BYTES)

    def check(self, available: int | None = None, or_reference: bool = True) -> None:
        """Raise before anything is allocated.

        Args:
            available: Bytes of free memory; None: what the machine says.
            or_reference: Whether the message proposes `training.observation: reference` as well.

        Raises:
            ConfigError: Less than one row fits into the capacity, or the ring does not fit into memory.
        """
        if self.n_rows < 1:
            raise ConfigError(f"training.replay_capacity must hold a transition of each of training.num_envs = {self.n_envs} "
                              f"environments, was {self.capacity}")
        free = available_bytes() if available is None else available
        if self.bytes > free:
            fits = self.capacity * free // self.bytes
            other = ", or training.observation to reference, which stores a row's number instead of a window of the market"
            raise ConfigError(
                f"no memory for the replay: {self.n_rows * self.n_envs:,} transitions with observations of {self.width:,} numbers "
                f"need {readable(self.bytes)}, {readable(free)} are available; set training.replay_capacity to {fits:,} or less"
                f"{other if or_reference else ''}"
            )


class Ring:
    """The arrays. A transition's slot is row x n_envs + environment.

    Attributes:
        shape: What it holds.
        written: Rows that were ever appended; row r of these stands in row r % n_rows while it is among the last n_rows.
        n_missing: Transitions in it that were not played.
    """

    def __init__(self, shape: RingShape) -> None:
        shape.check()
        self.shape, self.written = shape, 0
        rows, n_envs = shape.n_rows, shape.n_envs
        self.obs = np.empty((rows, n_envs, shape.width), np.float32)
        self.next_obs = np.empty((rows, n_envs, shape.width), np.float32)
        size, kind = (shape.action_size, np.float32) if shape.action_size else (1, np.int64)
        self.actions: np.ndarray = np.empty((rows, n_envs, size), kind)
        self.rewards = np.zeros((rows, n_envs), np.float32)
        self.n_missing = 0
        self.terminated = np.empty((rows, n_envs), np.bool_)
        self.truncated = np.empty((rows, n_envs), np.bool_)

    def __len__(self) -> int:
        """Return how many transitions can be drawn."""
        return self.n_slots - self.n_missing

    @property
    def n_slots(self) -> int:
        """Transitions in it, those included that were not played."""
        return min(self.written, self.shape.n_rows) * self.shape.n_envs

    @property
    def oldest(self) -> int:
        """Number, counted from the first ever appended, of the oldest row that is still held."""
        return max(0, self.written - self.shape.n_rows)

    def append(self, steps: Steps) -> np.ndarray:
        """Append rows, oldest first; of more than fit, the last. Return the slots that they took, int64 (n,).

        Raises:
            ShapeError: An array has another shape or dtype.
        """
        self._check(steps)
        surplus = max(0, steps.n_rows - self.shape.n_rows)
        rows = np.arange(self.written + surplus, self.written + steps.n_rows) % self.shape.n_rows
        self.n_missing += int(np.isnan(steps.rewards[surplus:]).sum()) - int(np.isnan(self.rewards[rows]).sum())
        for name, array in self.arrays().items():
            given = getattr(steps, name)[surplus:]
            array[rows] = given.reshape(len(rows), *array.shape[1:])
        self.written += steps.n_rows
        n_envs = self.shape.n_envs
        return (rows[:, None] * n_envs + np.arange(n_envs)).ravel()

    def cut(self, row: int, first: int, stop: int) -> None:
        """Let no return of environments `first` to `stop` reach beyond `row`: what comes next there belongs to other episodes."""
        place = row % self.shape.n_rows
        self.truncated[place, first:stop] |= ~self.terminated[place, first:stop]

    def missing(self, slots: np.ndarray) -> np.ndarray:
        """Return which of the slots (B,) hold nothing that was played, bool (B,)."""
        missing: np.ndarray = np.isnan(self.rewards.reshape(-1)[slots])
        return missing

    @property
    def newest(self) -> int:
        """Place of the newest row."""
        return (self.written - 1) % self.shape.n_rows

    def read(self, slots: np.ndarray, n: int, gamma: float) -> tuple[np.ndarray, ...]:
        """Return transitions over at most `n` steps from `slots` on, in the order of `Batch`, up to `terminated`.

        The newest rows, behind which fewer than n steps have been played, are worth what was earned until then and the value of
        what was reached, as if the episode had been cut off.
        """
        size, width = len(slots), self.shape.width
        obs, next_obs = np.empty((size, width), np.float32), np.empty((size, width), np.float32)
        actions = np.empty((size, self.actions.shape[2]), self.actions.dtype)
        rewards, discounts, ended = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.bool_)
        gather(slots, n, gamma, self.newest, self.obs, self.actions, self.rewards, self.terminated, self.truncated, self.next_obs,
               obs, actions, rewards, discounts, next_obs, ended)
        return obs, actions if self.shape.action_size else actions[:, 0], rewards, discounts, next_obs, ended

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays themselves, by their names in `Steps`."""
        return {name: getattr(self, name) for name in Steps._fields}

    def _check(self, steps: Steps) -> None:
        head = (steps.n_rows, self.shape.n_envs)
        wide = (*head, self.shape.width)
        action = (*head, self.shape.action_size) if self.shape.action_size else head
        wanted = {"obs": wide, "actions": action, "rewards": head, "terminated": head, "truncated": head, "next_obs": wide}
        for name, shape in wanted.items():
            given, kind = getattr(steps, name), getattr(self, name).dtype
            if given.shape != shape or given.dtype != kind:
                raise ShapeError(f"replay: {name} must be {kind} of shape {shape}, was {given.dtype} {given.shape}")
