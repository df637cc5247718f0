"""`Watcher`: what looks on while a batch plays, such as pictures and recordings."""

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from .batch import TradingVectorEnv

__all__ = ["Watcher"]


class Watcher(Protocol):
    """Looks on; put it into `env.watchers`. A batch without any pays nothing. It must not write into what it is shown."""

    def begin(self, envs: np.ndarray, env: "TradingVectorEnv") -> None:
        """Episodes begin in the sub-environments of the mask `envs` (E,); their accounts are open."""

    def note(self, env: "TradingVectorEnv") -> None:
        """A bar was played: `env.simulator` holds its record and fills, no episode has begun anew yet."""

    def observed(self, written: np.ndarray) -> None:
        """A reset, or a step in which episodes began anew, returns these observations, (E, width) as `View` writes them.

        They are the caller's from then on, who may write into them: copy what must last.
        """

    def stepped(self, env: "TradingVectorEnv", actions: np.ndarray, written: np.ndarray, rewards: np.ndarray,
                terminated: np.ndarray, truncated: np.ndarray, resetting: np.ndarray | None) -> None:  # fmt: skip
        """A step ends.

        `written` are the true last observations of episodes that end; where new ones begin in the same step, the array is filled
        with their first observations afterwards, which `observed` shows. `resetting` are those that were begun instead of being
        stepped (next step mode).
        """
