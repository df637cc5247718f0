"""What happened while a rollout was sampled, and the onlooker that keeps the last observations of episodes that are cut."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..tally import Sums

if TYPE_CHECKING:
    from ...envs.batch import TradingVectorEnv

__all__ = ["Cuts", "Sampled"]


@dataclass(frozen=True)
class Sampled:
    """Sums of one rollout; those of several runners are added.

    Attributes:
        sums: Of the meter, in units of the reward itself.
        seconds: That sampling took; of several runners the slowest.
    """

    sums: Sums
    seconds: float

    def __add__(self, other: "Sampled") -> "Sampled":
        return Sampled(self.sums + other.sums, max(self.seconds, other.seconds))


class Cuts:
    """Watches a batch (`env.watchers`) for episodes that are truncated.

    Attributes:
        at: Of each step that cut some, the step and the sub-environments, int64 (2, n).
        obs: What these saw last, float32 (n, D).
    """

    def __init__(self) -> None:
        self.at: list[np.ndarray] = []
        self.obs: list[np.ndarray] = []
        self.step = 0

    def clear(self) -> None:
        """Begin a rollout."""
        self.at, self.obs, self.step = [], [], 0

    def begin(self, envs: np.ndarray, env: "TradingVectorEnv") -> None:
        """See `Watcher`."""

    def note(self, env: "TradingVectorEnv") -> None:
        """See `Watcher`."""

    def observed(self, written: np.ndarray) -> None:
        """See `Watcher`."""

    def stepped(self, env: "TradingVectorEnv", actions: np.ndarray, written: np.ndarray, rewards: np.ndarray,
                terminated: np.ndarray, truncated: np.ndarray, resetting: np.ndarray | None) -> None:  # fmt: skip
        """See `Watcher`."""
        cut = np.flatnonzero(truncated)
        if len(cut):
            self.at.append(np.stack([np.full(len(cut), self.step), cut]))
            self.obs.append(written[cut])
        self.step += 1
