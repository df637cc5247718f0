"""Trading on hidden regimes: the filter, the best policy over beliefs, and the best one without memory."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ...market.errors import ConfigError

__all__ = ["POSITIONS", "HiddenRegime"]

POSITIONS = np.array([-1.0, 0.0, 1.0])  # short, flat, long


@dataclass(frozen=True)
class HiddenRegime:
    """A price that goes up or down by the same fraction each bar, up more often in one of two regimes that nobody sees.

    The regime is a Markov chain that starts from its stationary law, one half each. The first return is seen before the first
    decision. A decision moves the position from p to q, in units from (-1, 0, 1), keeps it for one bar of return r, and is paid
    q r - cost_rate |q - p|, in units of the price at the decision. The belief b, the probability of the rising regime in the last
    bar seen, is a sufficient statistic, so the best policy follows from dynamic programming over (bars left, p, b). Source: Astrom
    1965, J. Math. Anal. Appl. 10; Smallwood & Sondik 1973, Oper. Res. 21.

    Beliefs are on an even grid, values between nodes by straight lines. The value function is convex in b, so that overstates it:
    by less than 1e-5 of itself with the default grid and parameters (tests compare with the full tree of histories).

    Attributes:
        n_bars: Decisions of an episode.
        move: Size of every return, a fraction.
        up_probability: Of an upward move in the rising regime; in the falling one it is that of a downward move.
        stay: Probability that the next bar has the regime of the last.
        cost_rate: Fraction of the price paid for each unit traded.
        n_beliefs: Nodes of the grid.
    """

    n_bars: int = 128
    move: float = 0.01
    up_probability: float = 0.7
    stay: float = 0.98
    cost_rate: float = 0.005
    n_beliefs: int = 2_001

    def __post_init__(self) -> None:
        if self.n_bars < 1 or self.n_beliefs < 3 or not 0.0 < self.move < 1.0 or self.cost_rate < 0.0:
            raise ConfigError("hidden regimes need n_bars >= 1, n_beliefs >= 3, a move in (0, 1) and cost_rate >= 0, was "
                              f"{self.n_bars}, {self.n_beliefs}, {self.move} and {self.cost_rate}")
        if not (0.5 <= self.up_probability < 1.0 and 0.0 < self.stay < 1.0):
            raise ConfigError("hidden regimes need up_probability in [0.5, 1) and stay in (0, 1), was "
                              f"{self.up_probability} and {self.stay}")

    def predict(self, belief: ArrayLike) -> np.ndarray:
        """Return the probability that the next bar is of the rising regime, for a belief about the last."""
        belief = np.asarray(belief, np.float64)
        return np.asarray(belief * self.stay + (1.0 - belief) * (1.0 - self.stay))

    def chance_up(self, belief: ArrayLike) -> np.ndarray:
        """Return the probability that the next return is up."""
        rising = self.predict(belief)
        return np.asarray(rising * self.up_probability + (1.0 - rising) * (1.0 - self.up_probability))

    def update(self, rising: ArrayLike, up: ArrayLike) -> np.ndarray:
        """Return the belief after a return is seen, by Bayes' rule; `rising` is the probability before, as of `predict`."""
        rising, up = np.asarray(rising, np.float64), np.asarray(up, np.bool_)
        likely = np.where(up, self.up_probability, 1.0 - self.up_probability)
        joint = rising * likely
        return np.asarray(joint / (joint + (1.0 - rising) * (1.0 - likely)))

    def best_position(self, bars_left: ArrayLike, position: ArrayLike, belief: ArrayLike) -> np.ndarray:
        """Return the best position, float64 of -1, 0 or 1, for bars left (1 to N), the position held and the belief."""
        left, held, belief = np.broadcast_arrays(bars_left, position, belief)
        place = np.clip(belief, 0.0, 1.0) * (self.n_beliefs - 1)
        below = np.minimum(place.astype(np.int64), self.n_beliefs - 2)
        share = (place - below)[..., None]
        kept = self._kept[left[..., None], np.arange(3), below[..., None]] * (1.0 - share)
        kept = kept + self._kept[left[..., None], np.arange(3), below[..., None] + 1] * share
        worth = kept - self.cost_rate * np.abs(POSITIONS - held[..., None])
        return np.asarray(POSITIONS[np.argmax(worth, axis=-1)])

    @property
    def value(self) -> float:
        """Expected sum of rewards of the best policy that remembers, from a flat position."""
        beliefs = np.linspace(0.0, 1.0, self.n_beliefs)
        final = self._worth(self._kept[self.n_bars])[1]
        return float(0.5 * sum(np.interp(self.update(0.5, up), beliefs, final) for up in (False, True)))

    @cached_property
    def _kept(self) -> np.ndarray:
        """Value of keeping position i through the next bar, before the costs of reaching it: (N + 1, 3, beliefs)."""
        beliefs = np.linspace(0.0, 1.0, self.n_beliefs)
        chance, rising = self.chance_up(beliefs), self.predict(beliefs)
        after_up, after_down = self.update(rising, True), self.update(rising, False)
        kept = np.zeros((self.n_bars + 1, 3, self.n_beliefs))
        for left in range(1, self.n_bars + 1):
            worth = self._worth(kept[left - 1]) if left > 1 else np.zeros((3, self.n_beliefs))
            for i in range(3):
                kept[left, i] = POSITIONS[i] * self.move * (2.0 * chance - 1.0) + chance * np.interp(after_up, beliefs, worth[i])
                kept[left, i] += (1.0 - chance) * np.interp(after_down, beliefs, worth[i])
        return kept

    def _worth(self, kept: np.ndarray) -> np.ndarray:
        """Return the value (3, ...) of holding each position, for the values (3, ...) of keeping each."""
        costs = self.cost_rate * np.abs(POSITIONS[:, None] - POSITIONS[None, :])
        return np.asarray((kept[None] - costs[..., None]).max(axis=1))
