"""What happened while a rollout was sampled, and the onlooker that keeps the last observations of episodes that are cut."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...market.kernel import kernel
from ..tally import Sums

if TYPE_CHECKING:
    from ...envs.batch import TradingVectorEnv

__all__ = ["Cuts", "Sampled", "add_episodes"]


@kernel
def add_episodes(rewards: np.ndarray, ended: np.ndarray, running: np.ndarray, sums: np.ndarray) -> None:
    """Add the episodes that end in (T, B) to `sums`: how many, their rewards, their bars; `running` (2, B) goes on."""
    for b in range(rewards.shape[1]):
        for t in range(rewards.shape[0]):
            running[0, b] += rewards[t, b]
            running[1, b] += 1.0
            if ended[t, b]:
                sums[0] += 1.0
                sums[1] += running[0, b]
                sums[2] += running[1, b]
                running[0, b] = running[1, b] = 0.0


@dataclass(frozen=True)
class Sampled:
    """Sums of one rollout; those of several runners are added.

    Attributes:
        sums: Of the meter.
        episodes: How many ended, sum of their scaled rewards, of their bars, float64 (3,).
        seconds: That sampling took; of several runners the slowest.
    """

    sums: Sums
    episodes: np.ndarray
    seconds: float

    def __add__(self, other: "Sampled") -> "Sampled":
        return Sampled(self.sums + other.sums, self.episodes + other.episodes, max(self.seconds, other.seconds))

    def figures(self, reward_scale: float) -> dict[str, float]:
        """Return figures by TensorBoard tag; those of episodes are left out where none ended."""
        found = self.sums.figures()
        n_ended, total, bars = self.episodes.tolist()
        if n_ended:
            found |= {"train/episode_return": total / n_ended / reward_scale, "train/episode_bars": bars / n_ended}
        return found


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
