"""`KnownAnswer`: what a world offers whose best policy is known."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...market.errors import ConfigError

__all__ = ["KnownAnswer"]


class KnownAnswer(ABC):
    """A world with a best policy, its value, and a reference to measure from.

    The score of a policy is (J(policy) - J(reference)) / (J(optimal) - J(reference)) in certainty equivalents, J the expected sum
    of rewards of one episode. Observations are flat, float32 (B, D) or (D,).

    Attributes:
        citation: Where the optimum comes from: authors, year, title or journal, equation.
        reference: What the reference does: cash, twap, fixed spread, no hedge.
    """

    citation: ClassVar[str]
    reference: ClassVar[str]

    @abstractmethod
    def optimal_action(self, observation: np.ndarray) -> np.ndarray:
        """Return the best actions, (B,) or (B, n), for flat observations (B, D); for one observation (D,) one action."""

    @abstractmethod
    def optimal_value(self) -> float:
        """Return the expected sum of rewards of one episode under the best policy.

        Raises:
            ConfigError: The world was given options for which this value does not hold.
        """

    @abstractmethod
    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return what the reference does, in the shape of `optimal_action`."""

    @abstractmethod
    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return actions near the best ones that are worth less: what tests hold against the optimum."""

    def certainty_equivalent(self, value: float) -> float:
        """Return the sure amount that is worth as much as J = `value`; the same where rewards are amounts already."""
        return value

    def require_own(self, asked: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        """Raise ConfigError where an option of `asked` differs from the world's `own`, for which alone the optimum holds.

        Limits and frictions that are drawn anew change any world.
        """
        settings = getattr(self, "settings", None)
        drawn = {name: getattr(settings, name, None) or None for name in ("limits", "randomise")}
        asked, own = {**asked, **drawn}, {**own, "limits": None, "randomise": None}
        for name, value in own.items():
            if asked[name] != value:
                world = getattr(self, "name", type(self).__name__)
                raise ConfigError(f"optimal_value of {world} holds for its own {name} alone, was {_short(asked[name])}; "
                                  f"leave {name} out")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else type(value).__name__ + "(...)"
