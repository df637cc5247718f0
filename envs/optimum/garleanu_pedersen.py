"""Trading a signal that reverts to its mean, with quadratic costs and quadratic fear of risk: linear-quadratic, so exact.

Source: Garleanu & Pedersen 2013, Dynamic Trading with Predictable Returns and Transaction Costs, Journal of Finance 68(6),
pp. 2309-2340, propositions 1 and 2; here with one asset, a finite number of bars and no discounting.
"""

import math
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from ...market.errors import ConfigError

__all__ = ["SignalMarket"]


@dataclass(frozen=True, kw_only=True)
class SignalMarket:
    """One asset whose return is r = x + noise, where x' = persistence x + innovation is known at each decision.

    A decision changes the position from n- to n units; it pays n r - (gamma / 2) sigma^2 n^2 - (lambda / 2) (n - n-)^2, in units
    of price. Nothing is owed for what is held at the end.

    Attributes:
        persistence: phi of the signal, in [0, 1).
        signal: Standard deviation of x when it is stationary, as a fraction of price.
        noise: sigma, standard deviation of the noise, as a fraction of price.
        risk_aversion: gamma, per unit and fraction of price; positive.
        cost: lambda, price given up for a change of the position by one unit is lambda / 2; not negative.

    Raises:
        ConfigError: A number is out of its range.
    """

    persistence: float = 0.9
    signal: float = 0.02
    noise: float = 0.1
    risk_aversion: float = 1.0
    cost: float = 0.05

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value >= 0.0):
                raise ConfigError(f"{field.name} of a signal market must be finite and not negative, was {value}")
        if not self.persistence < 1.0:
            raise ConfigError(f"persistence of a signal market must lie in [0, 1), was {self.persistence}")
        if not self.fear > 0.0:
            raise ConfigError(f"risk_aversion and noise of a signal market must be positive, were {self.risk_aversion} and "
                              f"{self.noise}")

    @property
    def fear(self) -> float:
        """gamma sigma^2, what a unit of position costs at the margin for its risk."""
        return self.risk_aversion * self.noise**2

    @property
    def innovation(self) -> float:
        """Standard deviation of a bar's innovation of the signal."""
        return self.signal * math.sqrt(1.0 - self.persistence**2)

    @cached_property
    def trading_rate(self) -> float:
        """a / lambda: the part of the way to the aim that is traded in a bar when the end is far (their proposition 2).

        With risk and cost counted per unit, a = (-gamma + sqrt(gamma^2 + 4 gamma lambda)) / 2 where nothing is discounted.
        """
        if self.cost == 0.0:
            return 1.0
        return 0.5 * (-self.fear + math.sqrt(self.fear**2 + 4.0 * self.fear * self.cost)) / self.cost

    @cached_property
    def aim(self) -> float:
        """Aim portfolio over the signal when the end is far: (1 / (gamma sigma^2)) / (1 + (1 - phi) a / gamma)."""
        slow = (1.0 - self.persistence) * self.trading_rate * self.cost / self.fear
        return 1.0 / (self.fear * (1.0 + slow))

    def plan(self, bars: int) -> "SignalPlan":
        """Return the best policy of an episode of `bars` decisions, by the backward Riccati recursion."""
        return SignalPlan(self, bars)

    def myopic(self) -> float:
        """Return the expected reward a bar of holding x / (gamma sigma^2) where trading costs nothing: s^2 / (2 gamma sigma^2)."""
        return 0.5 * self.signal**2 / self.fear


class SignalPlan:
    """The best policy of a finite episode: n = keep[k] n- + follow[k] x with k bars left, this one included.

    The value before a decision with k bars left is -A n-^2 / 2 + B n- x + C x^2 / 2 + D; the next one's A, B, C, D give this one's.

    Attributes:
        market: What is traded.
        bars: N, decisions in the episode.
        keep: Weight of what is held, float64 (N + 1,); entry 0 is unused.
        follow: Units per unit of signal, float64 (N + 1,).
    """

    def __init__(self, market: SignalMarket, bars: int) -> None:
        """Solve; ConfigError where `bars` is not 1 or more."""
        if bars < 1:
            raise ConfigError(f"bars of a plan must be 1 or more, was {bars}")
        self.market, self.bars = market, bars
        self.keep, self.follow = np.zeros(bars + 1), np.zeros(bars + 1)
        self._values = np.zeros((bars + 1, 4))
        phi, innovation = market.persistence, market.innovation
        for k in range(1, bars + 1):
            a, b, c, d = self._values[k - 1]
            bend = market.fear + market.cost + a
            drive = 1.0 + phi * b
            self.keep[k], self.follow[k] = market.cost / bend, drive / bend
            self._values[k] = (
                market.cost - market.cost**2 / bend,
                market.cost * drive / bend,
                drive**2 / bend + phi**2 * c,
                d + 0.5 * c * innovation**2,
            )

    def position(self, held: np.ndarray, signal: np.ndarray, bars_left: np.ndarray | int) -> np.ndarray:
        """Return the best position in units, for units held, signals and bars left (this one included) of one shape."""
        left = np.clip(bars_left, 1, self.bars)
        return np.asarray(self.keep[left] * held + self.follow[left] * signal)

    def value(self, held: float = 0.0, signal: float | None = None, bars_left: int | None = None) -> float:
        """Return the expected sum of rewards from here on; without a signal x is drawn from its stationary distribution."""
        a, b, c, d = self._values[self.bars if bars_left is None else bars_left]
        if signal is None:
            return float(-0.5 * a * held**2 + 0.5 * c * self.market.signal**2 + d)
        return float(-0.5 * a * held**2 + b * held * signal + 0.5 * c * signal**2 + d)

    def value_of(self, keep: float, follow: float) -> float:
        """Return the expected sum of rewards of n = keep n- + follow x in every bar, from n- = 0 and a stationary signal."""
        market = self.market
        phi, variance = market.persistence, market.signal**2
        square, cross, total = 0.0, 0.0, 0.0  # E n-^2 and E n- x before the decision
        for _ in range(self.bars):
            both = keep * cross + follow * variance  # E n x
            after = keep**2 * square + 2.0 * keep * follow * cross + follow**2 * variance
            moved = after - 2.0 * (keep * square + follow * cross) + square
            total += both - 0.5 * market.fear * after - 0.5 * market.cost * moved
            square, cross = after, phi * both
        return total
