"""The growth-optimal fraction of a binomial market.

Source: Kelly 1956, A New Interpretation of Information Rate, Bell System Technical Journal 35, pp. 917-926 (the channel of two
equal symbols); with a move m in place of the whole stake: Thorp 2006, The Kelly Criterion in Blackjack, Sports Betting and the
Stock Market, Handbook of Asset and Liability Management 1, section 2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...market.errors import ConfigError

__all__ = ["BinomialMarket"]


@dataclass(frozen=True, kw_only=True)
class BinomialMarket:
    """An asset that gains or loses the same fraction of its price in each bar, independently.

    Attributes:
        move: m, simple return of a bar that goes up; -m of one that goes down; in (0, 1).
        up_probability: p, of a bar that goes up; in (0, 1).

    Raises:
        ConfigError: A number is out of its range.
    """

    move: float = 0.1
    up_probability: float = 0.6

    def __post_init__(self) -> None:
        for name in ("move", "up_probability"):
            value = getattr(self, name)
            if not 0.0 < value < 1.0:
                raise ConfigError(f"{name} of a binomial market must lie in (0, 1), was {value}")

    @property
    def sharpe(self) -> float:
        """Mean of a bar's return over its standard deviation."""
        edge = 2.0 * self.up_probability - 1.0
        return edge / math.sqrt(1.0 - edge * edge)

    @property
    def best_fraction(self) -> float:
        """f* = (p - q) / m, the part of equity in the asset that grows fastest; negative where the odds are against it."""
        return (2.0 * self.up_probability - 1.0) / self.move

    @property
    def best_growth(self) -> float:
        """Expected log growth a bar of `best_fraction`: ln 2 + p ln p + q ln q, whatever the move (Kelly's rate, in nats)."""
        p, q = self.up_probability, 1.0 - self.up_probability
        return math.log(2.0) + p * math.log(p) + q * math.log(q)

    def growth(self, fraction: np.ndarray | float) -> np.ndarray:
        """Return E ln(1 + f r) a bar, nats, of fractions of any shape; -inf where a bar may take everything."""
        fractions = np.asarray(fraction, np.float64)
        p, gain = self.up_probability, fractions * self.move
        alive = np.abs(gain) < 1.0
        safe = np.where(alive, gain, 0.0)
        return np.where(alive, p * np.log1p(safe) + (1.0 - p) * np.log1p(-safe), -np.inf)

    def best_level(self, levels: Sequence[float]) -> int:
        """Return the index of the level (a fraction of equity) that grows fastest; the first of several equal ones.

        Raises:
            ConfigError: There is no level.
        """
        if not len(levels):
            raise ConfigError("best_level needs at least one level, got none")
        return int(np.argmax(self.growth(np.asarray(levels, np.float64))))

    def clipped(self, largest: float) -> float:
        """Return the best fraction inside [-largest, largest]: growth is concave, so it is the nearest one."""
        return min(max(self.best_fraction, -largest), largest)
