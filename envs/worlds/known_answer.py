"""`KnownAnswer`: what a world offers whose best policy is known."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from ...market.errors import ConfigError

__all__ = ["KnownAnswer", "fill", "require_numbers"]

LOT, LEAST_UNITS, MOST_UNITS = 1e-6, 1e-3, 1e9  # of a position: below the second lots tell; above the last a bar has no more
DEVIATIONS = 4.0


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

    def reference_value(self) -> float | None:
        """Return the expected sum of rewards of one episode of the reference; None: not known. Raises as `optimal_value`."""
        return None

    @abstractmethod
    def reference_action(self, observation: np.ndarray) -> np.ndarray:
        """Return what the reference does, in the shape of `optimal_action`."""

    @abstractmethod
    def perturbed_action(self, observation: np.ndarray) -> np.ndarray:
        """Return actions near the best ones that are worth less: what tests hold against the optimum."""

    def certainty_equivalent(self, value: float) -> float:
        """Return the sure amount that is worth as much as J = `value`; the same where rewards are amounts already."""
        return value

    def require_units(self, units: float, n_bars: int, drift: float = 0.0, deviation: float = 0.0) -> None:
        """Raise ConfigError where a position could be too small for its lots, or too large for the market, for the optimum to hold.

        Args:
            units: Of the position at the start of an episode; 0 is not asked about.
            n_bars: Decisions.
            drift: By how much its logarithm moves in a bar, on average.
            deviation: Standard deviation of that.
        """
        if units == 0.0:
            return
        reach = DEVIATIONS * deviation * math.sqrt(n_bars)
        start = math.log(abs(units))
        least, most = start + min(drift * n_bars, 0.0) - reach, start + max(drift * n_bars, 0.0) + reach
        if start < math.log(LEAST_UNITS) or least < math.log(LOT) or most > math.log(MOST_UNITS):
            low, high = (math.floor(one / math.log(10.0)) for one in (least, most))
            world = getattr(self, "name", type(self).__name__)
            raise ConfigError(f"optimal_value of {world} holds for positions that begin at {LEAST_UNITS:g} units or more and stay "
                              f"within {LOT:g} and {MOST_UNITS:g}; from {abs(units):g}, {n_bars} bars can lead to 1e{low} and to "
                              f"1e{high}; change cash or choose fewer episode_bars")

    def require_own(self, asked: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        """Raise ConfigError where an option of `asked` differs from the world's `own`, for which alone the optimum holds.

        Limits and frictions that are drawn anew change any world, and so do paths of a tape that was given.
        """
        settings = getattr(self, "settings", None)
        drawn = {name: getattr(settings, name, None) or None for name in ("limits", "randomise")}
        asked, own = {**asked, **drawn}, {**own, "limits": None, "randomise": None}
        if not getattr(self, "draws", True):
            asked, own = {"paths": "given", **asked}, {"paths": "drawn", **own}
        for name, value in own.items():
            if asked[name] != value:
                world = getattr(self, "name", type(self).__name__)
                raise ConfigError(f"optimal_value of {world} holds for its own {name} alone, was {_short(asked[name])}; "
                                  f"leave {name} out")


def fill(settings: dict[str, Any], **own: Any) -> dict[str, None]:
    """Put those of `own` into `settings` that these leave out; return them as None, so that a rebuild makes them anew."""
    left = [name for name in own if settings.get(name) is None]
    settings |= {name: own[name] for name in left}
    return dict.fromkeys(left)


def require_numbers(world: str, given: Mapping[str, Any]) -> None:
    """Raise ConfigError where an option of a world is neither None nor a finite number."""
    for name, value in given.items():
        number = isinstance(value, Real) and not isinstance(value, bool)
        if value is not None and not (number and math.isfinite(value)):
            raise ConfigError(f"{name} of {world} must be a finite number, was {value!r}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else type(value).__name__ + "(...)"
